import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ProjectOutcome } from "../project/run-project.ts";
import { watchProject } from "./watch-project.ts";

/** Watches a file; `next` is the text that the next run reads. */
async function watching(text: string) {
  const folder = mkdtempSync(join(tmpdir(), "synckit-watch-"));
  const schema = join(folder, "synckit.yaml");
  writeFileSync(schema, text);
  const read: string[] = [];
  let tell = (): void => {};
  const watch = await watchProject({
    run: () => {
      read.push(readFileSync(schema, "utf8"));
      return Promise.resolve({ inputs: [schema] } as unknown as ProjectOutcome);
    },
    schema,
    onOutcome: () => tell(),
    onBug: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(async () => {
    await watch.close();
    rmSync(folder, { recursive: true });
  });
  const next = async (): Promise<string | undefined> => {
    if (read.length === 0) await new Promise<void>((resolve) => (tell = resolve));
    return read.shift();
  };
  return { put: (now: string) => writeFileSync(schema, now), next };
}

test("a schema that is emptied and filled a moment later is read once, filled", async () => {
  const { put, next } = await watching("old");
  expect(await next()).toBe("old");

  put("");
  setTimeout(() => put("new"), 100); // five times the quiet before a run, a fifth of the patience with an empty file

  expect(await next()).toBe("new");
});

test("a schema that stays empty is read", async () => {
  const { put, next } = await watching("old");
  expect(await next()).toBe("old");

  put("");

  expect(await next()).toBe("");
});
