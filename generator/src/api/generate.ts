/** `generate` and `readModel` as functions of texts: what a first run of the command line would write. */
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import type { Emitter, SyncModel } from "@synckit-gen/schemas/model";
import * as pipeline from "../generate.ts";
import type { Generated, GenerateOptions } from "../generate.ts";
import type { SourceText } from "../parse/yaml-reader.ts";

/** Schema text in, file texts out. */
export const generate = (source: SourceText, emitters: readonly Emitter[], options: GenerateOptions = {}): Staged<Generated> =>
  pipeline.generate(source, emitters, options);

/** Schema text to model: what an emitter would get. */
export const readModel = (source: SourceText): Staged<SyncModel> => pipeline.readModel(source);
