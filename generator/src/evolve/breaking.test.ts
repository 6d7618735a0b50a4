import { readFileSync } from "node:fs";
import { DIAGNOSTIC_CODES } from "@synckit-gen/schemas/diagnostics";
import type { DiagnosticCode } from "@synckit-gen/schemas/diagnostics";
import { describe, expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { loadPage } from "../load/load-page.ts";
import { parseSchema } from "../parse/parse-schema.ts";
import { RULE_IDS, ruleIdOf } from "../parse/rule-ids.ts";
import type { BreakingReport } from "./breaking.ts";
import { diffSchemas } from "./diff-schemas.ts";

const HEAD = "synckit: 1\napp: demo\n";
const codes = DIAGNOSTIC_CODES.filter((code) => code.startsWith("breaking/"));

function breaking(before: string, after: string): Pick<BreakingReport, "ignored"> & { readonly breaking: BreakingReport["findings"] } {
  const [was, is] = [before, after].map((text) => readModel({ file: "schema.yaml", text: `${HEAD}${text}` }));
  const { syntax } = parseSchema({ file: "schema.yaml", text: `${HEAD}${after}` });
  if (was?.ok !== true || is?.ok !== true || syntax === null) throw new Error(JSON.stringify([was, is], null, 2));
  return diffSchemas(was.value, is.value, syntax);
}

const rulesOf = (before: string, after: string): readonly string[] => breaking(before, after).breaking.map(({ rule }) => rule);

/** The YAML of a page under such a heading. */
const example = (code: DiagnosticCode, heading: "Before" | "After" | "Instead"): string | undefined =>
  new RegExp(`^${heading}:\\n\\n\`\`\`yaml\\n(.*?)^\`\`\``, "msu").exec(loadPage(code))?.[1];

describe.each(codes)("the page of %s", (code) => {
  const rule = ruleIdOf(code);
  const before = example(code, "Before") ?? "";

  test("shows a change that breaks the rule", () => {
    expect(rulesOf(before, example(code, "After") ?? "")).toContain(rule);
  });

  test("shows, where it can, what to do instead, which does not break it", () => {
    expect(rulesOf(before, example(code, "Instead") ?? before)).not.toContain(rule);
  });

  test("names the rule's id", () => {
    expect(loadPage(code)).toContain(`The rule's id is \`${rule}\`.`);
  });
});

test("the table of rules in the documentation has every rule, each with a link to its page", () => {
  const page = readFileSync(new URL("../../../docs/breaking-changes.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| \[`([A-Z_]+)`\]\(\.\.\/generator\/diagnostics\/([a-z-]+)\.md\) \|/gmu)];

  expect(rows.map(([, rule]) => rule)).toEqual(RULE_IDS);
  expect(rows.map(([, , file]) => file)).toEqual(codes.map((code) => code.replace("/", "-")));
});

const notes = (columns: string, more = ""): string => `tables:\n  notes: { columns: { ${columns} }${more} }\n`;

describe("what breaks nothing", () => {
  test.each([
    ["the same schema", notes("title: text")],
    ["a new table", `${notes("title: text")}  tags: { columns: { label: text } }\n`],
    ["a new column that may be NULL", notes("title: text, body: text?")],
    ["a new column with a default", notes("title: text, stars: { type: integer, default: 0 }")],
    ["a local column", notes("title: text", ", local: [draft]")],
    [
      "a new column that refers to a new table",
      `${notes("title: text, tag: uuid?", ", references: { tag: tags }")}  tags: { columns: { label: text } }\n`,
    ],
    ["a new column that is unique", notes("title: text, slug: text?", ", unique: [slug]")],
    ["another retention", `changelog: { retain_days: 9 }\n${notes("title: text")}`],
  ])("%s", (_what, after) => {
    expect(rulesOf(notes("title: text"), after)).toEqual([]);
  });

  test("a change of a column that stays local", () => {
    expect(
      rulesOf(notes("title: text", ", local: { draft: text? }"), notes("title: text", ", local: { draft: { type: integer, default: 1 } }")),
    ).toEqual([]);
  });
});

test("one look says all, by table and column", () => {
  const before = `${notes("title: text, body: text", ", unique: [body]")}  tags: { columns: { label: text } }\n`;

  expect(rulesOf(before, notes("title: integer", ", row_ids: hidden"))).toEqual([
    "ROW_IDS_CHANGED",
    "COLUMN_REMOVED",
    "COLUMN_TYPE_CHANGED",
    "TABLE_REMOVED",
  ]);
});

test("a finding points at the column, or at what is nearest to it", () => {
  const found = breaking(notes("title: text, body: text"), notes("title: integer")).breaking;

  expect(found.map(({ rule, diagnostic }) => `${rule} ${diagnostic.at.line}:${diagnostic.at.column}`)).toEqual([
    "COLUMN_REMOVED 4:3",
    "COLUMN_TYPE_CHANGED 4:23",
  ]);
});

describe("a guess at a rename is made", () => {
  test.each([
    ["for a table with the same columns", notes("title: text"), notes("title: text").replace("notes", "pages"), true],
    ["not for a table with others", notes("title: text"), notes("name: text").replace("notes", "pages"), false],
    ["for a column of the same type", notes("a: text, b: integer"), notes("a: text, c: integer"), true],
    ["not for a column of another type", notes("a: text, b: integer"), notes("a: text, c: text"), false],
    ["not where there are two candidates", notes("a: text, b: integer"), notes("a: text, c: integer, d: integer"), false],
  ])("%s", (_when, before, after, isGuessed) => {
    expect(rulesOf(before, after).includes("RENAMED_WITHOUT_RECORD")).toBe(isGuessed);
  });
});

describe("ignores", () => {
  const before = notes("title: text, body: text, mood: text");
  const ignoring = (ignore: string): { readonly left: readonly string[]; readonly ignored: readonly string[] } => {
    const found = breaking(before, `breaking: { ignore: ${ignore} }\n${notes("title: integer")}`);
    const placed = ({ rule, column }: BreakingReport["findings"][number]): string => `${rule} ${column ?? ""}`;
    return { left: found.breaking.map(placed), ignored: found.ignored.map(placed) };
  };

  test("a rule in a list is ignored everywhere", () => {
    expect(ignoring("[COLUMN_REMOVED]")).toEqual({
      left: ["COLUMN_TYPE_CHANGED title"],
      ignored: ["COLUMN_REMOVED body", "COLUMN_REMOVED mood"],
    });
  });

  test("a rule in a map is ignored in a table, or for one column", () => {
    expect(ignoring("{ COLUMN_REMOVED: [notes] }").ignored).toEqual(["COLUMN_REMOVED body", "COLUMN_REMOVED mood"]);
    expect(ignoring("{ COLUMN_REMOVED: [notes.mood] }").ignored).toEqual(["COLUMN_REMOVED mood"]);
    expect(ignoring("{ COLUMN_REMOVED: [other, notes.title] }").ignored).toEqual([]);
  });

  test("what is ignored is counted among the harmless", () => {
    const diff = breaking(before, `breaking: { ignore: [COLUMN_TYPE_CHANGED] }\n${notes("title: integer, body: text, mood: text")}`);

    expect(diff).toMatchObject({ breaking: [], harmless: [{ kind: "column-type-changed" }] });
  });

  test.each([
    ["[COLUMN_REMOVD]", "language/unknown-value", "COLUMN_REMOVED"],
    ["{ COLUMN_REMOVD: [notes] }", "language/unknown-key", "COLUMN_REMOVED"],
    ["{ column_removed: [notes] }", "language/unknown-key", "COLUMN_REMOVED"],
    ["COLUMN_REMOVED", "language/wrong-type", undefined],
    ["[]", "language/empty-list", undefined],
    ["{ COLUMN_REMOVED: notes }", "language/wrong-type", undefined],
  ])("%s is %s", (ignore, code, suggestion) => {
    const { diagnostics } = readModel({ file: "schema.yaml", text: `${HEAD}breaking: { ignore: ${ignore} }\n${before}` });

    expect(diagnostics.map((finding) => [finding.code, finding.suggestion])).toEqual([[code, suggestion]]);
  });

  test("they are no part of the model: files do not change with them", () => {
    const model = (head: string): unknown => readModel({ file: "schema.yaml", text: `${HEAD}${head}${before}` });

    expect(model("breaking: { ignore: [COLUMN_REMOVED] }\n")).toEqual(model(""));
  });
});
