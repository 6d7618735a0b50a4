/**
 * The schema language, version 1: every key with its shape and its meaning. The parser, the unknown-key check
 * and the JSON Schema for editors all come from here.
 */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { ColumnType } from "@synckit-gen/schemas/model";
import { closest } from "../closest.ts";
import type { Located, Word } from "./node.ts";
import { RULE_IDS } from "./rule-ids.ts";
import { byKind, choice, convert, expression, fields, flag, list, mapOf, remembered, text, wholeNumber } from "./shape.ts";
import type { Findings, Shape } from "./shape.ts";
import type { BlobSyntax, BreakingIgnoreSyntax, ColumnSyntax, Given, LocalSyntax, ReferenceSyntax, TypeSyntax } from "./syntax.ts";

const LANGUAGE_VERSION = 1;

const COLUMN_TYPES: readonly ColumnType[] = ["text", "uuid", "integer", "bigint", "real", "boolean", "json", "timestamp", "date", "blob"];

/** What other tools call our types. */
const TYPE_ALIASES: Readonly<Record<string, ColumnType>> = {
  string: "text",
  varchar: "text",
  char: "text",
  int: "integer",
  int64: "bigint",
  long: "bigint",
  float: "real",
  double: "real",
  number: "real",
  numeric: "real",
  decimal: "real",
  bool: "boolean",
  datetime: "timestamp",
  time: "timestamp",
  bytes: "blob",
  binary: "blob",
  object: "json",
  array: "json",
  guid: "uuid",
};

/** Ten years: longer than any device is away. */
const MAX_RETAIN_DAYS = 3650;
/** An index scan of this many rows is what a clean-up may cost. */
const MAX_KEPT_ENTRIES = 100_000_000;

const name = text("a name");
const names: Shape<readonly Word[]> = byKind("a name or a list of names", {
  scalar: convert(name, (word) => [word]),
  list: list(name, "a list of names"),
});

const version: Shape<Located<number>> = {
  expected: "the version of the language, a whole number",
  json: { const: LANGUAGE_VERSION },
  read: (node, findings) => {
    if (node.kind === "scalar" && node.value === LANGUAGE_VERSION) return { value: LANGUAGE_VERSION, at: node.at };
    const isVersion = node.kind === "scalar" && node.value !== null && /^v?[\d.]+$/u.test(node.source);
    if (isVersion) findings.push(report("language/unsupported-version", node.at, { found: node.source, supported: LANGUAGE_VERSION }));
    else wholeNumber(LANGUAGE_VERSION, LANGUAGE_VERSION).read(node, findings);
    return undefined;
  },
};

const columnType: Shape<TypeSyntax> = convert(text("a column type"), readType, {
  enum: COLUMN_TYPES.flatMap((type) => [type, `${type}?`]),
});

function readType(word: Word, findings: Findings): TypeSyntax {
  const isNullable = word.text.endsWith("?");
  const bare = isNullable ? word.text.slice(0, -1).trimEnd() : word.text;
  const type = COLUMN_TYPES.find((known) => known === bare) ?? null;
  if (type === null) {
    const meant = TYPE_ALIASES[bare.toLowerCase()] ?? closest(bare, COLUMN_TYPES);
    const suggestion = meant === undefined || !isNullable ? meant : `${meant}?`;
    findings.push(report("column/unknown-type", word.at, { type: word.text, known: COLUMN_TYPES }, { suggestion }));
  }
  return { word, type, isNullable };
}

const RENAMED_COLUMN = "What the column was called before: its values and its history move along.";

const columnFields = fields("a column", {
  type: { shape: columnType, isRequired: true, about: "The column's type; a `?` after it makes the column nullable." },
  nullable: { shape: flag, about: "True where the column may be NULL; the same as a `?` after the type.", aliases: ["null", "optional"] },
  default: { shape: expression, about: "SQL expression of the column's default." },
  acknowledge: {
    shape: flag,
    about: "True where a column that looks like a credential is meant to sync.",
    aliases: ["acknowledged", "ack"],
  },
  renamed_from: { shape: name, about: RENAMED_COLUMN, aliases: ["was", "old_name"] },
});

type Unnamed<T> = Omit<T, "name">;

const column: Shape<Unnamed<ColumnSyntax>> = byKind("a column type, or a map with `type`", {
  scalar: convert(columnType, (type) => ({
    type,
    nullable: undefined,
    default: undefined,
    acknowledge: undefined,
    renamedFrom: undefined,
  })),
  map: convert(columnFields, ({ values: { renamed_from: renamedFrom, ...values } }) => ({ ...values, renamedFrom })),
});

