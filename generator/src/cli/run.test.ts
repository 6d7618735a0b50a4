import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineEmitter } from "@synckit-gen/schemas/model";
import type { OutputFile } from "@synckit-gen/schemas/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "./run.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "synckit-run-"));
  writeFileSync(join(home, "synckit.yaml"), "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text }\n");
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

async function runWith(args: readonly string[], emit: () => readonly OutputFile[]) {
  let out = "";
  let err = "";
  const code = await run(args, {
    cwd: home,
    env: {},
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    loadEmitters: () => Promise.resolve([defineEmitter({ name: "planted", summary: "", emit })]),
    onInterrupt: () => {},
  });
  return { code, out, err };
}

const fail = (): never => {
  throw new Error("order: a cycle survived");
};

test("a bug of ours exits 70, asks for a report, shows no stack and writes nothing", async () => {
  const ran = await runWith(["generate"], fail);

  expect(ran).toMatchObject({ code: 70, out: "" });
  expect(ran.err).toContain("This is a bug in synckit-gen 0.1.0, not in your schema: order: a cycle survived\n");
  expect(ran.err).toContain("Please report it");
  expect(ran.err).not.toMatch(/^ {4}at /mu);
  expect(readdirSync(home)).toEqual(["synckit.yaml"]);
});

test("the stack of a bug is there for those who ask", async () => {
  expect((await runWith(["generate", "--verbose"], fail)).err).toMatch(/^ {4}at /mu);
});

test.each([
  ["leads out of the folder", { path: "../a.ts", text: "\n" }],
  ["is the generator's own", { path: "synckit.lock.json", text: "\n" }],
  ["has CRLF line ends", { path: "a.ts", text: "a\r\n" }],
  ["ends without a newline", { path: "a.ts", text: "a" }],
])("an emitter whose file %s is a bug of ours", async (_what, file) => {
  expect((await runWith(["generate"], () => [{ ...file, ownership: "generated" }])).code).toBe(70);
});

test("two files of one path, case aside, are a bug of ours", async () => {
  const files = ["a.ts", "A.ts"].map((path): OutputFile => ({ path, text: "\n", ownership: "generated" }));

  expect((await runWith(["generate"], () => files)).code).toBe(70);
});
