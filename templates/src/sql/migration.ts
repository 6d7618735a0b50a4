/** The first migration: everything a database needs before sync can run, safe to run again. Later ones: `increment.ts`. */
import type { EmitContext, SyncModel } from "@synckit-gen/schemas/model";
import { createTableSql, referenceIndexes } from "./app-tables.ts";
import { syncTableStatements } from "./sync-tables.ts";
import { triggerStatements } from "./triggers.ts";

export const INIT_NAME = "0001_init";

/** Statements that belong together, with a line for the person who reviews them. */
export interface Section {
  readonly about: string;
  /** Without a closing semicolon. */
  readonly statements: readonly string[];
}

export function migrationSections(model: SyncModel, context: EmitContext): readonly Section[] {
  return [
    ...(model.create ? ownTables(model) : []),
    ...syncTableStatements.map(({ about, sql }) => ({ about, statements: [sql] })),
    ...model.tables.map((table) => ({ about: `Capture of ${table.name}`, statements: triggerStatements(table, context.modelHash) })),
  ];
}

/** The same statements as a flat list. */
export const migrationStatements = (model: SyncModel, context: EmitContext): readonly string[] =>
  migrationSections(model, context).flatMap((section) => section.statements);

export function ownTables(model: SyncModel): readonly Section[] {
  const indexesByTable = referenceIndexes(model);
  return model.tables.map((table) => ({
    about: `Table ${table.name}`,
    statements: [createTableSql(table), ...(indexesByTable.get(table) ?? []).map(({ sql }) => sql)],
  }));
}

/** The application's own tables as `create: true` makes them, whatever the model says about who creates them. */
export const ownTableStatements = (model: SyncModel): readonly string[] => ownTables(model).flatMap(({ statements }) => statements);
