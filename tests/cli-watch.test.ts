/** `generate --watch` with real files: each test waits for the line that a run prints. */
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome, VALID, WRONG } from "./support/cli-home.ts";
import { schemaFaults } from "./support/json-schema.ts";
import { readText } from "./support/workspace.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
  home.put("app/synckit.yaml", VALID);
});
afterEach(() => {
  home.dispose();
});

const NULLABLE = VALID.replace("title: text", "title: text?");
const AS_INTEGER = VALID.replace("title: text", "title: { type: text, nullable: true, default: 0 }");
const watching = (...more: readonly string[]) => home.start(["generate", "app/synckit.yaml", "--watch", ...more]);
const tables = (): string => home.read("app/src/sync/tables.ts");

test("generates at once and again after each edit, one line for each run", async () => {
  const watch = watching();

  expect(await watch.line()).toMatch(/^app\/src\/sync: \d+ files written, 0 unchanged, 0 removed\. \d+ ms\.$/u);
  home.put("app/synckit.yaml", NULLABLE);
  expect(await watch.line()).toMatch(/^app\/src\/sync: \d+ files written, \d+ unchanged, \d+ removed\. \d+ ms\.$/u);
  expect(tables()).toContain("title: string | null;");
  home.put("app/synckit.yaml", VALID);
  expect(await watch.line()).toContain("app/src/sync: ");
  expect(tables()).toContain("title: string;");
});

test("keeps the last good output while the schema is broken, and goes on when it is not", async () => {
  const watch = watching();
  await watch.line();
  const before = home.snapshot().filter(([path]) => path.includes("src/sync"));

  home.put("app/synckit.yaml", WRONG);

  expect(await watch.line()).toBe("app/synckit.yaml: 3 errors; app/src/sync is left as it is.");
  expect(watch.errors()).toContain("app/synckit.yaml:5:23  error  column/unknown-type");
  expect(home.snapshot().filter(([path]) => path.includes("src/sync"))).toEqual(before);
  home.put("app/synckit.yaml", NULLABLE);
  expect(await watch.line()).toContain(" files written");
  expect(tables()).toContain("title: string | null;");
});

test("starts with a schema that is broken, or not there yet", async () => {
  home.remove("app/synckit.yaml");
  const watch = watching();

  expect(await watch.line()).toContain("app/synckit.yaml: 1 error");
  expect(watch.errors()).toContain("schema/not-found");
  home.put("app/synckit.yaml", VALID);
  expect(await watch.line()).toContain(" files written");
});

test("runs for content only: not for its own output, a file beside it, or a schema saved as it was", async () => {
  const watch = watching();
  await watch.line();

  home.put("app/src/sync/mine.ts", "// mine\n");
  home.put("app/other.yaml", "x: 1\n");
  home.put("app/synckit.yaml", VALID);
  home.put("app/synckit.yaml", NULLABLE);

  // The very next line is that of the only edit that counts, and nothing follows it before the next edit's.
  expect(await watch.line()).toContain(" files written");
  expect(tables()).toContain("title: string | null;");
  home.put("app/synckit.yaml", WRONG);
  expect(await watch.line()).toContain("3 errors");
});

test("follows an editor that writes a new file and renames it over the old one", async () => {
  const watch = watching();
  await watch.line();

  for (const text of [NULLABLE, AS_INTEGER, VALID]) {
    const draft = home.put("app/.synckit.yaml.swp", text);
    renameSync(draft, join(home.path, "app/synckit.yaml"));
    expect(await watch.line()).toContain(" files written");
  }
  expect(tables()).toContain("title: string;");
});

test("survives the folder: gone, and back", async () => {
  const watch = watching();
  await watch.line();

  renameSync(join(home.path, "app"), join(home.path, "away"));
  expect(await watch.line()).toContain("app/synckit.yaml: 1 error");
  rmSync(join(home.path, "away"), { recursive: true });
  mkdirSync(join(home.path, "app"));
  writeFileSync(join(home.path, "app/synckit.yaml"), NULLABLE);
  expect(await watch.line()).toContain(" files written");
  home.put("app/synckit.yaml", VALID);
  expect(await watch.line()).toContain(" files written");
  expect(tables()).toContain("title: string;");
});

