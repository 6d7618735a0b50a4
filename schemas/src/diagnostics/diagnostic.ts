/** What is wrong in a schema, where, and what to do about it. */

/** A stretch of source text. Lines and columns count from 1, columns in UTF-16 units; `end` is exclusive. */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface Diagnostic {
  /** `area/what-is-wrong`; never renamed, never reused. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly at: SourceSpan;
  /** What to do, in general. */
  readonly fix: string;
  /** The likely intended word, where one is close. */
  readonly suggestion?: string;
  readonly related?: readonly { readonly at: SourceSpan; readonly message: string }[];
}

/** The outcome of a stage: a value with warnings, or findings that stop the run. */
export type Staged<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };
