/** What doctor finds: a diagnostic with the SQL that repairs it. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, DiagnosticCode, DiagnosticParams, SourceSpan } from "@synckit-gen/schemas/diagnostics";

export interface Finding extends Diagnostic {
  /** Statements without closing semicolons; empty where a person has to decide. */
  readonly sql: readonly string[];
  /** True where the statements touch nothing but what sync owns, so that `--fix` may run them. */
  readonly isFixable: boolean;
}

export const finding = <C extends DiagnosticCode>(code: C, at: SourceSpan, params: DiagnosticParams<C>): Finding => ({
  ...report(code, at, params),
  sql: [],
  isFixable: false,
});

/** With SQL on what sync owns: its tables, its triggers, its indexes. */
export const fixable = (found: Finding, ...sql: readonly string[]): Finding => ({ ...found, sql, isFixable: true });

/** With SQL on what the app owns, for a person to run. */
export const advised = (found: Finding, ...sql: readonly string[]): Finding => ({ ...found, sql });
