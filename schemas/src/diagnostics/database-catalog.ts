/** What can be wrong with an app's database: entries of the catalogue that `introspect` and `doctor` report. */
import type { Diagnostic } from "./diagnostic.ts";

interface Entry {
  readonly severity: Diagnostic["severity"];
  readonly message: (params: never) => string;
  readonly fix: string;
}

/** What a finding is about, for messages. */
export interface InTable {
  readonly table: string;
}

export interface InColumn extends InTable {
  readonly column: string;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

const entries = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`);

const rows = (count: number): string => (count === 1 ? "1 row" : `${count} rows`);

export const databaseCatalog = {
  "database/not-found": {
    severity: "error",
    message: (p: { path: string }) => `There is no database at "${p.path}".`,
    fix: "Give the path of an SQLite file.",
  },
  "database/unreadable": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `The database "${p.path}" cannot be used: ${p.reason}.`,
    fix: "Name an SQLite file that may be read; `--fix` also needs to write to it and to its folder.",
  },
  "database/locked": {
    severity: "error",
    message: (p: { path: string }) => `The database "${p.path}" is locked: another program is writing to it. Nothing was changed.`,
    fix: "Close the program that uses the database, or wait until it has finished, and run the command again.",
  },
  "database/unknown-table": {
    severity: "error",
    message: (p: InTable) => `The database has no table "${p.table}".`,
    fix: "Name tables of the database after `--tables`, separated by commas.",
  },
  "database/nothing-to-sync": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `No table of "${p.path}" can sync: ${p.reason}.`,
    fix: "Give the tables primary keys, name other ones with `--tables`, or begin with a schema of your own and `create: true`.",
  },
  "doctor/schema-not-generated": {
    severity: "warning",
    message: (p: { lock: string }) => `The schema has changed since files were last generated: "${p.lock}" is of another model.`,
    fix: "Run `synckit-gen generate`, then the new migration on the database.",
  },
  "doctor/damaged": {
    severity: "error",
    message: (p: { reason: string }) => `SQLite finds the file damaged: ${p.reason}.`,
    fix: "Restore a backup, or save what can be read with the `.recover` command of the sqlite3 shell.",
  },
  "doctor/table-missing": {
    severity: "error",
    message: (p: InTable) => `The database has no table "${p.table}".`,
    fix: "Create the table, or remove it from the schema.",
  },
  "doctor/table-wrong-kind": {
    severity: "error",
    message: (p: InTable & { kind: string }) => `"${p.table}" is a ${p.kind} in the database, and only ordinary tables can sync.`,
    fix: "Name the tables behind it in the schema.",
  },
  "doctor/column-missing": {
    severity: "error",
    message: (p: InColumn) => `The table "${p.table}" has no column "${p.column}" in the database.`,
    fix: "Add the column, or remove it from the schema.",
  },
  "doctor/column-generated": {
    severity: "error",
    message: (p: InColumn) => `"${p.column}" of "${p.table}" is a generated column: no value of another device can be written to it.`,
    fix: "Remove the column from the schema; every device computes it for itself.",
  },
  "doctor/column-type": {
    severity: "warning",
    message: (p: InColumn & { type: string; declared: string; affinity: string }) =>
      `"${p.column}" of "${p.table}" is ${p.type} in the schema, but ${p.declared === "" ? "without a type" : p.declared} (${p.affinity} affinity) in the database, which stores some of its values as something else.`,
    fix: "Give the column the type in the schema that its values have.",
  },
  "doctor/column-not-null": {
    severity: "error",
    message: (p: InColumn) =>
      `"${p.column}" of "${p.table}" may be NULL in the schema, but not in the database: a NULL from another device cannot be stored.`,
    fix: "Remove the `?` in the schema, or let the column be NULL in the database of every device.",
  },
  "doctor/column-nullable": {
    severity: "warning",
    message: (p: InColumn) => `"${p.column}" of "${p.table}" may be NULL in the database, but not in the schema.`,
    fix: "Write a `?` after the type in the schema, or make the column NOT NULL.",
  },
  "doctor/column-required": {
    severity: "error",
    message: (p: InColumn) =>
      `"${p.column}" of "${p.table}" is NOT NULL without a default, and the schema does not say what it holds in a row that arrives from another device.`,
    fix: "Sync the column, or give it an `on_insert` under `local`.",
  },
  "doctor/key-differs": {
    severity: "error",
    message: (p: InTable & { key: readonly string[]; found: readonly string[] }) =>
      `The key of "${p.table}" is ${quoted(p.key)} in the schema, and ${p.found.length === 0 ? "there is none" : quoted(p.found)} in the database.`,
    fix: "Correct `key` in the schema.",
  },
  "doctor/identity-not-unique": {
    severity: "error",
    message: (p: InTable & { columns: readonly string[] }) =>
      `Rows of "${p.table}" are recognised by ${quoted(p.columns)}, on which the database has no unique index: remote changes cannot be stored.`,
    fix: "Create the unique index, or correct `key` or `match` in the schema.",
  },
  "doctor/identity-null": {
    severity: "warning",
    message: (p: InTable & { count: number }) =>
      `${rows(p.count)} of "${p.table}" ${p.count === 1 ? "has" : "have"} NULL in the key and never sync.`,
    fix: "Give the rows a key.",
  },
  "doctor/identity-class": {
    severity: "warning",
    message: (p: InColumn & { type: string; found: string; wanted: string; count: number }) =>
      `${rows(p.count)} of "${p.table}" ${p.count === 1 ? "has" : "have"} ${p.found} in the key column "${p.column}", which is ${p.type} in the schema (${p.wanted}), and never ${p.count === 1 ? "syncs" : "sync"}.`,
    fix: "Store the key as its type says, together with what refers to it; let the app bind it so.",
  },
  "doctor/unique-missing": {
    severity: "warning",
    message: (p: InTable & { columns: readonly string[] }) =>
      `The schema says that ${quoted(p.columns)} of "${p.table}" is unique, and the database has no unique index for it.`,
    fix: "Create the index, or remove the line from `unique`.",
  },
  "doctor/unique-undeclared": {
    severity: "warning",
    message: (p: InTable & { columns: readonly string[]; index: string }) =>
      `${quoted(p.columns)} of "${p.table}" is unique in the database (index "${p.index}"), and the schema does not say so: where two devices give one value to two rows, the second is held back.`,
    fix: "Add the columns to `unique` in the schema.",
  },
  "doctor/reference-missing": {
    severity: "warning",
    message: (p: InTable & { columns: readonly string[]; parent: string }) =>
      `The schema says that ${quoted(p.columns)} of "${p.table}" refers to "${p.parent}", and the database has no such foreign key.`,
    fix: "Remove the reference from the schema, or add the foreign key in a migration of the app.",
  },
  "doctor/reference-differs": {
    severity: "error",
    message: (p: InTable & { columns: readonly string[]; parent: string; what: string; found: string; wanted: string }) =>
      `The foreign key of ${quoted(p.columns)} of "${p.table}" to "${p.parent}" has ${p.what} ${p.found} in the database, and ${p.wanted} in the schema.`,
    fix: "Correct the reference in the schema.",
  },
  "doctor/reference-undeclared": {
    severity: "error",
    message: (p: InTable & { columns: readonly string[]; parent: string }) =>
      `${quoted(p.columns)} of "${p.table}" refers to "${p.parent}" in the database, and the schema does not say so: a row may arrive before its parent.`,
    fix: "Add the reference to the schema, with `synced: false` where the parent stays on its device.",
  },
  "doctor/reference-unusable": {
    severity: "error",
    message: (p: InTable & { reason: string }) => `SQLite cannot follow the foreign keys of "${p.table}": ${p.reason}.`,
    fix: "Correct the foreign key in a migration of the app: while foreign keys are on, writes to the table fail.",
  },
  "doctor/reference-dangling": {
    severity: "error",
    message: (p: InTable & { parent: string; count: number }) =>
      `${rows(p.count)} of "${p.table}" ${p.count === 1 ? "refers" : "refer"} to rows of "${p.parent}" that do not exist.`,
    fix: "Set the references to NULL, or delete the rows; check that the app turns on `PRAGMA foreign_keys`.",
  },
  "doctor/index-missing": {
    severity: "warning",
    message: (p: InTable & { columns: readonly string[]; parent: string }) =>
      `No index begins with ${quoted(p.columns)} of "${p.table}": each delete in "${p.parent}" reads the whole table.`,
    fix: "Create the index.",
  },
  "doctor/sync-table-missing": {
    severity: "error",
    message: (p: InTable) => `The database has no table "${p.table}", which sync needs.`,
    fix: "Run the generated migrations, or the printed SQL.",
  },
  "doctor/sync-column-missing": {
    severity: "error",
    message: (p: InColumn) => `The table "${p.table}" has no column "${p.column}", which sync needs: an older version made it.`,
    fix: "Run the generated migrations, or the printed SQL.",
  },
  "doctor/sync-table-differs": {
    severity: "error",
    message: (p: InTable & { what: string }) => `The table "${p.table}" is not as sync needs it: ${p.what}.`,
    fix: "If another tool made the table, rename that one; sync needs the name.",
  },
  "doctor/trigger-missing": {
    severity: "error",
    message: (p: InTable & { trigger: string; event: string }) =>
      `The trigger "${p.trigger}" is missing: ${p.event} of "${p.table}" are not captured.`,
    fix: "Run the generated migrations, or the printed SQL. What was written meanwhile is not in the log.",
  },
  "doctor/trigger-differs": {
    severity: "error",
    message: (p: InTable & { trigger: string }) => `The trigger "${p.trigger}" on "${p.table}" is not the one that the schema gives.`,
    fix: "Run the generated migrations, or the printed SQL.",
  },
  "doctor/trigger-leftover": {
    severity: "error",
    message: (p: InTable & { trigger: string }) =>
      `The trigger "${p.trigger}" still captures "${p.table}", and the schema has no such trigger.`,
    fix: "Drop the trigger.",
  },
  "doctor/trigger-own": {
    severity: "warning",
    message: (p: InTable & { trigger: string }) =>
      `The app's trigger "${p.trigger}" on "${p.table}" also runs while remote changes are applied, so that devices may come to differ.`,
    fix: `Give it WHEN NOT EXISTS (SELECT 1 FROM sync_state WHERE key = 'applying_remote' AND value = '1').`,
  },
  "doctor/state-missing": {
    severity: "error",
    message: (p: { key: string }) => `"sync_state" has no value for "${p.key}".`,
    fix: "Run the generated migrations, or the printed SQL.",
  },
  "doctor/state-applying": {
    severity: "error",
    message: (_: object) => `"applying_remote" was left at 1: no change of the app is captured.`,
    fix: "Set it to 0. It is only ever 1 inside a transaction of sync, so something else wrote it.",
  },
  "doctor/state-invalid": {
    severity: "error",
    message: (p: { key: string; expected: string }) => `The value of "${p.key}" in "sync_state" is not ${p.expected}.`,
    fix: "Run the printed SQL: sync then works it out again.",
  },
  "doctor/row-refused": {
    severity: "warning",
    message: (p: InTable & { constraint: string; count: number }) =>
      `${rows(p.count)} of "${p.table}" ${p.count === 1 ? "has" : "have"} arrived and cannot be stored: the table refuses ${p.count === 1 ? "it" : "them"} (${p.constraint}).`,
    fix: "Let the app give such a row, or the one in its way, other values: `sync.heldRows()` says which, `sync.editHeld()` writes them, `sync.deleteHeld()` deletes the row.",
  },
  "doctor/entry-table": {
    severity: "warning",
    message: (p: InTable & { count: number }) =>
      `${entries(p.count)} of the log ${p.count === 1 ? "is" : "are"} about "${p.table}", which the schema does not sync.`,
    fix: "Mark them as not to be pushed.",
  },
  "doctor/entry-op": {
    severity: "error",
    message: (p: { count: number }) =>
      `${entries(p.count)} of the log ${p.count === 1 ? "has" : "have"} an operation other than INSERT, UPDATE and DELETE.`,
    fix: "Mark them as not to be pushed.",
  },
  "doctor/entry-data": {
    severity: "error",
    message: (p: InTable & { count: number }) =>
      `${entries(p.count)} of "${p.table}" in the log ${p.count === 1 ? "has" : "have"} data that is no JSON object.`,
    fix: "Clear the data: the row is read when the entry is pushed.",
  },
  "doctor/entry-columns": {
    severity: "error",
    message: (p: InColumn & { count: number }) =>
      `${entries(p.count)} of "${p.table}" in the log ${p.count === 1 ? "holds" : "hold"} the column "${p.column}", which the schema does not sync.`,
    fix: "Remove the column from what waits to be pushed.",
  },
  "doctor/entry-mask": {
    severity: "error",
    message: (p: InTable & { count: number }) =>
      `${entries(p.count)} of "${p.table}" in the log ${p.count === 1 ? "says" : "say"} that columns changed which the schema does not have.`,
    fix: "Clear the bits that stand for no column.",
  },
  "doctor/entry-pushed": {
    severity: "error",
    message: (p: { count: number }) => `${entries(p.count)} of the log ${p.count === 1 ? "is" : "are"} neither pushed nor waiting.`,
    fix: "Let them be pushed again; a repeated entry changes nothing.",
  },
  "doctor/entry-row-id": {
    severity: "error",
    message: (p: InTable & { count: number }) =>
      `${entries(p.count)} of "${p.table}" in the log ${p.count === 1 ? "names" : "name"} no row of the table's key.`,
    fix: "Mark them as not to be pushed.",
  },
} as const satisfies Record<string, Entry>;
