/** Entry point `@synckit-gen/schemas/diagnostics`. */
export type { Diagnostic, SourceSpan, Staged } from "./diagnostics/diagnostic.ts";
