/** The contract between the generator and an emitter: a frozen model in, file texts out. */
import type { SyncModel } from "./model.ts";

/** What an emitter may know besides the model. */
export interface EmitContext {
  /** The generator's version, for headers. */
  readonly version: string;
  /** First 16 hex digits of SHA-256 over the canonical model, for headers and trigger comments. */
  readonly modelHash: string;
  /** Suffix of relative imports in generated TypeScript. */
  readonly importSuffix: ".js" | ".ts" | "";
}

export interface OutputFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  /** LF line ends, one trailing newline. */
  readonly text: string;
  /** `generated`: ours, overwritten. `scaffold`: written once, then the user's. */
  readonly ownership: "generated" | "scaffold";
}

/** Pure and deterministic: equal models give equal bytes, without dates, paths or random names. */
export interface Emitter {
  readonly name: string;
  readonly summary: string;
  readonly emit: (model: SyncModel, context: EmitContext) => readonly OutputFile[];
}

export const defineEmitter = (emitter: Emitter): Emitter => emitter;
