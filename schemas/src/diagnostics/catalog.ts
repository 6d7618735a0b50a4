/**
 * Every code that the generator can report: its severity, its message with the author's words in it, and the
 * way out. A code is never renamed and never reused. Each has a page in `generator/diagnostics/` and a case that shows it.
 */
import { breakingCatalog } from "./breaking-catalog.ts";
import { databaseCatalog } from "./database-catalog.ts";
import type { Diagnostic, Related, SourceSpan } from "./diagnostic.ts";
import { migrationCatalog } from "./migration-catalog.ts";
import { emitterCatalog } from "./emitter-catalog.ts";
import { evolutionCatalog } from "./evolution-catalog.ts";
import { scaffoldCatalog } from "./scaffold-catalog.ts";

interface Entry {
  readonly severity: Diagnostic["severity"];
  readonly message: (params: never) => string;
  readonly fix: string;
}

interface InTable {
  readonly table: string;
}

interface InColumn extends InTable {
  readonly column: string;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

export const catalog = {
  "schema/not-found": {
    severity: "error",
    message: (p: { path: string }) => `There is no schema at "${p.path}".`,
    fix: "Give the path of the schema, or put a `synckit.yaml` into this folder or one above it.",
  },
  "schema/unreadable": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `The schema "${p.path}" cannot be read: ${p.reason}.`,
    fix: "Name a readable UTF-8 text file.",
  },
  "yaml/syntax": {
    severity: "error",
    message: (p: { reason: string }) => `This is not valid YAML: ${p.reason}.`,
    fix: "Correct the YAML; nothing else can be checked before it parses.",
  },
  "yaml/duplicate-key": {
    severity: "error",
    message: (p: { key: string }) => `"${p.key}" is given twice in one map.`,
    fix: "Keep one of the two, or merge them.",
  },
  "language/unknown-key": {
    severity: "error",
    message: (p: { key: string; where: string; known: readonly string[] }) =>
      `"${p.key}" is not a key of ${p.where}. Known keys: ${p.known.join(", ")}.`,
    fix: "Correct the key. A key that begins with `x-` is left alone, for notes and anchors of your own.",
  },
  "language/missing-key": {
    severity: "error",
    message: (p: { key: string; where: string }) => `The key "${p.key}" is missing in ${p.where}.`,
    fix: "Add the key.",
  },
  "language/wrong-type": {
    severity: "error",
    message: (p: { key: string; expected: string; found: string }) => `"${p.key}" must be ${p.expected}, not ${p.found}.`,
    fix: "Write the value in the expected form; put quotes around a name that YAML reads as something else.",
  },
  "language/unknown-value": {
    severity: "error",
    message: (p: { key: string; value: string; known: readonly string[] }) =>
      `"${p.value}" is not a value of "${p.key}". Known values: ${p.known.join(", ")}.`,
    fix: "Use one of the known values.",
  },
  "language/out-of-range": {
    severity: "error",
    message: (p: { key: string; value: string; minimum: number; maximum: number }) =>
      `"${p.key}" is ${p.value}; it must be from ${p.minimum} to ${p.maximum}.`,
    fix: "Choose a number within the range.",
  },
  "language/empty-list": {
    severity: "error",
    message: (p: { key: string }) => `"${p.key}" is an empty list; it must name at least one column.`,
    fix: "Name a column, or leave the key out.",
  },
  "language/unsupported-version": {
    severity: "error",
    message: (p: { found: string; supported: number }) =>
      `This schema is written in language version ${p.found}; this synckit-gen reads version ${p.supported}.`,
    fix: "Write `synckit: 1`, or install the synckit-gen that reads the newer language.",
  },
  "name/unusable": {
    severity: "error",
    message: (p: { name: string; reason: string }) => `"${p.name}" cannot be used as a name: ${p.reason}.`,
    fix: "Choose another name. Quotes, spaces, keywords and any script are fine; control characters are not.",
  },
  "name/collision": {
    severity: "error",
    message: (p: { kind: string; name: string; other: string }) =>
      `The ${p.kind}s "${p.name}" and "${p.other}" are the same name to SQLite, which ignores the case of ASCII letters.`,
    fix: "Rename one of the two, or spell both alike if they are meant to be one.",
  },
  "table/none": {
    severity: "error",
    message: (_: object) => `The schema declares no table, so there is nothing to sync.`,
    fix: "Declare at least one table under `tables`.",
  },
  "table/reserved-name": {
    severity: "error",
    message: (p: { table: string; prefix: string }) => `The table name "${p.table}" begins with "${p.prefix}", which is reserved.`,
    fix: "Rename the table: `sync_` is for the tables that sync creates, `sqlite_` for those of SQLite.",
  },
  "table/unknown": {
    severity: "error",
    message: (p: { name: string; where: string }) => `${p.where} names the table "${p.name}", which is not declared.`,
    fix: "Name a table that stands under `tables`.",
  },
  "table/too-many-columns": {
    severity: "error",
    message: (p: { table: string; count: number; kind: string; maximum: number }) =>
      `The table "${p.table}" has ${p.count} ${p.kind}; at most ${p.maximum} are possible.`,
    fix: "Keep some columns on the device (`local`), gather several in one `json` column, or move them to a second table with the same key.",
  },
  "table/key-only": {
    severity: "warning",
    message: (p: InTable) => `The table "${p.table}" syncs nothing but its key.`,
    fix: "List the columns that should sync under `columns`. A table that only says which keys exist may stay as it is.",
  },
  "table/nothing-to-update": {
    severity: "error",
    message: (p: InTable) => `The table "${p.table}" has \`apply: update\` and no column to update, so nothing of it would ever sync.`,
    fix: "List the columns to update under `columns`, or remove `apply: update`.",
  },
  "table/ignored-deletes-cascade": {
    severity: "warning",
    message: (p: { table: string; parent: string }) =>
      `Rows of "${p.table}" are deleted with their parent in "${p.parent}", whose deletes are ignored: the children's deletes would sync, the parent's would not.`,
    fix: "Remove `deletes: ignore` from the parent, or give the child `deletes: ignore` as well.",
  },
  "column/unknown-type": {
    severity: "error",
    message: (p: { type: string; known: readonly string[] }) => `"${p.type}" is not a column type. Known types: ${p.known.join(", ")}.`,
    fix: "Use a known type; a `?` after it makes the column nullable.",
  },
  "column/unknown": {
    severity: "error",
    message: (p: InColumn & { where: string }) =>
      `${p.where} names the column "${p.column}", which the table "${p.table}" does not declare.`,
    fix: "Declare the column under `columns`, or correct its name.",
  },
  "column/not-synced": {
    severity: "error",
    message: (p: InColumn & { where: string }) =>
      `${p.where} needs "${p.column}" of the table "${p.table}" on every device, but the column is local.`,
    fix: "Move the column from `local` to `columns`, or do not name it here.",
  },
  "column/repeated": {
    severity: "error",
    message: (p: { column: string; where: string }) => `${p.where} names the column "${p.column}" twice.`,
    fix: "Name each column once.",
  },
  "column/reserved-name": {
    severity: "error",
    message: (p: InColumn) =>
      `The table "${p.table}" has a column "${p.column}": that name is reserved for what sync adds to a row on its way.`,
    fix: "Rename the column.",
  },
  "column/both-synced-and-local": {
    severity: "error",
    message: (p: InColumn) => `The column "${p.column}" of "${p.table}" is both on the whitelist and under \`local\`.`,
    fix: "Keep it under `local` if it must never leave the device, under `columns` if it should sync.",
  },
  "column/contradictory-nullable": {
    severity: "error",
    message: (p: { column: string; type: string }) =>
      `The column "${p.column}" has the type "${p.type}", which is nullable, and \`nullable: false\`.`,
    fix: "Remove the `?` or the `nullable` key.",
  },
  "column/broken-expression": {
    severity: "error",
    message: (p: { key: string; column: string; reason: string }) =>
      `\`${p.key}\` of "${p.column}" is not a usable SQL expression: ${p.reason}.`,
    fix: `Write an SQL expression: a number, NULL, a text in single quotes ("'draft'"), or a function call in parentheses.`,
  },
  "column/credential": {
    severity: "warning",
    message: (p: InColumn) => `The column "${p.column}" of "${p.table}" looks like a credential and would leave the device (encrypted).`,
    fix: "Move it to `local`, or write `{ type: …, acknowledge: true }` if it is meant to sync.",
  },
  "local/no-value": {
    severity: "error",
    message: (p: InColumn) =>
      `The local column "${p.column}" of "${p.table}" is NOT NULL, and a row that arrives from another device brings no value for it.`,
    fix: "Give it `on_insert` or `default` (an SQL expression), or make it nullable with `?`.",
  },
  "key/local": {
    severity: "error",
    message: (p: InColumn) =>
      `Rows of "${p.table}" are recognised by "${p.column}", but the column is local and would not reach other devices.`,
    fix: "Move the column from `local` to `columns`, or recognise rows by another column with `match`.",
  },
  "key/nullable": {
    severity: "error",
    message: (p: InColumn) =>
      `The key column "${p.column}" of "${p.table}" is nullable; a row without a key cannot be recognised on another device.`,
    fix: "Remove the `?` or `nullable: true`.",
  },
  "key/real": {
    severity: "error",
    message: (p: InColumn) =>
      `The key column "${p.column}" of "${p.table}" is a real number, which has no exact text to recognise a row by.`,
    fix: "Use a text, uuid, integer or blob column as the key.",
  },
  "key/not-unique-across-devices": {
    severity: "error",
    message: (p: InColumn & { keyKind: string }) =>
      p.keyKind === "natural"
        ? `The key "${p.column}" of "${p.table}" is an integer: if SQLite or the app counts it up, two devices give one number to different rows.`
        : `The key column "${p.column}" of "${p.table}" is an integer, but the key kind is ${p.keyKind}.`,
    fix: "Use a uuid key, or recognise rows by another column with `match`. If the numbers mean the same on every device, write `key_kind: natural` and `acknowledge_integer_key: true`.",
  },
  "key/no-value-on-arrival": {
    severity: "warning",
    message: (p: InColumn) =>
      `Rows of "${p.table}" are recognised by \`match\`; a row that arrives from another device gets no value for its key column "${p.column}".`,
    fix: `Declare the key under \`local\` with \`on_insert\`, for example "lower(hex(randomblob(16)))", or as an integer that SQLite counts up.`,
  },
  "reference/unknown-parent": {
    severity: "error",
    message: (p: { table: string; parent: string }) => `The table "${p.table}" refers to "${p.parent}", which is not declared.`,
    fix: "Declare the parent under `tables`. If it exists but stays on its device, write `{ table: …, synced: false }`.",
  },
  "reference/parent-is-synced": {
    severity: "error",
    message: (p: { table: string; parent: string }) =>
      `The reference of "${p.table}" says that "${p.parent}" is not synced, but the table is declared under \`tables\`.`,
    fix: "Remove `synced: false`, or remove the parent from `tables`.",
  },
  "reference/parent-id-differs": {
    severity: "error",
    message: (p: { table: string; parent: string; identity: readonly string[] }) =>
      `The table "${p.table}" refers to the key of "${p.parent}", whose rows are recognised by ${quoted(p.identity)}: the same row has another key on each device.`,
    fix: "Refer to the columns named by `match` (with `to`), or remove `match` from the parent.",
  },
  "reference/target-not-unique": {
    severity: "error",
    message: (p: { table: string; parent: string; to: readonly string[] }) =>
      `The table "${p.table}" refers to ${quoted(p.to)} of "${p.parent}", which is neither its key nor declared unique.`,
    fix: "Refer to the parent's key, or declare the columns under the parent's `unique` (SQLite needs a unique index there).",
  },
  "reference/column-count": {
    severity: "error",
    message: (p: { table: string; parent: string; columns: readonly string[]; to: readonly string[] }) =>
      `The reference of "${p.table}" to "${p.parent}" pairs ${p.columns.length === 1 ? "1 column" : `${p.columns.length} columns`} (${quoted(p.columns)}) with ${p.to.length} (${quoted(p.to)}).`,
    fix: "Name as many columns in `columns` as in `to` (or as the parent's key has).",
  },
  "reference/type-mismatch": {
    severity: "error",
    message: (p: { table: string; column: string; type: string; parent: string; to: string; toType: string }) =>
      `"${p.column}" of "${p.table}" is ${p.type}, but refers to "${p.to}" of "${p.parent}", which is ${p.toType}.`,
    fix: "Give both columns the same type.",
  },
  "reference/set-null-not-null": {
    severity: "error",
    message: (p: InColumn & { parent: string }) =>
      `When a row of "${p.parent}" goes, "${p.column}" of "${p.table}" would become NULL, but the column is NOT NULL.`,
    fix: "Make the column nullable with `?`, or choose another `on_delete`.",
  },
  "reference/unsynced-not-null": {
    severity: "warning",
    message: (p: InColumn & { parent: string }) =>
      `"${p.column}" of "${p.table}" is NOT NULL and refers to "${p.parent}", which stays on its device: on other devices the value points to nothing.`,
    fix: "Make the column nullable with `?`, so that the app can say that there is no such row here.",
  },
  "reference/parent-update-only": {
    severity: "warning",
    message: (p: { table: string; parent: string }) =>
      `Rows of "${p.table}" need a parent in "${p.parent}", where sync never inserts a row (\`apply: update\`): a child waits until the app has made the parent itself.`,
    fix: "Remove `apply: update` from the parent if the app does not make its rows on every device.",
  },
  "conflicts/column-with-compat": {
    severity: "error",
    message: (_: object) => `\`conflicts: column\` needs the reserved member that \`compat: synckit\` leaves out.`,
    fix: "Remove `conflicts: column` (rows are then merged whole), or remove `compat: synckit`.",
  },
  "blob/wrong-type": {
    severity: "error",
    message: (p: InColumn & { role: string; type: string; expected: string }) =>
      `\`${p.role}\` names "${p.column}" of "${p.table}", which is ${p.type}; it must be ${p.expected}.`,
    fix: "Change the column's type, or name another column.",
  },
  "blob/cloud-only-synced": {
    severity: "error",
    message: (p: InColumn) => `"${p.column}" of "${p.table}" says whether a file is on this device, so it must not sync.`,
    fix: "Move the column to `local`, or leave it undeclared: it is then a local boolean.",
  },
  "blob/not-connected": {
    severity: "error",
    message: (p: { through: string; table: string }) => `\`through\` names "${p.through}", which has no reference to "${p.table}".`,
    fix: "Name a table that refers both to the blob's table and to the table of the flag.",
  },
  "output/unwritable": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `"${p.path}" cannot be written: ${p.reason}. Nothing was changed.`,
    fix: "Choose another folder with `--out`, or make this one writable.",
  },
  "output/edited": {
    severity: "error",
    message: (p: { path: string }) =>
      `"${p.path}" is not as synckit-gen left it: it was edited by hand, or another tool wrote it. Nothing was changed.`,
    fix: "Keep your edits elsewhere and run again with `--force` to overwrite the file, or choose another folder with `--out`.",
  },
  "output/edited-orphan": {
    severity: "warning",
    message: (p: { path: string }) => `"${p.path}" is no longer generated, but was edited by hand, so it was kept.`,
    fix: "Delete the file if you do not need it.",
  },
  "output/lock-unreadable": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `"${p.path}" cannot be used: ${p.reason}. Nothing was changed.`,
    fix: "Restore the file from version control (resolve a merge first). If it is lost, delete it and run again with `--force`.",
  },
  ...databaseCatalog,
  ...migrationCatalog,
  ...emitterCatalog,
  ...evolutionCatalog,
  ...breakingCatalog,
  ...scaffoldCatalog,
} as const satisfies Record<string, Entry>;

export type DiagnosticCode = keyof typeof catalog;
export type DiagnosticParams<C extends DiagnosticCode> = Parameters<(typeof catalog)[C]["message"]>[0];

export const DIAGNOSTIC_CODES = Object.keys(catalog) as readonly DiagnosticCode[];

export const isDiagnosticCode = (text: string): text is DiagnosticCode => Object.hasOwn(catalog, text);

/** The only way to make a diagnostic: the code decides which parameters it needs. */
export function report<C extends DiagnosticCode>(
  code: C,
  at: SourceSpan,
  params: DiagnosticParams<C>,
  more: { readonly suggestion?: string | undefined; readonly related?: readonly Related[] } = {},
): Diagnostic {
  const { severity, message, fix }: Entry = catalog[code];
  return {
    code,
    severity,
    message: (message as (params: DiagnosticParams<C>) => string)(params),
    at,
    fix,
    ...(more.suggestion === undefined ? {} : { suggestion: more.suggestion }),
    ...(more.related === undefined || more.related.length === 0 ? {} : { related: more.related }),
  };
}
