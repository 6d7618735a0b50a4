/** Entry point `@synckit-gen/schemas/diagnostics`. */
export { catalog, DIAGNOSTIC_CODES, isDiagnosticCode, report } from "./diagnostics/catalog.ts";
export type { DiagnosticCode, DiagnosticParams } from "./diagnostics/catalog.ts";
export { wholeFile } from "./diagnostics/diagnostic.ts";
export type { Diagnostic, Related, SourceSpan, Staged } from "./diagnostics/diagnostic.ts";
