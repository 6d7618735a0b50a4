/**
 * Entry point `synckit-gen`: the generator as functions of texts, which read and write nothing. The command line is
 * `synckit-gen` itself; for build tools there is `synckit-gen/plugin`, for emitters of your own `synckit-gen/emitter`.
 */
export { emitters } from "@synckit-gen/templates";
export { check } from "./api/check.ts";
export type { ExistingFiles } from "./api/check.ts";
export { diff } from "./api/diff.ts";
export { renderDiagnostics } from "./cli/render.ts";
export type { SchemaDiff } from "./evolve/diff-schemas.ts";
export { generate, readModel } from "./api/generate.ts";
export type { Generated, GenerateOptions } from "./generate.ts";
export type { SourceText } from "./parse/yaml-reader.ts";
export { VERSION } from "./version.ts";
export type { Drift, DriftState } from "./write/compare.ts";