const localFields = fields("a local column", {
  type: { shape: columnType, about: "The column's type; a `?` after it makes the column nullable." },
  nullable: { shape: flag, about: "True where the column may be NULL; the same as a `?` after the type.", aliases: ["null", "optional"] },
  on_insert: { shape: expression, about: "SQL expression for a row that arrives from another device.", aliases: ["value", "fill"] },
  default: { shape: expression, about: "SQL expression of the column's default." },
  renamed_from: { shape: name, about: RENAMED_COLUMN, aliases: ["was", "old_name"] },
});

const noLocalFields: Unnamed<LocalSyntax> = {
  type: undefined,
  nullable: undefined,
  default: undefined,
  onInsert: undefined,
  renamedFrom: undefined,
};

const local: Shape<readonly LocalSyntax[]> = byKind("a list of names, or a map of columns", {
  list: convert(list(name, "a list of names"), (words) => words.map((word) => ({ name: word, ...noLocalFields }))),
  map: convert(
    mapOf(
      byKind<Unnamed<LocalSyntax>>("a column type, or a map", {
        nothing: () => noLocalFields,
        scalar: convert(columnType, (type) => ({ ...noLocalFields, type })),
        map: convert(localFields, ({ values: { on_insert: onInsert, renamed_from: renamedFrom, ...values } }) => ({
          ...values,
          onInsert,
          renamedFrom,
        })),
      }),
      "a map of columns",
    ),
    // A column whose details cannot be read is local all the same.
    (entries) => entries.map((entry) => ({ name: entry.name, ...(entry.value ?? noLocalFields) })),
  ),
});

const referenceFields = fields("a reference", {
  table: { shape: name, isRequired: true, about: "The table that is referred to.", aliases: ["to_table", "parent", "references"] },
  on_delete: {
    shape: choice(["cascade", "set null", "restrict", "no action"]),
    about: "What happens to this row when the parent goes. Default: no action.",
  },
  synced: { shape: flag, about: "False where the parent stays on its device. Default: true.", aliases: ["external"] },
  to: { shape: names, about: "The parent's columns. Default: its key.", aliases: ["column"] },
  columns: { shape: names, about: "This table's columns, for a reference of several. Default: the key of this entry." },
});

type ReferenceForm = Unnamed<ReferenceSyntax> & { readonly given: Given<readonly Word[]> };

const reference: Shape<Omit<ReferenceForm, "columns">> = byKind("the name of a table, or a map with `table`", {
  scalar: convert(name, (table) => ({ table, to: undefined, onDelete: undefined, synced: undefined, given: undefined })),
  map: convert(referenceFields, ({ values }) => ({
    table: values.table,
    to: values.to,
    onDelete: values.on_delete,
    synced: values.synced,
    given: values.columns,
  })),
});

const references: Shape<readonly ReferenceSyntax[]> = convert(mapOf(reference, "a map from a column to a table"), (entries) =>
  entries.flatMap(({ name: key, value }) => {
    if (value === undefined) return [];
    const { given, ...rest } = value;
    return [{ name: key, columns: given ?? [key], ...rest }];
  }),
);

const enabledBy = fields("`enabled_by`", {
  through: { shape: name, isRequired: true, about: "The table whose rows lead from a file to its flag." },
  flag: {
    shape: text("a text of the form table.column"),
    isRequired: true,
    about: "The boolean column that switches transfer on, as `table.column`.",
  },
});

const blob: Shape<BlobSyntax> = convert(
  fields("`blob`", {
    hash: { shape: name, isRequired: true, about: "The column with the file's hash." },
    size: { shape: name, isRequired: true, about: "The column with the file's size in bytes." },
    cloud_only: { shape: name, about: "A local boolean column: 1 where the file is not on this device. Made up where it is not declared." },
    enabled_by: { shape: enabledBy, about: "Where a flag says whether a file is transferred. Default: always." },
  }),
  ({ values }) => ({ hash: values.hash, size: values.size, cloudOnly: values.cloud_only, enabledBy: values.enabled_by?.values }),
);

