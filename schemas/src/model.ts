/** Entry point `@synckit-gen/schemas/model`: the model and the emitter contract. */
export { canonicalJson } from "./ir/canonical.ts";
export { CONFLICT_MARK, defineEmitter } from "./ir/emitter.ts";
export type { EmitContext, Emitter, MigrationSource, ModelSteps, OutputFile, TableStep } from "./ir/emitter.ts";
export { IR_VERSION, isLocal, isSynced, localColumns, syncedColumns } from "./ir/model.ts";
export type {
  Blob,
  Changelog,
  Column,
  ColumnType,
  Identity,
  LocalColumn,
  Reference,
  SyncedColumn,
  SyncModel,
  Table,
  TableCode,
} from "./ir/model.ts";
