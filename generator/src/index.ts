/** Entry point `synckit-gen`: the generator as functions. The command line is `synckit-gen` itself. */
export { generate, readModel } from "./generate.ts";
export type { GenerateOptions, Generated } from "./generate.ts";
export { renderDiagnostics } from "./cli/render.ts";
export type { SourceText } from "./parse/yaml-reader.ts";
export { VERSION } from "./version.ts";