export const tableFields = fields("a table", {
  key: {
    shape: names,
    about: "The primary key: a column, or a list of columns. Default: id.",
    aliases: ["primary_key", "primarykey", "pk", "id"],
  },
  key_kind: { shape: choice(["uuid", "content-hash", "natural"]), about: "Where the key's values come from. Default: uuid." },
  acknowledge_integer_key: { shape: flag, about: "True where an integer key means the same row on every device." },
  columns: {
    shape: mapOf(column, "a map from a column to its type"),
    about: "The whitelist: only these columns leave the device.",
    aliases: ["fields", "synced"],
  },
  local: { shape: local, about: "Columns that never leave the device.", aliases: ["private", "exclude", "excluded", "locals"] },
  references: {
    shape: references,
    about: "Foreign keys: a column, and the table that it refers to.",
    aliases: ["foreign_keys", "fks", "relations"],
  },
  unique: {
    shape: list(names, "a list of columns, or of lists of columns"),
    about: "Columns, or lists of columns, that must be unique beside the key.",
    aliases: ["uniques", "indexes"],
  },
  apply: { shape: choice(["upsert", "update"]), about: "`update`: sync never inserts a row here. Default: upsert." },
  deletes: {
    shape: choice(["apply", "ignore"]),
    about: "`ignore`: deletes are neither captured nor applied. Default: apply.",
    aliases: ["delete", "on_delete"],
  },
  match: { shape: names, about: "The columns by which a row is recognised on every device. Default: the key." },
  blob: { shape: blob, about: "The table's rows stand for files.", aliases: ["blobs", "file"] },
  row_ids: { shape: choice(["plain", "hidden"]), about: "`hidden`: the server sees a keyed hash instead of the key. Default: plain." },
  conflicts: { shape: choice(["column", "row"]), about: "What competes when two devices edit one row. Default: that of the schema." },
  renamed_from: {
    shape: name,
    about: "What the table was called before: its rows and their history move along.",
    aliases: ["was", "old_name"],
  },
});

const changelogFields = fields("`changelog`", {
  retain_days: { shape: wholeNumber(1, MAX_RETAIN_DAYS), about: "Days that a pushed entry is kept. Default: 7." },
  max_entries: { shape: wholeNumber(1, MAX_KEPT_ENTRIES), about: "Pushed entries beyond this many are pruned. Default: no cap." },
  capture: {
    shape: choice(["payload", "keys"]),
    about:
      "What an entry holds: the row as JSON (default), or only its key and which columns changed; the row is then read when it is pushed.",
  },
  max_away_days: {
    shape: wholeNumber(1, MAX_RETAIN_DAYS),
    about: "A device that has not synced for longer must start over; deleted rows are remembered for twice as long. Default: 180.",
  },
});

/** Whole rules as a list, or the places where each may be broken as a map. */
const ignoredRules: Shape<readonly BreakingIgnoreSyntax[]> = byKind<readonly BreakingIgnoreSyntax[]>(
  "a list of rules, or a map from a rule to places",
  {
    list: convert(list(choice(RULE_IDS), "a list of rules"), (rules) => rules.map(({ value }) => ({ rule: value, places: "all" }))),
    map: convert(
      mapOf(list(text("a place: `table` or `table.column`"), "a list of places"), "a map from a rule to places"),
      (entries, findings) =>
        entries.flatMap(({ name: rule, value }) => {
          if (!RULE_IDS.includes(rule.text)) {
            const suggestion = closest(rule.text, RULE_IDS);
            findings.push(report("language/unknown-key", rule.at, { key: rule.text, where: "`ignore`", known: RULE_IDS }, { suggestion }));
            return [];
          }
          return value === undefined ? [] : [{ rule: rule.text, places: value.map((word) => word.text) }];
        }),
      {
        type: "object",
        propertyNames: { enum: RULE_IDS },
        additionalProperties: { type: "array", items: { type: "string" }, minItems: 1 },
      },
    ),
  },
);

const breakingFields = fields("`breaking`", {
  ignore: { shape: ignoredRules, about: "Rules for breaking changes that may be broken: everywhere (a list), or in some places (a map)." },
});

export const schemaFields = fields("the schema", {
  synckit: { shape: version, isRequired: true, about: "The version of this language.", aliases: ["version"] },
  app: { shape: text("a text"), isRequired: true, about: "The application's name.", aliases: ["name"] },
  conflicts: {
    shape: choice(["column", "row"]),
    about: "What competes when two devices edit one row: its columns (default), or the row as a whole.",
  },
  compat: {
    shape: choice(["full", "synckit"]),
    about: "`synckit`: payloads hold columns only, as other SyncKit clients write them; rows merge whole. Default: full.",
  },
  create: { shape: flag, about: "True where the first migration creates the application's own tables. Default: false." },
  changelog: { shape: changelogFields, about: "What is logged of a change, and how long pushed entries are kept." },
  breaking: { shape: breakingFields, about: "What `diff --breaking` says about this schema." },
  tables: {
    shape: mapOf(remembered(tableFields), "a map from a table to its description"),
    isRequired: true,
    about: "The tables that sync.",
    aliases: ["table"],
  },
});

/** The JSON Schema of a schema file, for editors. */
export const languageJsonSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: `synckit schema, language version ${LANGUAGE_VERSION}`,
  ...schemaFields.json,
};
