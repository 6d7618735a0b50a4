/** What machines read: JSON with a published schema, GitHub annotations, SARIF, differences. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { DIAGNOSTIC_CODES } from "@synckit-gen/schemas/diagnostics";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome, VALID, WRONG } from "./support/cli-home.ts";
import { schemaFaults } from "./support/json-schema.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

const parsed = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Readonly<Record<string, unknown>>;

describe("--format json", () => {
  const committed = new URL("../schemas/json/output.schema.json", import.meta.url);

  test("has a published JSON Schema, which `schema output` prints", () => {
    const { out } = home.run(["schema", "output"]);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(committed, out);

    expect(readFileSync(committed, "utf8")).toBe(out);
  });

  test.each([
    ["ok", VALID, ["generate"]],
    ["findings", WRONG, ["generate"]],
    ["stale", VALID, ["check", "--diff"]],
    ["unusable", "tables: [", ["generate"]],
    ["ok", VALID, ["templates", "list"]],
  ])("is what the schema says: %s", (status, schema, args) => {
    home.put("synckit.yaml", schema);

    const ran = home.run([...args, "--format", "json"]);

    expect(ran.err).toBe("");
    expect(parsed(ran.out)).toMatchObject({ status, version: "0.1.0" });
    expect(schemaFaults(parsed(ran.out), parsed(readFileSync(committed, "utf8")))).toEqual([]);
  });

  test("carries the difference of each file where it is asked for", () => {
    home.put("synckit.yaml", VALID);
    home.run(["generate"]);
    home.put("synckit.yaml", VALID.replace("title: text", "title: text?"));

    const { files } = parsed(home.run(["check", "--diff", "--format", "json"]).out);

    expect(files).toContainEqual({ path: "src/sync/tables.ts", state: "stale", diff: expect.stringContaining("+  title: string | null") });
  });

  test("a validator that knows the schema finds what does not fit", () => {
    const schema = parsed(readFileSync(committed, "utf8"));

    expect(schemaFaults({ version: 1, command: "x", status: "fine", files: [{}] }, schema).toSorted()).toEqual([
      '$.files[0]: "path" is missing',
      '$.files[0]: "state" is missing',
      expect.stringContaining("$.status: not one of"),
      "$.version: not string",
      '$: "diagnostics" is missing',
    ]);
  });
});

describe("--format github", () => {
  test("prints one workflow command for each finding, at its place", () => {
    home.put("synckit.yaml", WRONG);

    const ran = home.run(["check", "--format", "github"]);

    expect(ran).toMatchObject({ code: 1, err: "" });
    expect(ran.out.split("\n")[0]).toMatch(
      /^::error file=synckit\.yaml,line=5,col=23,endLine=5,endColumn=25,title=column\/unknown-type::"txt" .* Did you mean "text"\?$/u,
    );
    expect(ran.out.match(/^::error /gmu)).toHaveLength(3);
  });

  test("escapes what would end a command or a property", () => {
    const odd = "we,ird:100%.yaml";
    home.put(odd, `${WRONG}  "a%0A::error::b": { columns: { x: txt } }\n`);

    const { out } = home.run(["generate", odd, "--format", "github"]);

    expect(out).toContain("file=we%2Cird%3A100%25.yaml,");
    expect(out).not.toContain("%0A::error::b");
    expect(out.split("\n").every((line) => line === "" || line.startsWith("::error file="))).toBe(true);
  });

  test("says which files are not current", () => {
    home.put("synckit.yaml", VALID);

    expect(home.run(["check", "--format", "github"])).toMatchObject({
      code: 1,
      out: expect.stringContaining("::error file=src/sync/tables.ts,title=output/not-current::"),
    });
  });
});

describe("--format sarif", () => {
  test("is SARIF 2.1.0 with rules from the catalogue", () => {
    home.put("synckit.yaml", WRONG.replace("    references", "  notes:\n    columns: { a: text }\n    references"));

    const ran = home.run(["generate", "--format", "sarif"]);
    const log = JSON.parse(ran.out) as SarifLog;

    expect(ran).toMatchObject({ code: 1, err: "" });
    expect(log).toMatchObject({ version: "2.1.0" });
    const [run] = log.runs;
    const rules = run?.tool.driver.rules ?? [];
    expect(rules.map(({ id }) => id).filter((id) => !(DIAGNOSTIC_CODES as readonly string[]).includes(id))).toEqual([]);
    expect(run?.results.map(({ ruleId, ruleIndex }) => rules[ruleIndex]?.id === ruleId)).not.toContain(false);
    expect(run?.results.find(({ ruleId }) => ruleId === "yaml/duplicate-key")).toMatchObject({
      level: "error",
      locations: [{ physicalLocation: { artifactLocation: { uri: "synckit.yaml" }, region: { startLine: 6, startColumn: 3 } } }],
      relatedLocations: [{ message: { text: "first given here" }, physicalLocation: { region: { startLine: 4 } } }],
    });
  });

  test("without a finding it is a run without results", () => {
    home.put("synckit.yaml", VALID);

    expect(JSON.parse(home.run(["generate", "--format", "sarif"]).out)).toMatchObject({ runs: [{ results: [] }] });
  });
});

interface SarifLog {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly { readonly ruleId: string; readonly ruleIndex: number }[];
  }[];
}

describe("--diff", () => {
  test("shows what a run would change, and git can apply it", () => {
    home.put("synckit.yaml", VALID);
    home.run(["generate"]);
    home.put("synckit.yaml", VALID.replace("title: text", "title: text?"));

    const ran = home.run(["generate", "--dry-run", "--diff", "-q"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("--- a/tables.ts\n+++ b/tables.ts\n@@ ");
    const applied = spawnSync("git", ["apply", "-"], { cwd: `${home.path}/src/sync`, input: ran.out, encoding: "utf8" });
    expect(applied.stderr).toBe("");
    // All but the lock, which is left out, is now what generate writes.
    expect(home.run(["check"]).out).toContain("stale  src/sync/synckit.lock.json\nsrc/sync: 1 of ");
  });

  test("shows nothing where nothing changes", () => {
    home.put("synckit.yaml", VALID);
    home.run(["generate"]);

    expect(home.run(["check", "--diff"]).out).toMatch(/^src\/sync: \d+ files current\.\n$/u);
  });
});

describe("schema", () => {
  test("prints the JSON Schema that ships for editors", () => {
    expect(home.run(["schema"])).toEqual({
      code: 0,
      out: readFileSync(new URL("../schemas/json/synckit.schema.json", import.meta.url), "utf8"),
      err: "",
    });
  });
});

describe("several schemas", () => {
  beforeEach(() => {
    home.put("packages/a/synckit.yaml", VALID);
    home.put("packages/b/synckit.yaml", VALID.replace("notes", "memos"));
    home.put("node_modules/other/synckit.yaml", VALID);
  });

  test.each([
    [["packages/a/synckit.yaml", "packages/b/synckit.yaml"]],
    [["-c", "packages/a/synckit.yaml", "--config", "packages/b/synckit.yaml"]],
    [["--recursive"]],
  ])("each has its output beside it: %j", (args) => {
    const ran = home.run(["generate", ...args]);

    expect(ran.code).toBe(0);
    expect(home.read("packages/a/src/sync/tables.ts")).toContain("notes");
    expect(home.read("packages/b/src/sync/tables.ts")).toContain("memos");
    expect(home.has("node_modules/other/src")).toBe(false);
    expect(ran.out.match(/files written/gu)).toHaveLength(2);
    expect(home.run(["check", ...args]).code).toBe(0);
  });

  test("one that is wrong decides the exit code and keeps nothing from the others", () => {
    home.put("packages/a/synckit.yaml", WRONG);

    const ran = home.run(["generate", "-r"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("packages/a/synckit.yaml:5:23");
    expect(home.has("packages/b/src/sync/tables.ts")).toBe(true);
    expect(home.has("packages/a/src")).toBe(false);
  });

  test("do not share one output folder", () => {
    const ran = home.run(["generate", "-r", "--out", "out"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("`--out` names one folder");
  });
});

describe(".gitattributes", () => {
  test("marks generated files for code review, and the user's not", () => {
    home.put("synckit.yaml", VALID);
    spawnSync("git", ["init", "-q"], { cwd: home.path });

    home.run(["generate"]);

    const attributes = (path: string): string =>
      spawnSync("git", ["check-attr", "linguist-generated", "eol", "--", path], { cwd: home.path, encoding: "utf8" }).stdout;
    expect(attributes("src/sync/migrations/0001_init.sql")).toMatch(/linguist-generated: true\n.*eol: lf\n/u);
    expect(attributes("src/sync/synckit.lock.json")).toContain("linguist-generated: true");
    expect(attributes("src/sync/commands.ts")).toContain("linguist-generated: unspecified");
    expect(attributes("src/sync/mine.ts")).toContain("linguist-generated: unspecified");
  });

  test("keeps the lines that somebody else wrote there", () => {
    home.put("synckit.yaml", VALID);
    home.put("src/sync/.gitattributes", "*.sql diff=sql\n");

    expect(home.run(["generate"]).code).toBe(0);
    home.put("src/sync/.gitattributes", `${home.read("src/sync/.gitattributes")}*.bin binary\n`);
    expect(home.run(["generate"]).code).toBe(0);

    expect(home.read("src/sync/.gitattributes")).toMatch(
      /^\*\.sql diff=sql\n# synckit-gen: begin\n[^]*# synckit-gen: end\n\*\.bin binary\n$/u,
    );
    expect(home.run(["check"]).code).toBe(0);
  });
});

describe("check by hashes", () => {
  beforeEach(() => {
    home.put("synckit.yaml", VALID);
    home.run(["generate"]);
  });

  const changes: readonly (readonly [string, () => void])[] = [
    ["the schema", () => home.put("synckit.yaml", VALID.replace("title: text", "title: text?"))],
    ["a generated file", () => home.put("src/sync/order.ts", "// mine\n")],
    ["a missing generated file", () => home.remove("src/sync/order.ts")],
    ["a missing scaffold", () => home.remove("src/sync/commands.ts")],
    [
      "the lock",
      () => home.put("src/sync/synckit.lock.json", home.read("src/sync/synckit.lock.json").replace('"app": "demo"', '"app": "other"')),
    ],
  ];
  test.each(changes)("says what a comparison of the files says: %s", (_what, change) => {
    change();

    const ran = home.run(["check", "-v"]);

    expect(ran.code).toBe(1);
    expect(home.run(["check", "-v", "--full"])).toEqual(ran);
  });

  test("agrees where all is current", () => {
    expect(home.run(["check", "-v"])).toEqual(home.run(["check", "-v", "--full"]));
  });

  test("says a schema's warnings again", () => {
    home.remove("src");
    home.put("synckit.yaml", VALID.replace("title: text", "title: text, password: text"));
    home.run(["generate"]);

    expect(home.run(["check"])).toMatchObject({ code: 0, err: expect.stringContaining("column/credential") });
  });

  test("uses the options of the last run, as generate does", () => {
    home.run(["generate", "--import-suffix", ".ts"]);

    expect(home.run(["check"]).code).toBe(0);
    expect(home.run(["check", "--import-suffix", ".js"]).code).toBe(1);
    home.run(["generate"]);
    expect(home.read("src/sync/sync.ts")).toContain('from "./apply.ts"');
  });
});
