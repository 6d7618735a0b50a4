/** Files that users edit, from one version of the generator to the next, as the command line leaves them. */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome } from "./support/cli-home.ts";

const SCHEMA = "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text }\n";
const COMMANDS = "src/sync/commands.ts";
const BASE = "src/sync/.synckit/commands.ts.base";

let home: CliHome;
/** What this version writes. */
let theirs = "";
beforeEach(() => {
  home = new CliHome();
  home.put("synckit.yaml", SCHEMA);
  expect(home.run(["generate"]).code).toBe(0);
  theirs = home.read(COMMANDS);
});
afterEach(() => {
  home.dispose();
});

/** The folder as an older version left it, which wrote `base`; the user has made `mine` of it. */
function asIfBefore(base: string, mine: string): void {
  const lock = JSON.parse(home.read("src/sync/synckit.lock.json")) as { files: Record<string, string>; inputs: Record<string, unknown> };
  const hash = createHash("sha256").update(base).digest("hex");
  lock.files[".synckit/commands.ts.base"] = hash;
  lock.inputs["version"] = "0.0.1";
  home.put("src/sync/synckit.lock.json", `${JSON.stringify(lock, null, 2)}\n`);
  home.put(BASE, base);
  home.put(COMMANDS, mine);
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

    expect(home.run(["check"])).toMatchObject({ code: 1, out: expect.stringMatching(/stale +src\/sync\/commands\.ts/u) });
    expect(home.run(["generate"])).toMatchObject({ code: 0, err: "" });

    expect(home.read(COMMANDS)).toBe(`${theirs}${OWN}`);
    expect(home.read(BASE)).toBe(theirs);
    expect(home.run(["check"]).code).toBe(0);
  });

  test("loses what the generator dropped, and is told", () => {
    const old = `${theirs}\nexport const syncLegacy = 1;\n`;
    asIfBefore(old, `${old}${OWN}`);

    const ran = home.run(["generate"]);

    expect(ran).toMatchObject({ code: 0 });
    expect(ran.err).toContain("The generator no longer writes `syncLegacy`, and it was removed");
    expect(home.read(COMMANDS)).toBe(`${theirs}${OWN}`);
    expect(home.run(["generate"]).err).toBe("");
  });

  test("keeps what the generator dropped where it was changed, and is told", () => {
    const old = `${theirs}\nexport const syncLegacy = 1;\n`;
    asIfBefore(old, old.replace("syncLegacy = 1", "syncLegacy = 2"));

    const ran = home.run(["generate"]);

    expect(ran.err).toContain("keeps it, because you changed or use it");
    expect(home.read(COMMANDS)).toContain("syncLegacy = 2");
  });

  test("with a conflict keeps its version, shows both, and stays red until that is settled", () => {
    const old = theirs.replace("sync.syncNow()", "sync.syncNow(1)");
    asIfBefore(old, theirs.replace("sync.syncNow()", "sync.syncNow(2)"));

    const ran = home.run(["generate"]);

    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toMatch(/src\/sync\/commands\.ts:\d+:1 {2}error {2}output\/merge-conflict/u);
    expect(home.read(COMMANDS)).toContain("//   export const syncNow = (sync: Sync) => sync.syncNow();\n");
    expect(home.read(COMMANDS)).toContain("\nexport const syncNow = (sync: Sync) => sync.syncNow(2);\n");

    expect(home.run(["check"])).toMatchObject({ code: 1, err: expect.stringContaining("output/merge-conflict") });
    home.put(COMMANDS, theirs.replace("sync.syncNow()", "sync.syncNow(2)"));
    expect(home.run(["check"])).toMatchObject({ code: 0, err: "" });
  });

  test("that does not parse is left alone until it does", () => {
    const old = without(theirs, "syncDisconnect", "sync_disconnect");
    asIfBefore(old, `${old}export const = 1;\n`);

    const ran = home.run(["generate"]);

    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("output/merge-unparsable") });
    expect(home.read(COMMANDS)).toBe(`${old}export const = 1;\n`);
    home.put(COMMANDS, `${old}${OWN}`);
    expect(home.run(["generate"])).toMatchObject({ code: 0, err: "" });
    expect(home.read(COMMANDS)).toBe(`${theirs}${OWN}`);
  });
});

test("a file that nobody edited becomes what is written now", () => {
  const old = without(theirs, "syncDisconnect", "sync_disconnect");
  asIfBefore(old, old);

  expect(home.run(["generate"])).toMatchObject({ code: 0, err: "" });
  expect(home.read(COMMANDS)).toBe(theirs);
});

test("without the base, an edited file is left alone", () => {
  home.put(COMMANDS, "export const mine = 1;\n");
  rmSync(join(home.path, "src/sync/.synckit"), { recursive: true });

  expect(home.run(["generate"])).toMatchObject({ code: 0, err: "" });

  expect(home.read(COMMANDS)).toBe("export const mine = 1;\n");
  expect(home.read(BASE)).toBe(theirs);
});

describe("--with tests", () => {
  test("is remembered by the lock until --no-with", () => {
    expect(home.run(["generate", "--with", "tests"])).toMatchObject({ code: 0, err: "" });
    expect(existsSync(join(home.path, "src/sync/tests/canary.test.ts"))).toBe(true);
    expect(home.run(["check"]).code).toBe(0);

    home.put("synckit.yaml", `${SCHEMA}    local: { draft: text? }\n`);
    expect(home.run(["generate"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/changed +src\/sync\/tests\/guessed-tables\.ts/u),
    });

    expect(home.run(["generate", "--no-with"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/removed +src\/sync\/tests\/canary\.test\.ts/u),
    });
    expect(existsSync(join(home.path, "src/sync/tests/app-tables.ts"))).toBe(true);
  });

  test("has no meaning for another word", () => {
    expect(home.run(["generate", "--with", "test"])).toMatchObject({ code: 2, out: "" });
  });
});
