/** A draft as YAML text. Names and expressions are quoted wherever YAML could read them as anything else. */
import type { ColumnDraft, LocalDraft, ReferenceDraft, SchemaDraft, TableDraft } from "./draft.ts";

/** Columns of text that a remark may fill before it is wrapped. */
const REMARK_WIDTH = 116;
const REMARKED_LINE = 140;

/** `origin` says where the draft comes from, in one line. */
export function schemaYaml(draft: SchemaDraft, origin: string): string {
  const head = [
    ...remarkLines(origin, ""),
    ...remarkLines(
      "Every column here leaves the device, encrypted, unless it stands under `local`. Read it through: each remark is a doubt. Then run `synckit-gen generate`.",
      "",
    ),
    ...draft.remarks.flatMap((remark) => remarkLines(remark, "")),
  ];
  const tables = draft.tables.flatMap((table) => ["", ...tableLines(table)]);
  const leftOut = draft.leftOut.flatMap(({ name, reason }) => remarkLines(`${safe(name)}: ${reason}.`, ""));
  return [
    ...head,
    "synckit: 1",
    `app: ${scalar(draft.app)}`,
    "tables:",
    ...tables.slice(1),
    ...(leftOut.length === 0 ? [] : ["", "# Left out:", "#", ...leftOut]),
    "",
  ].join("\n");
}

function tableLines(table: TableDraft): readonly string[] {
  const lines = table.remarks.flatMap((remark) => remarkLines(remark, "  "));
  lines.push(`  ${scalar(table.name)}:`);
  const [only] = table.key;
  if (table.key.length > 1 || only !== "id") lines.push(`    key: ${table.key.length === 1 ? scalar(only ?? "") : list(table.key)}`);
  if (table.keyKind !== "uuid") lines.push(`    key_kind: ${table.keyKind}`);
  if (table.isIntegerKey) lines.push("    acknowledge_integer_key: true");
  const columns = table.columns.filter((column) => !isImplied(table, column));
  if (columns.length > 0) lines.push("    columns:", ...columns.map(columnLine));
  if (table.local.length > 0) lines.push("    local:", ...table.local.map(localLine));
  if (table.references.length > 0) lines.push("    references:", ...table.references.map(referenceLine));
  if (table.unique.length > 0)
    lines.push(
      `    unique: [${table.unique.map((columns_) => (columns_.length === 1 ? scalar(columns_[0] ?? "") : list(columns_))).join(", ")}]`,
    );
  // A table of nothing but an implied key still needs a value that is a map.
  if (lines.at(-1)?.startsWith("    ") !== true) lines.push("    key: id");
  return lines;
}

/** A key column that the language knows without being told. */
const isImplied = (table: TableDraft, column: ColumnDraft): boolean =>
  table.key.includes(column.name) && column.default === null && column.type === (table.keyKind === "uuid" ? "uuid" : "text");

function columnLine(column: ColumnDraft): string {
  const type = typeOf(column);
  const value = column.default === null ? type : `{ type: ${type}, default: ${expression(column.default)} }`;
  return remarked(`      ${scalar(column.name)}: ${value}`, column.remark);
}

function localLine(column: LocalDraft): string {
  const members = [`type: ${typeOf(column)}`];
  if (column.onInsert !== null) members.push(`on_insert: ${expression(column.onInsert)}`);
  if (column.default !== null) members.push(`default: ${expression(column.default)}`);
  const value = members.length === 1 ? typeOf(column) : `{ ${members.join(", ")} }`;
  return remarked(`      ${scalar(column.name)}: ${value}`, column.remark);
}

const typeOf = (column: ColumnDraft): string => `${column.type}${column.isNullable ? "?" : ""}`;

function referenceLine(reference: ReferenceDraft): string {
  const members = [`table: ${scalar(reference.table)}`];
  if (reference.columns.length > 1 || reference.columns[0] !== reference.name) members.push(`columns: ${names(reference.columns)}`);
  if (reference.to !== null) members.push(`to: ${names(reference.to)}`);
  if (reference.onDelete !== "no action") members.push(`on_delete: ${reference.onDelete}`);
  if (!reference.isSynced) members.push("synced: false");
  const value = members.length === 1 ? scalar(reference.table) : `{ ${members.join(", ")} }`;
  return remarked(`      ${scalar(reference.name)}: ${value}`, reference.remark);
}

const names = (words: readonly string[]): string => (words.length === 1 ? scalar(words[0] ?? "") : list(words));

const list = (words: readonly string[]): string => `[${words.map(scalar).join(", ")}]`;

/** Words that some YAML reader takes for something else than text. */
const YAML_WORDS = /^(?:null|true|false|yes|no|on|off|y|n|nan|inf)$/iu;

/** Plain where it is a plain word; else in double quotes, as JSON, which YAML reads too. */
export const scalar = (text: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/u.test(text) && !YAML_WORDS.test(text) ? text : quoted(text));

const expression = (sql: string): string => (/^\d{1,15}$/u.test(sql) ? sql : quoted(sql));

// JSON leaves these as they are, and YAML does not allow them all.
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff]/gu,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const remarked = (line: string, remark: string | null): string => {
  if (remark === null) return line;
  const indent = line.slice(0, line.length - line.trimStart().length);
  const whole = `${line} # ${safe(remark)}`;
  return whole.length <= REMARKED_LINE ? whole : [...remarkLines(remark, indent), line].join("\n");
};

function remarkLines(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of safe(text).split(" ")) {
    if (line !== "" && line.length + word.length >= REMARK_WIDTH - indent.length) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part) => `${indent}# ${part}`);
}

/** A name in a comment must not end the line, nor garble a terminal. */
const safe = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029\ufeff]|\p{Cs}/gu, "\u{fffd}");
