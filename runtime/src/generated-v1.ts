/** Entry point for generated code only, version 1 of the contract. What it exports never changes shape; a new shape is a new entry. */
export type {
  AppSpec,
  BlobSpec,
  ColumnSpec,
  Migration,
  NoChanges,
  ReferenceSpec,
  Slot,
  TableSpec,
  TableSql,
  TableStatements,
} from "./generated/spec.ts";
export { type StatementParts, tableStatements } from "./generated/statements.ts";
export type { SyncEvent } from "./events/sync-event.ts";
export { openSync } from "./open-sync.ts";
export type { Authorization, CompleteAuthRequest, Sync, SyncOptions, SyncReport, SyncStatusReport } from "./sync/sync.ts";
