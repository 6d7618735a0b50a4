/** The core in a browser's bundle: nothing of Node's in it, and about as large as docs/drivers.md says. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readText, repositoryRoot } from "./support/workspace.ts";

test("the core bundles for browsers without a module of Node's, in the sizes that docs/drivers.md gives", () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["scripts/size.js"], { cwd: repositoryRoot, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);

  const kibOf = (text: string): readonly number[] => [...text.matchAll(/ (\d+) KiB/g)].map(([, kib]) => Number(kib));
  const [, documented = ""] = /## Size in a browser[\s\S]*?```text\n([\s\S]*?)```/.exec(readText("docs/drivers.md")) ?? [];
  const [measured, said] = [kibOf(stdout), kibOf(documented)];
  expect(measured.length).toBe(said.length);
  for (const [index, kib] of measured.entries()) expect(Math.abs(kib - (said[index] ?? 0))).toBeLessThanOrEqual(Math.max(3, kib * 0.15));
});
