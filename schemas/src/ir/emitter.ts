/** The contract between the generator and an emitter: a frozen model in, file texts out. */
import type { Column, SyncModel, Table } from "./model.ts";

/** What an emitter may know besides the model. */
export interface EmitContext {
  /** The generator's version, for headers. */
  readonly version: string;
  /** First 16 hex digits of SHA-256 over the canonical model, for headers and trigger comments. */
  readonly modelHash: string;
  /** Suffix of relative imports in generated TypeScript. */
  readonly importSuffix: ".js" | ".ts" | "";
  /** The migrations, in the order in which databases run them. Absent: one, which makes everything. */
  readonly migrations?: readonly MigrationSource[];
}

/** `written`: its file exists and stays as it is. `planned`: to be written now, unless there is nothing for it to do. */
export type MigrationSource =
  | { readonly kind: "written"; readonly name: string; readonly text: string }
  | {
      readonly kind: "planned";
      readonly name: string;
      /** Null: nothing comes before it. */
      readonly steps: ModelSteps | null;
      /** Migrations that it stands for: a database that has run them all has nothing to run. */
      readonly replaces: readonly string[];
    };

/** The way from one model to the next, with renames followed. */
export interface ModelSteps {
  readonly before: SyncModel;
  readonly after: SyncModel;
  readonly added: readonly Table[];
  readonly removed: readonly Table[];
  readonly kept: readonly TableStep[];
}

export interface TableStep {
  readonly before: Table;
  readonly after: Table;
  readonly columns: {
    readonly added: readonly Column[];
    readonly removed: readonly Column[];
    readonly kept: readonly { readonly before: Column; readonly after: Column }[];
  };
}

/** Stands on the first line of each conflict in a scaffold that was merged. */
export const CONFLICT_MARK = "synckit-gen conflict:";

export interface OutputFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  /** LF line ends, one trailing newline. */
  readonly text: string;
  /** `generated`: ours, overwritten. `scaffold`: the user's to edit; what changes later is merged into it. */
  readonly ownership: "generated" | "scaffold";
}

/** Pure and deterministic: equal models give equal bytes, without dates, paths or random names. */
export interface Emitter {
  readonly name: string;
  readonly summary: string;
  readonly emit: (model: SyncModel, context: EmitContext) => readonly OutputFile[];
}

export const defineEmitter = (emitter: Emitter): Emitter => emitter;
