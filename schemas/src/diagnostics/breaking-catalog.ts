/**
 * The rules for breaking changes: entries of the catalogue that `diff` reports. The message says what a device on the old
 * version of the app loses or misreads, the fix what to do instead. A rule's id is its code in capitals: `COLUMN_REMOVED`.
 */
import type { Diagnostic } from "./diagnostic.ts";

interface Entry {
  readonly severity: Diagnostic["severity"];
  readonly message: (params: never) => string;
  readonly fix: string;
}

export interface InTable {
  readonly table: string;
}

export interface InColumn extends InTable {
  readonly column: string;
}

export interface Between {
  readonly before: string;
  readonly after: string;
}

export interface ToParent extends InTable {
  readonly columns: readonly string[];
  readonly parent: string;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

export const breakingCatalog = {
  "breaking/table-removed": {
    severity: "error",
    message: (p: InTable) =>
      `The table "${p.table}" no longer syncs. A device on the old version goes on sending its rows, which upgraded devices ignore, and gets no more of theirs.`,
    fix: "Keep the table until every device has upgraded, and let the new version of the app stop using it.",
  },
  "breaking/table-renamed": {
    severity: "error",
    message: (p: InTable & Between) =>
      `The table "${p.before}" is called "${p.after}" now. Upgraded devices understand the old name; devices on the old version pass over the new one, and see no change of upgraded devices until they are upgraded.`,
    fix: "Keep the name in the database and rename the table in the app's code alone, or upgrade every device first.",
  },
  "breaking/column-removed": {
    severity: "error",
    message: (p: InColumn) =>
      `The column "${p.column}" of "${p.table}" no longer syncs. What a device on the old version writes there reaches nobody; rows that upgraded devices make come to it without a value, and are held where its column is NOT NULL.`,
    fix: "Make the column nullable in one version, and remove it in a later one when no device needs it.",
  },
  "breaking/column-became-local": {
    severity: "error",
    message: (p: InColumn) =>
      `The column "${p.column}" of "${p.table}" stays on its device now. A device on the old version still sends it, reaches nobody with it, and gets rows without a value there, which are held where its column is NOT NULL.`,
    fix: "Make the column nullable in one version, and local in a later one. What has been sent stays with the server.",
  },
  "breaking/column-renamed": {
    severity: "error",
    message: (p: InTable & Between) =>
      `The column "${p.before}" of "${p.table}" is called "${p.after}" now. Upgraded devices understand the old name; devices on the old version do not know the new one, and keep the values that they had until they are upgraded.`,
    fix: "Keep the name in the database and rename the column in the app's code alone, or upgrade every device first.",
  },
  "breaking/column-type-changed": {
    severity: "error",
    message: (p: InColumn & Between) =>
      `The column "${p.column}" of "${p.table}" is ${p.after} now (was ${p.before}). A type decides how a value travels and what it means: devices of two versions may misread each other's values, or hold rows back.`,
    fix: "Add a column of the new type under another name and let the app fill it; remove the old one later.",
  },
  "breaking/column-not-null-without-default": {
    severity: "error",
    message: (p: InColumn) =>
      `"${p.column}" of "${p.table}" is NOT NULL, has no default, and is unknown to the old version. Rows that a device on the old version makes lack it, and upgraded devices hold them back.`,
    fix: "Make the column nullable with `?`, or give it a `default`.",
  },
  "breaking/column-became-not-null": {
    severity: "error",
    message: (p: InColumn) =>
      `"${p.column}" of "${p.table}" must not be NULL any more. A device on the old version still writes NULL there, and upgraded devices hold such rows back.`,
    fix: "Keep the column nullable and let the app treat NULL as the value that it should be.",
  },
  "breaking/column-became-nullable": {
    severity: "error",
    message: (p: InColumn) =>
      `"${p.column}" of "${p.table}" may be NULL now. On a device with the old version the column is NOT NULL, and rows with NULL there are held back.`,
    fix: "Let the new version write a value, not NULL, until every device has upgraded.",
  },
  "breaking/renamed-without-record": {
    severity: "error",
    message: (p: { kind: "table" | "column" } & Between) =>
      `The ${p.kind} ${p.before} is gone and ${p.after}, which looks the same, is new. If this is a rename, nothing says so: values under the old name would be left behind on every device.`,
    fix: "Write `renamed_from` with the old name if it is a rename. If it is not, ignore this rule for the new name.",
  },
  "breaking/key-changed": {
    severity: "error",
    message: (p: InTable & { before: readonly string[]; after: readonly string[] }) =>
      `Rows of "${p.table}" are recognised by the key ${quoted(p.after)} (was ${quoted(p.before)}). One row has two row ids then: old and upgraded devices refuse each other's entries or take one row for two.`,
    fix: "Keep the key, and make the new columns `unique`; or sync a new table with the new key.",
  },
  "breaking/match-changed": {
    severity: "error",
    message: (p: InTable & { before: readonly string[]; after: readonly string[] }) =>
      `Rows of "${p.table}" are recognised by ${quoted(p.after)} (was ${quoted(p.before)}). One row has two row ids then: old and upgraded devices refuse each other's entries or take one row for two.`,
    fix: "Keep `match` as it was, or sync a new table that is matched by the new columns.",
  },
  "breaking/row-ids-changed": {
    severity: "error",
    message: (p: InTable & Between) =>
      p.after === "hidden"
        ? `Row ids of "${p.table}" are hidden now. A device on the old version goes on showing them to the server, and with \`compat: synckit\` its deletes are refused by upgraded devices.`
        : `Row ids of "${p.table}" are plain now. A device on the old version goes on hiding them, so the server sees two ids of one row until all devices have upgraded.`,
    fix: "Decide on `row_ids` before the first release of a table; a new table with the other setting has no past.",
  },
  "breaking/conflicts-mode-changed": {
    severity: "error",
    message: (p: InTable & Between) =>
      `Rows of "${p.table}" merge by ${p.after} now (was by ${p.before}). Until all devices have upgraded, an edit counts as the version of its author has it: some for a column, some for the whole row.`,
    fix: "Choose `conflicts` before the first release of a table, or upgrade every device before anybody edits again.",
  },
  "breaking/compat-changed": {
    severity: "error",
    message: (p: Between) =>
      p.after === "synckit"
        ? "Payloads lose the member that says inside the encryption where they belong (`compat: synckit`). A device on the old version refuses every entry of an upgraded one as unsigned, and the server can move entries unnoticed."
        : "Payloads carry the reserved member again (`compat: full`). An upgraded device refuses every entry of the old version as unsigned, those it has sent in the past included.",
    fix: "Choose `compat` before the first release; to change it, begin anew with another account or another server.",
  },
  "breaking/apply-mode-changed": {
    severity: "error",
    message: (p: InTable & Between) =>
      p.after === "upsert"
        ? `Sync adds rows to "${p.table}" now. A device on the old version adds none: the rows wait there until its app has made them itself.`
        : `Sync no longer adds rows to "${p.table}". Rows that upgraded devices make are not sent, so a device on the old version never gets them.`,
    fix: "Choose `apply` before the first release of a table, or sync a new table with the other mode.",
  },
  "breaking/deletes-mode-changed": {
    severity: "error",
    message: (p: InTable & Between) =>
      p.after === "ignore"
        ? `Deletes in "${p.table}" stay on their device now. Those of a device on the old version are ignored: the row is gone there and stays everywhere else.`
        : `Deletes in "${p.table}" sync now. A device on the old version ignores them and keeps the rows, and its own deletes reach nobody.`,
    fix: "Choose `deletes` before the first release of a table; a `deleted` column can stand for a delete in either version.",
  },
  "breaking/reference-added": {
    severity: "error",
    message: (p: ToParent) =>
      `${quoted(p.columns)} of "${p.table}" refers to "${p.parent}" now. A device on the old version does not check that: rows with a value that names no parent are held back by upgraded devices, and it deletes parents without their children.`,
    fix: "Make the column nullable, and choose `on_delete: set null`: a row then comes without the reference rather than not at all.",
  },
  "breaking/reference-tightened": {
    severity: "error",
    message: (p: ToParent) =>
      `The reference of "${p.table}" (${quoted(p.columns)}) now needs a row of "${p.parent}" on the same device. A device on the old version writes values without one, and upgraded devices hold such rows back.`,
    fix: "Keep the reference as it was, or make its column nullable with `on_delete: set null`.",
  },
  "breaking/reference-removed": {
    severity: "error",
    message: (p: ToParent) =>
      `The reference of "${p.table}" (${quoted(p.columns)}) to "${p.parent}" binds upgraded devices no more. A device on the old version still keeps it: it holds back rows whose parent it lacks, and where a parent goes its \`on_delete\` changes or deletes rows for all devices.`,
    fix: "Keep the reference until every device has upgraded.",
  },
  "breaking/reference-on-delete-changed": {
    severity: "error",
    message: (p: ToParent & Between) =>
      `When a row of "${p.parent}" goes, upgraded devices ${words(p.after)} rows of "${p.table}" and those on the old version ${words(p.before)} them. Whichever decides last decides for all.`,
    fix: "Keep `on_delete`, or let the app change the children itself before it deletes a parent.",
  },
  "breaking/unique-added": {
    severity: "error",
    message: (p: InTable & { columns: readonly string[] }) =>
      `${quoted(p.columns)} of "${p.table}" must be unique now. A device on the old version may give one value to two rows, of which upgraded devices delete the one that was written earlier, for all.`,
    fix: "Let the app check for doubles instead, or make the values unique in one version and declare `unique` in a later one.",
  },
  "breaking/unique-removed": {
    severity: "error",
    message: (p: InTable & { columns: readonly string[] }) =>
      `${quoted(p.columns)} of "${p.table}" need not be unique any more. Where upgraded devices give one value to two rows, a device on the old version deletes the one that was written earlier, for all.`,
    fix: "Let the new version keep the values unique until every device has upgraded.",
  },
  "breaking/blob-changed": {
    severity: "error",
    message: (p: InTable) =>
      `Which files rows of "${p.table}" stand for has changed. A device on the old version transfers files by the old rule: it waits for some that are never sent, and does not send others that are expected.`,
    fix: "Sync the files through a new table, or upgrade every device before files are added.",
  },
} as const satisfies Record<string, Entry>;

const words = (onDelete: string): string =>
  onDelete === "cascade" ? "delete" : onDelete === "set null" ? "take the reference out of" : "keep and report";
