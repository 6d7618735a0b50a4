/** What can be wrong between the schema and the migrations that devices may have run. */
import type { Diagnostic } from "./diagnostic.ts";

interface Entry {
  readonly severity: Diagnostic["severity"];
  readonly message: (params: never) => string;
  readonly fix: string;
}

export const migrationCatalog = {
  "migration/edited": {
    severity: "error",
    message: (p: { path: string; isMissing: boolean }) =>
      `"${p.path}" is ${p.isMissing ? "missing" : "not as it was written"}. A migration that devices may have run stays as it is. Nothing was changed.`,
    fix: "Restore the file from version control. What must change comes with a later migration: change the schema and run `synckit-gen generate`.",
  },
  "migration/conflicting-branches": {
    severity: "error",
    message: (p: { table: string; first: string; second: string }) =>
      `Two branches have both changed "${p.table}": "${p.first}" and "${p.second}" were each written without the other. Nothing was changed.`,
    fix: "If no device has run them, `synckit-gen migrate squash` writes one migration for both. If one has been deployed, take the other branch's migration out (its line in the lock, its file and its model) and run `synckit-gen generate`.",
  },
  "migration/destructive": {
    severity: "error",
    message: (p: { changes: readonly string[] }) =>
      `The migration would delete data on every device: ${p.changes.join("; ")}. Nothing was changed.`,
    fix: "Run again with `--allow-destructive` if that is meant. If a name has only changed, say so with `renamed_from`.",
  },
  "migration/name-reused": {
    severity: "error",
    message: (p: { table: string; column: string | null; name: string; version: string }) => {
      const kind = p.column === null ? "table" : "column";
      const thing = p.column === null ? `The table "${p.table}"` : `The column "${p.column}" of "${p.table}"`;
      const claim =
        p.name === (p.column ?? p.table)
          ? `${thing} has the name of another ${kind}, which synced as of "${p.version}"`
          : `${thing} says \`renamed_from: ${p.name}\`, and the ${kind} that "${p.version}" calls so did not become it`;
      return `${claim}. Entries under that name stay in the log: a device that joins later would take their values for the new ${kind}'s, one that was there has none of them, and nothing makes them agree. Nothing was changed.`;
    },
    fix: "Choose a name under which no version has synced anything, and name with `renamed_from` only what the version before this one calls it. If no device has run the migrations that are not sealed, `synckit-gen migrate squash` takes a removal among them back.",
  },
  "migration/no-value": {
    severity: "error",
    message: (p: { table: string; column: string; isNew: boolean }) =>
      `The column "${p.column}" of "${p.table}" ${p.isNew ? "is new and" : "becomes"} NOT NULL and has no default, so rows that exist ${p.isNew ? "get" : "may have"} no value for it.`,
    fix: "Give the column a `default`, or make it nullable with `?`.",
  },
  "migration/may-fail": {
    severity: "warning",
    message: (p: { change: string }) => `The migration stops on a device whose rows do not agree with it: ${p.change}.`,
    fix: "Make sure that no row on any device breaks the rule, for instance by a release of the app that repairs its rows first.",
  },
  "migration/wrong": {
    severity: "error",
    message: (p: { from: string; to: string; differences: readonly string[]; rows: string; seed: number }) =>
      `From "${p.from}" to "${p.to}", the migrations give something else than the schema says (seed ${p.seed}; rows that show it: ${p.rows === "" ? "none" : p.rows}): ${p.differences.join("; ")}.`,
    fix: "If the migration was written by hand, compare it with what `synckit-gen generate` writes. If it was not, this is a bug: report it with the schema, the migration and the seed.",
  },
  "migration/bits-exhausted": {
    severity: "error",
    message: (p: { table: string; maximum: number }) =>
      `The table "${p.table}" has had ${p.maximum} synced columns in its time, and the changed-column mask has no place for another. Places of removed columns are not used again.`,
    fix: "Gather new columns in a `json` column, or move them to a second table with the same key.",
  },
} as const satisfies Record<string, Entry>;
