/** What is wrong in a schema, where, and what to do about it. */

/**
 * A stretch of source text. Lines and columns count from 1, columns in UTF-16 units; `end` is exclusive.
 * Line 0 is the file as a whole: one that is missing, or a folder that cannot be written.
 */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** The other end of a finding: the column's declaration, the first of two equal names. */
export interface Related {
  readonly at: SourceSpan;
  readonly message: string;
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
  readonly related?: readonly Related[];
}

/** The outcome of a stage: a value with warnings, or findings that stop the run. */
export type Staged<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The span of a finding about a file or folder rather than a place in it. */
export const wholeFile = (file: string): SourceSpan => ({ file, line: 0, column: 0, endLine: 0, endColumn: 0 });
