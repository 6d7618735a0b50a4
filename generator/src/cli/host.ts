/** What the command line touches outside of the disk, so that a test can hold it in its hands. */
import type { Emitter } from "@synckit-gen/schemas/model";

export interface Sink {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
}

export interface Host {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly emitters: readonly Emitter[];
}

/** Exit codes; stable, and listed in `--help`. */
export const EXIT = { ok: 0, findings: 1, unusable: 2, bug: 70 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
