/** The command line as it is built, run as a process: exit codes, streams, and what it leaves on the disk. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const bin = fileURLToPath(new URL("../generator/bin/synckit-gen.js", import.meta.url));
const goingson = fileURLToPath(new URL("../schemas/apps/goingson.yaml", import.meta.url));
const VALID = "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text }\n";
const WRONG = "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: txt }\n    references: { titel: books }\n";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "synckit-cli-"));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly node?: readonly string[] } = {},
): Ran {
  const env = { PATH: process.env["PATH"] ?? "", ...options.env };
  const ran = spawnSync(process.execPath, [...(options.node ?? []), bin, ...args], {
    cwd: options.cwd ?? home,
    env,
    encoding: "utf8",
    timeout: 120_000,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

function put(path: string, text: string | Buffer): string {
  const full = join(home, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

const read = (path: string): string => readFileSync(join(home, path), "utf8");
const has = (path: string): boolean => existsSync(join(home, path));

/** Every file below the test's folder, with its text and the time of its last change. */
function snapshot(): readonly (readonly [path: string, text: string, changed: number])[] {
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => [path, readFileSync(path, "utf8"), statSync(path).mtimeMs] as const);
}

const withoutStack = /^ {4}at /mu;

describe("generate", () => {
  test("writes the sync layer beside the schema and says so on stdout", () => {
    put("synckit.yaml", VALID);

    const ran = run(["generate"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toMatch(/new +src\/sync\/tables\.ts\n/u);
    expect(ran.out).toMatch(/src\/sync: \d+ files written, 0 unchanged, 0 removed\.\n$/u);
    expect(read("src/sync/tables.ts")).toContain("notes");
  });

  test("takes the schemas of the seed's apps", () => {
    const ran = run(["gen", goingson, "--out", "out", "-q"]);

    expect(ran).toEqual({ code: 0, out: "", err: "" });
    expect(has("out/migrations/0001_init.sql")).toBe(true);
  });

  test("touches nothing in a second run", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    const before = snapshot();

    const ran = run(["g"]);

    expect(ran.out).toMatch(/^src\/sync: 0 files written, \d+ unchanged, 0 removed\.\n$/u);
    expect(snapshot()).toEqual(before);
  });

  test("reports every finding with its place on stderr, exits 1 and writes nothing", () => {
    put("synckit.yaml", WRONG);
    const before = snapshot();

    const ran = run(["generate"]);

    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toContain("synckit.yaml:5:23  error  column/unknown-type\n");
    expect(ran.err).toContain("synckit.yaml:6:19  error  column/unknown\n");
    expect(ran.err).toContain("synckit.yaml:6:26  error  reference/unknown-parent\n");
    expect(ran.err).toMatch(/\n3 errors\n$/u);
    expect(ran.err).not.toMatch(withoutStack);
    expect(snapshot()).toEqual(before);
  });

  test("leaves what a former run wrote alone when the schema has become wrong", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    put("synckit.yaml", WRONG);
    const before = snapshot();

    expect(run(["generate"]).code).toBe(1);
    expect(snapshot()).toEqual(before);
  });

  test("exits 2 where the schema does not parse", () => {
    put("synckit.yaml", "tables: [");

    const ran = run(["generate"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("error  yaml/syntax");
    expect(ran.err).not.toMatch(withoutStack);
  });

  test("prints warnings and writes all the same", () => {
    put("synckit.yaml", VALID.replace("title: text", "title: text, password: text"));

    const ran = run(["generate"]);

    expect(ran.code).toBe(0);
    expect(ran.err).toContain("warning  column/credential");
    expect(has("src/sync/tables.ts")).toBe(true);
  });

  test("changes nothing in a dry run and lists what it would change", () => {
    put("synckit.yaml", VALID);
    const before = snapshot();

    const ran = run(["generate", "-n"]);

    expect(ran.code).toBe(0);
    expect(ran.out).toContain("would be written");
    expect(snapshot()).toEqual(before);
  });

  test("uses the suffix for relative imports that it is given", () => {
    put("synckit.yaml", VALID);

    run(["generate", "--import-suffix", ".ts"]);

    expect(read("src/sync/apply.ts")).toContain('from "./tables.ts"');
  });
});

describe("finding the schema", () => {
  test("looks upwards to the root of the repository", () => {
    put("synckit.yaml", VALID);
    put("package.json", '{ "workspaces": ["app"] }');
    put("app/src/index.ts", "");

    const ran = run(["generate", "-q"], { cwd: join(home, "app/src") });

    expect(ran.code).toBe(0);
    expect(has("src/sync/tables.ts")).toBe(true);
  });

  test("does not look beyond the root of the repository", () => {
    put("synckit.yaml", VALID);
    put("inner/.git/HEAD", "");

    const ran = run(["generate"], { cwd: join(home, "inner") });

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("error  schema/not-found");
  });

  test("says which path is missing", () => {
    const ran = run(["generate", "nowhere/app.yaml"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain('nowhere/app.yaml  error  schema/not-found\n  There is no schema at "nowhere/app.yaml".');
  });

  test.each([
    ["a folder", () => mkdirSync(join(home, "app.yaml")), "it is a folder"],
    ["not UTF-8", () => put("app.yaml", Buffer.from([0x61, 0xff, 0xfe])), "it is not UTF-8 text"],
  ])("says that the schema cannot be read: %s", (_what, arrange, reason) => {
    arrange();

    const ran = run(["generate", "app.yaml"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("error  schema/unreadable");
    expect(ran.err).toContain(reason);
    expect(ran.err).not.toMatch(withoutStack);
  });

  test("takes paths relative to --cwd, and shows them so", () => {
    put("app/schema.yaml", WRONG);

    const ran = run(["generate", "schema.yaml", "--cwd", "app"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^schema\.yaml:5:23 /u);
  });
});

describe("the output folder", () => {
  test.each([
    ["the folder is a file", "taken", "a file stands where a folder is needed"],
    ["a parent is a file", "taken/deeper", "a file stands where a folder is needed"],
    ["the system refuses", "/proc/synckit", "/proc/synckit"],
  ])("that cannot be written is a finding, and nothing is left behind: %s", (_what, out, words) => {
    put("synckit.yaml", VALID);
    put("taken", "mine");
    const before = snapshot();

    const ran = run(["generate", "--out", out]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("error  output/unwritable");
    expect(ran.err).toContain(words);
    expect(ran.err).not.toMatch(withoutStack);
    expect(snapshot()).toEqual(before);
  });

  test("that can be written in part is left as it was", () => {
    put("synckit.yaml", VALID);
    put("out/migrations", "a file where a folder is needed");
    const before = snapshot();

    const ran = run(["generate", "-o", "out"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("error  output/unwritable");
    expect(snapshot()).toEqual(before);
  });

  test("keeps a generated file that was edited by hand, and everything else with it", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    put("src/sync/tables.ts", "// mine\n");
    put("synckit.yaml", VALID.replace("title: text", "title: text?"));
    const before = snapshot();

    const ran = run(["generate"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("src/sync/tables.ts  error  output/edited\n");
    expect(snapshot()).toEqual(before);
  });

  test("loses the edit where that is asked for with --force", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    const generated = read("src/sync/tables.ts");
    put("src/sync/tables.ts", "// mine\n");

    const ran = run(["generate", "--force"]);

    expect(ran.code).toBe(0);
    expect(ran.out).toContain("overwritten  src/sync/tables.ts");
    expect(read("src/sync/tables.ts")).toBe(generated);
  });

  test("keeps a file of another tool that stands in our place", () => {
    put("synckit.yaml", VALID);
    put("src/sync/tables.ts", "// another tool's\n");

    const ran = run(["generate"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("output/edited");
    expect(read("src/sync/tables.ts")).toBe("// another tool's\n");
    expect(has("src/sync/apply.ts")).toBe(false);
  });

  test("never loses an edit of a file that is the user's", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    put("src/sync/commands.ts", "// mine\n");
    put("synckit.yaml", VALID.replace("title: text", "title: text?"));

    expect(run(["generate", "--force"]).code).toBe(0);
    expect(read("src/sync/commands.ts")).toBe("// mine\n");
  });

  test("loses files of ours that are no longer generated, with the folders that are then empty, and nothing else", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    put("src/sync/theirs.ts", "// not ours\n");
    own("old/deep/gone.ts", "// ours\n");

    const ran = run(["generate"]);

    expect(ran.out).toMatch(/removed +src\/sync\/old\/deep\/gone\.ts/u);
    expect(has("src/sync/old")).toBe(false);
    expect(read("src/sync/theirs.ts")).toBe("// not ours\n");
    expect(read("src/sync/synckit.lock.json")).not.toContain("gone.ts");
  });

  test("keeps a file that is no longer generated once it was edited", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    own("old.ts", "// ours\n");
    put("src/sync/old.ts", "// ours, and mine\n");

    const ran = run(["generate"]);

    expect(ran.code).toBe(0);
    expect(ran.err).toContain("src/sync/old.ts  warning  output/edited-orphan");
    expect(read("src/sync/old.ts")).toBe("// ours, and mine\n");
  });

  test.each([
    ["a merge", "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "it holds an unresolved merge"],
    ["not JSON", "oops", "it is not JSON"],
    ["something else", "{}", "it is not a lock file of synckit-gen"],
    ["a newer version", '{ "lockVersion": 2, "files": {} }', "a newer synckit-gen wrote it"],
    ["a path that leads out", '{ "lockVersion": 1, "files": { "../../synckit.yaml": "00" } }', "it names files that cannot be ours"],
  ])("with a lock that cannot be used is left alone: %s", (_what, lock, reason) => {
    put("synckit.yaml", VALID);
    put("src/sync/synckit.lock.json", lock);
    const before = snapshot();

    const ran = run(["generate"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("src/sync/synckit.lock.json  error  output/lock-unreadable");
    expect(ran.err).toContain(reason);
    expect(snapshot()).toEqual(before);
  });
});

/** Puts a file into the output folder and into its lock, as if a former run had written it. */
function own(path: string, text: string): void {
  put(`src/sync/${path}`, text);
  const lock = read("src/sync/synckit.lock.json");
  const hash = createHash("sha256").update(text).digest("hex");
  put("src/sync/synckit.lock.json", lock.replace('"files": {', `"files": {\n    "${path}": "${hash}",`));
}

describe("check", () => {
  test("is content right after generate", () => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    const before = snapshot();

    const ran = run(["check"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toMatch(/^src\/sync: \d+ files current\.\n$/u);
    expect(snapshot()).toEqual(before);
  });

  test.each([["check"], ["generate", "--check"]])("lists what is missing, stale, edited and orphaned, and exits 1: %s %s", (...args) => {
    put("synckit.yaml", VALID);
    run(["generate"]);
    rmSync(join(home, "src/sync/order.ts"));
    own("old.ts", "// ours\n");
    put("src/sync/sync.ts", "// mine\n");
    put("synckit.yaml", VALID.replace("title: text", "title: text?"));
    const before = snapshot();

    const ran = run(args.filter((arg) => arg !== undefined));

    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/missing +src\/sync\/order\.ts\n/u);
    expect(ran.out).toMatch(/stale +src\/sync\/tables\.ts\n/u);
    expect(ran.out).toMatch(/edited +src\/sync\/sync\.ts\n/u);
    expect(ran.out).toMatch(/orphaned +src\/sync\/old\.ts\n/u);
    expect(ran.out).toContain("not current; run `synckit-gen generate`.");
    expect(snapshot()).toEqual(before);
  });
});

describe("--format json", () => {
  test("prints one object on stdout and nothing else", () => {
    put("synckit.yaml", WRONG);

    const ran = run(["generate", "--format", "json"]);

    expect(ran).toMatchObject({ code: 1, err: "" });
    const found: unknown = JSON.parse(ran.out);
    expect(found).toMatchObject({ version: "0.1.0", command: "generate", status: "findings", files: [] });
    expect(found).toHaveProperty("diagnostics.0", {
      code: "column/unknown-type",
      severity: "error",
      message: expect.stringContaining('"txt"'),
      fix: expect.any(String),
      suggestion: "text",
      file: "synckit.yaml",
      line: 5,
      column: 23,
      endLine: 5,
      endColumn: 26,
    });
  });

  test("names the state of each file", () => {
    put("synckit.yaml", VALID);

    const generated: unknown = JSON.parse(run(["generate", "--format=json"]).out);
    put("synckit.yaml", VALID.replace("title: text", "title: text?"));
    const checked: unknown = JSON.parse(run(["check", "--format=json"]).out);

    expect(generated).toMatchObject({ status: "ok", files: expect.arrayContaining([{ path: "src/sync/tables.ts", state: "missing" }]) });
    expect(checked).toMatchObject({ status: "stale", files: expect.arrayContaining([{ path: "src/sync/tables.ts", state: "stale" }]) });
  });
});

describe("explain", () => {
  test("prints the page of a code", () => {
    const ran = run(["explain", "reference/unknown-parent"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toMatch(/^# reference\/unknown-parent\n/u);
  });

  test("suggests the code that was probably meant", () => {
    const ran = run(["explain", "reference/unknown-parnet"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain('Did you mean "reference/unknown-parent"?');
  });
});

describe("usage", () => {
  test.each([
    [["generate", "--outt", "x"], 'There is no option "--outt". Did you mean "--out"?'],
    [["check", "--formt=json"], 'There is no option "--formt". Did you mean "--format"?'],
    [["generat"], '"generat" is not a command or an argument here. Did you mean "generate"?'],
    [["explain", "a/b", "c/d"], '"c/d" is not a command or an argument here.'],
    [["generate", "-z"], 'There is no option "-z".'],
    [["generate", "--format", "xml"], "xml"],
    [["generate", "--out"], "out"],
    [["explain"], "Not enough"],
  ])("%j is wrong usage: exit 2 and a hint", (args, words) => {
    put("synckit.yaml", VALID);
    const before = snapshot();

    const ran = run(args);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(words);
    expect(ran.err).toContain("synckit-gen --help");
    expect(ran.err).not.toMatch(withoutStack);
    expect(snapshot()).toEqual(before);
  });

  test("without a command, help goes to stderr and the exit code is 2", () => {
    const ran = run([]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("Commands:");
  });

  test("help that is asked for goes to stdout, exit codes included", () => {
    const ran = run(["--help"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("Exit codes:");
    expect(run(["generate", "-h"]).out).toContain("--import-suffix");
  });

  test("says its version", () => {
    expect(run(["--version"])).toEqual({ code: 0, out: "0.1.0\n", err: "" });
  });
});

describe("colour", () => {
  const escape = "\u001b[";

  test.each([
    ["off where nobody watches", [], {}, false],
    ["on with FORCE_COLOR", [], { FORCE_COLOR: "1" }, true],
    ["off with NO_COLOR, whatever FORCE_COLOR says", [], { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    ["on with --color, whatever NO_COLOR says", ["--color"], { NO_COLOR: "1" }, true],
    ["off with --no-color", ["--no-color"], { FORCE_COLOR: "1" }, false],
  ])("is %s", (_when, flags, env, isColoured) => {
    put("synckit.yaml", WRONG);

    expect(run(["generate", ...flags], { env }).err.includes(escape)).toBe(isColoured);
  });
});

describe("an old Node", () => {
  test("is told what to do instead of crashing", () => {
    const old = put(
      "old-node.cjs",
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0", napi: "9" } });',
    );

    const ran = run(["generate"], { node: ["--require", old] });

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("needs Node.js 22.14 or newer");
    expect(ran.err).toContain("this is Node.js 20.1.0 (Node-API 9)");
    expect(ran.err).not.toMatch(withoutStack);
  });
});
