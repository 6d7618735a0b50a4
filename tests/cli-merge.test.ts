/** Files that users edit, from one version of the generator to the next, as the command line leaves them. */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSandbox, type Sandbox } from "./support/run-cli.ts";

const SCHEMA = "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text }\n";
const COMMANDS = "src/sync/commands.ts";
const BASE = "src/sync/.synckit/commands.ts.base";

let sandbox: Sandbox;
/** What this version writes. */
let theirs = "";
beforeEach(() => {
  sandbox = openSandbox();
  sandbox.put("synckit.yaml", SCHEMA);
  expect(sandbox.run("generate").code).toBe(0);
  theirs = sandbox.read(COMMANDS);
});
afterEach(() => {
  sandbox.remove();
});

/** The folder as an older version left it, which wrote `base`; the user has made `mine` of it. */
function asIfBefore(base: string, mine: string): void {
  const lock = JSON.parse(sandbox.read("src/sync/synckit.lock.json")) as { files: Record<string, string>; inputs: Record<string, unknown> };
  const hash = createHash("sha256").update(base).digest("hex");
  lock.files[".synckit/commands.ts.base"] = hash;
  lock.inputs["version"] = "0.0.1";
  sandbox.put("src/sync/synckit.lock.json", `${JSON.stringify(lock, null, 2)}\n`);
  sandbox.put(BASE, base);
  sandbox.put(COMMANDS, mine);
}

const without = (text: string, name: string, member: string): string =>
  text
    .replace(new RegExp(`/\\*\\*[^\\n]*\\nexport const ${name} = [^;]*;\\n\\n`, "u"), "")
    .replace(new RegExp(`  ${member}: .*\\n`, "u"), "");

const OWN = `\n/** Ours. */\nexport function tray(): string {\n  return "idle";\n}\n`;

describe("an edited file", () => {
  test("gets what is new and keeps what its author wrote", () => {
    const old = without(theirs, "syncDisconnect", "sync_disconnect");
    asIfBefore(old, `${old}${OWN}`);

    expect(sandbox.run("check")).toMatchObject({ code: 1, out: expect.stringMatching(/stale +src\/sync\/commands\.ts/u) });
    expect(sandbox.run("generate")).toMatchObject({ code: 0, err: "" });

    expect(sandbox.read(COMMANDS)).toBe(`${theirs}${OWN}`);
    expect(sandbox.read(BASE)).toBe(theirs);
    expect(sandbox.run("check").code).toBe(0);
  });

  test("loses what the generator dropped, and is told", () => {
    const old = `${theirs}\nexport const syncLegacy = 1;\n`;
    asIfBefore(old, `${old}${OWN}`);

    const ran = sandbox.run("generate");

    expect(ran).toMatchObject({ code: 0 });
    expect(ran.err).toContain("The generator no longer writes `syncLegacy`, and it was removed");
    expect(sandbox.read(COMMANDS)).toBe(`${theirs}${OWN}`);
    expect(sandbox.run("generate").err).toBe("");
  });

  test("keeps what the generator dropped where it was changed, and is told", () => {
    const old = `${theirs}\nexport const syncLegacy = 1;\n`;
    asIfBefore(old, old.replace("syncLegacy = 1", "syncLegacy = 2"));

    const ran = sandbox.run("generate");

    expect(ran.err).toContain("keeps it, because you changed or use it");
    expect(sandbox.read(COMMANDS)).toContain("syncLegacy = 2");
  });

  test("with a conflict keeps its version, shows both, and stays red until that is settled", () => {
    const old = theirs.replace("sync.syncNow()", "sync.syncNow(1)");
    asIfBefore(old, theirs.replace("sync.syncNow()", "sync.syncNow(2)"));

    const ran = sandbox.run("generate");

    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toMatch(/src\/sync\/commands\.ts:\d+:1 {2}error {2}output\/merge-conflict/u);
    expect(sandbox.read(COMMANDS)).toContain("//   export const syncNow = (sync: Sync) => sync.syncNow();\n");
    expect(sandbox.read(COMMANDS)).toContain("\nexport const syncNow = (sync: Sync) => sync.syncNow(2);\n");

    expect(sandbox.run("check")).toMatchObject({ code: 1, err: expect.stringContaining("output/merge-conflict") });
    sandbox.put(COMMANDS, theirs.replace("sync.syncNow()", "sync.syncNow(2)"));
    expect(sandbox.run("check")).toMatchObject({ code: 0, err: "" });
  });

  test("that does not parse is left alone until it does", () => {
    const old = without(theirs, "syncDisconnect", "sync_disconnect");
    asIfBefore(old, `${old}export const = 1;\n`);

    const ran = sandbox.run("generate");

    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("output/merge-unparsable") });
    expect(sandbox.read(COMMANDS)).toBe(`${old}export const = 1;\n`);
    sandbox.put(COMMANDS, `${old}${OWN}`);
    expect(sandbox.run("generate")).toMatchObject({ code: 0, err: "" });
    expect(sandbox.read(COMMANDS)).toBe(`${theirs}${OWN}`);
  });
});

test("a file that nobody edited becomes what is written now", () => {
  const old = without(theirs, "syncDisconnect", "sync_disconnect");
  asIfBefore(old, old);

  expect(sandbox.run("generate")).toMatchObject({ code: 0, err: "" });
  expect(sandbox.read(COMMANDS)).toBe(theirs);
});

test("without the base, an edited file is left alone", () => {
  sandbox.put(COMMANDS, "export const mine = 1;\n");
  rmSync(join(sandbox.folder, "src/sync/.synckit"), { recursive: true });

  expect(sandbox.run("generate")).toMatchObject({ code: 0, err: "" });

  expect(sandbox.read(COMMANDS)).toBe("export const mine = 1;\n");
  expect(sandbox.read(BASE)).toBe(theirs);
});

describe("--with tests", () => {
  test("is remembered by the lock until --no-with", () => {
    expect(sandbox.run("generate", "--with", "tests")).toMatchObject({ code: 0, err: "" });
    expect(existsSync(join(sandbox.folder, "src/sync/tests/canary.test.ts"))).toBe(true);
    expect(sandbox.run("check").code).toBe(0);

    sandbox.put("synckit.yaml", `${SCHEMA}    local: { draft: text? }\n`);
    expect(sandbox.run("generate")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/changed +src\/sync\/tests\/guessed-tables\.ts/u),
    });

    expect(sandbox.run("generate", "--no-with")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/removed +src\/sync\/tests\/canary\.test\.ts/u),
    });
    expect(existsSync(join(sandbox.folder, "src/sync/tests/app-tables.ts"))).toBe(true);
  });

  test("has no meaning for another word", () => {
    expect(sandbox.run("generate", "--with", "test")).toMatchObject({ code: 2, out: "" });
  });
});
