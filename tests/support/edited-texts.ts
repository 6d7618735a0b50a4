/** Texts of one schema as a person edits it, line by line, and now and then breaks it. */
import fc from "fast-check";

/** Many forms of YAML, in tables that refer to one another. */
export const EDITED_TEXT = `# an application
synckit: 1
app: demo
conflicts: column
tables:
  projects:
    columns:
      name: text
      description: text?   # nullable

  # tasks belong to projects
  tasks:
    columns: { project_id: uuid?, title: text, done: boolean }
    local:
      draft: { type: text, on_insert: "'' || 'x'" }
    references:
      project_id: { table: projects, on_delete: set null }
    unique: [[project_id, title]]
  "odd 'name'":
    key: [a, b]
    columns:
      a: text
      b:
        type: text
        default: >-
          'folded'
          || 'text'
      c: json
  notes:
    columns:
      body: text
      tag: { type: text, default: "'one
        two'" }
`;

const LINES = [
  "",
  "  # a comment",
  "# a comment at the margin",
  "  labels:",
  "    columns: { name: text }",
  "  labels: { columns: { name: text?, other: integer } }",
  "      extra: integer",
  "      extra: text?",
  "      extra: { type: text, default: \"'a'\" }",
  "      api_token: text",
  "      name: txt",
  "    references: { project_id: projects }",
  "    references: { parent_id: labels }",
  "    local: [secret, other]",
  "    renamed_from: notes",
  "    colums: { a: text }",
  "    apply: update",
  "  tasks:",
  "  : x",
  "  - item",
  "  ? complex",
  "  plain words",
  " misplaced: 1",
  "   deeper: 1",
  "changelog: { retain_days: 3 }",
  "create: true",
  "tables:",
  "x-own: &anchor { a: b }",
  "  copied: *anchor",
  "    columns: &shared { a: text }",
  "    columns: *shared",
  "  <<: *anchor",
  '      quoted: "never closed',
  "      quoted: 'never closed",
  "    columns: { a: text",
  "    columns: |",
  "      block: >+",
  "    ]",
  "%YAML 1.1",
  "---",
  "...",
  "\ttabbed: 1",
  "      carriage: text\r",
  "  !!str tagged:",
  "    columns: !!map { a: text }",
  "    columns: { yes: yes, no: 0x1F }",
];

type Edit = (lines: readonly string[]) => readonly string[];

const place = fc.nat(60);
const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...LINES) },
  { weight: 1, arbitrary: fc.constantFrom(...EDITED_TEXT.split("\n")) },
);
const at = (index: number, lines: readonly string[]): number => index % (lines.length + 1);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, line).map(
    ([index, text]): Edit =>
      (lines) =>
        lines.toSpliced(at(index, lines), 0, text),
  ),
  fc.tuple(place, line).map(
    ([index, text]): Edit =>
      (lines) =>
        lines.toSpliced(at(index, lines), 1, text),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 4 })).map(
    ([index, count]): Edit =>
      (lines) =>
        lines.toSpliced(at(index, lines), count),
  ),
  fc.tuple(place, place, fc.integer({ min: 1, max: 6 })).map(
    ([from, to, count]): Edit =>
      (lines) =>
        lines.toSpliced(at(to, lines), 0, ...lines.slice(at(from, lines), at(from, lines) + count)),
  ),
  fc.tuple(place, fc.constantFrom("text", "title", "name", ":", "  ", "'", "}"), fc.constantFrom("", "text?", "body", "x", "  ", "{")).map(
    ([index, from, to]): Edit =>
      (lines) =>
        lines.with(Math.min(index, lines.length - 1), (lines[Math.min(index, lines.length - 1)] ?? "").replace(from, to)),
  ),
);

/** A change, and for half of them the way back: most edits of a person leave a schema whole. */
const step = fc.tuple(edit, fc.boolean());

/** The texts that an editor saves, one after the other. */
export const editedTexts: fc.Arbitrary<readonly string[]> = fc.array(step, { minLength: 1, maxLength: 12 }).map((steps) => {
  const texts = [EDITED_TEXT];
  let lines: readonly string[] = EDITED_TEXT.split("\n");
  for (const [change, isUndone] of steps) {
    const changed = lines.length === 0 ? [""] : change(lines);
    texts.push(changed.join("\n"));
    if (isUndone) texts.push(lines.join("\n"));
    else lines = changed;
  }
  return texts;
});
