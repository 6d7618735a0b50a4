/** The program that opens the README is the one in examples/quickstart, and it runs. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const program = readFileSync(new URL("examples/quickstart/main.ts", root), "utf8");

test("the README's first program is examples/quickstart/main.ts, to the letter", () => {
  const [, fence] = /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL("README.md", root), "utf8")) ?? [];
  expect(fence).toBe(program);
});

test("it prints what the README says it prints", () => {
  const run = spawnSync(process.execPath, ["main.ts"], { cwd: fileURLToPath(new URL("examples/quickstart/", root)), encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.stdout.trim()).toBe("[ { title: 'Milk' } ]");
});