test("two edits in quick succession never overlap, and the last one wins", async () => {
  const watch = watching();
  await watch.line();

  for (let index = 0; index < 20; index++) home.put("app/synckit.yaml", index % 2 === 0 ? NULLABLE : VALID);
  home.put("app/synckit.yaml", AS_INTEGER);

  let line = await watch.line();
  while (!tables().includes("Generated<")) line = await watch.line();
  expect(line).toContain(" files written");
});

interface LockedMigration {
  readonly isDeployed: boolean;
}

const lockedMigrations = (): Readonly<Record<string, LockedMigration>> =>
  (JSON.parse(home.read("app/src/sync/synckit.lock.json")) as { readonly migrations: Record<string, LockedMigration> }).migrations;

test("a session ends with one migration", async () => {
  home.run(["generate", "app/synckit.yaml"]);
  const watch = watching();
  await watch.line();
  home.put("app/synckit.yaml", NULLABLE);
  await watch.line();
  home.put("app/synckit.yaml", AS_INTEGER);
  await watch.line();

  expect(Object.keys(lockedMigrations())).toEqual(["0001_init", expect.stringMatching(/^0002_/u)]);
});

test("what another process seals meanwhile stays sealed", async () => {
  home.run(["generate", "app/synckit.yaml"]);
  const watch = watching();
  await watch.line();
  home.run(["migrate", "new", "app/synckit.yaml"]);
  home.put("app/synckit.yaml", NULLABLE);
  await watch.line();

  const [first, ...others] = Object.entries(lockedMigrations());
  expect(first).toMatchObject(["0001_init", { isDeployed: true }]);
  expect(others.map(([, { isDeployed }]) => isDeployed)).toEqual([false]);
});

test("migrations that are gone, as after a change of branch, do not come back", async () => {
  home.run(["generate", "app/synckit.yaml"]);
  const [output, branch] = ["app/src/sync", "branch"].map((path) => join(home.path, path)) as [string, string];
  cpSync(output, branch, { recursive: true });
  home.put("app/synckit.yaml", NULLABLE);
  home.run(["generate", "app/synckit.yaml"]);
  const watch = watching();
  await watch.line();

  rmSync(output, { recursive: true });
  renameSync(branch, output);
  home.put("app/synckit.yaml", AS_INTEGER);
  await watch.line();

  expect(Object.keys(lockedMigrations())).toEqual(["0001_init", expect.stringMatching(/^0002_/u)]);
});

test("prints one object on a line with --format json", async () => {
  const watch = watching("--format", "json");
  const schema = JSON.parse(readText("schemas/json/output.schema.json")) as Readonly<Record<string, unknown>>;

  const first: unknown = JSON.parse(await watch.line());
  home.put("app/synckit.yaml", WRONG);
  const second: unknown = JSON.parse(await watch.line());

  expect(first).toMatchObject({ command: "generate", status: "ok", durationMs: expect.any(Number) });
  expect(second).toMatchObject({ status: "findings", diagnostics: [{ code: "column/unknown-type" }, {}, {}] });
  expect([first, second].flatMap((found) => schemaFaults(found, schema))).toEqual([]);
  expect(watch.errors()).toBe("");
});

test("watches several schemas, each for itself", async () => {
  home.put("b/synckit.yaml", VALID.replace("notes", "memos"));
  const watch = home.start(["generate", "--recursive", "--watch"]);
  const first = [await watch.line(), await watch.line()];

  home.put("b/synckit.yaml", NULLABLE.replace("notes", "memos"));

  expect(first.map((line) => line.split(":")[0])).toEqual(["app/src/sync", "b/src/sync"]);
  expect(await watch.line()).toMatch(/^b\/src\/sync: /u);
});

test("an emitter of one's own is watched as well", async () => {
  const emitter = (text: string): string =>
    `export const emitter = { name: "own", summary: "", emit: () => [{ path: "own.txt", text: "${text}\\n", ownership: "generated" }] };\n`;
  home.put("app/own.js", emitter("one"));
  const watch = watching("--emitter", "app/own.js");
  await watch.line();

  home.put("app/own.js", emitter("two"));

  expect(await watch.line()).toContain(" files written");
  expect(home.read("app/src/sync/own.txt")).toBe("two\n");
});

describe("ends", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("with 130 on %s", async (signal) => {
    const watch = watching();
    await watch.line();

    expect(await watch.stop(signal)).toBe(130);
  });

  test("at once where it cannot begin", () => {
    expect(home.run(["generate", "--watch", "--check"])).toMatchObject({ code: 2, out: "" });
  });
});
