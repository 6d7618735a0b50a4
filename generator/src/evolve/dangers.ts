/** What a migration would do to data that exists, where it changes the application's own tables. */
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { ModelChange } from "./model-diff.ts";

interface DangerOptions {
  readonly allowsDestructive?: boolean;
  readonly file: string;
}

/** Without `create`, the application changes its own tables, and knows what it does. */
export function dangersOf(
  before: SyncModel | null,
  after: SyncModel,
  changes: readonly ModelChange[],
  { allowsDestructive = false, file }: DangerOptions,
): { readonly diagnostics: readonly Diagnostic[] } {
  if (before?.create !== true || !after.create) return { diagnostics: [] };
  const at = wholeFile(file);
  const lost = changes.flatMap((change) => lossOf(change) ?? []);
  const destructive = lost.length === 0 || allowsDestructive ? [] : [report("migration/destructive", at, { changes: lost })];
  const valueless = changes.flatMap((change) => {
    const missing = missingValue(change, after);
    return missing === null ? [] : [report("migration/no-value", at, missing)];
  });
  const fragile = changes.filter(mayFail).map(({ words }) => report("migration/may-fail", at, { change: words }));
  return { diagnostics: [...destructive, ...valueless, ...fragile] };
}

/** The data that is gone with a change, in words; null where none is. */
export function lossOf(change: ModelChange): string | null {
  if (change.kind === "table-removed") return `all rows of "${change.table}"`;
  return change.kind === "column-removed" ? `the values of ${change.table}.${change.column}` : null;
}

/** SQLite gives a new column its default; a key that is not declared has none either. */
function missingValue(
  change: ModelChange,
  after: SyncModel,
): { readonly table: string; readonly column: string; readonly isNew: boolean } | null {
  const isNew = change.kind === "column-added";
  if (!isNew && !(change.kind === "column-nullable-changed" && !change.after)) return null;
  const table = after.tables.find(({ name }) => name === change.table);
  const column = table?.columns.find(({ name }) => name === change.column);
  if (table === undefined || column === undefined) return null;
  const isRequired = !column.nullable || table.key.includes(column.name);
  const hasDefault = column.default !== null && !/^NULL$/iu.test(column.default);
  return isRequired && !hasDefault ? { table: table.name, column: column.name, isNew } : null;
}

/** Rules that rows may break which were written before the rule. */
const mayFail = ({ kind }: ModelChange): boolean =>
  kind === "unique-added" || kind === "key-changed" || kind === "reference-added" || kind === "reference-changed";
