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
  /** The built-in emitters. Loaded by the commands that emit: `check` is often done without them. */
  readonly loadEmitters: () => Promise<readonly Emitter[]>;
  /** Calls back once, when the user wants a command that runs for ever to end. */
  readonly onInterrupt: (stop: () => void) => void;
  /** Asks on the terminal; null where the user ends the input. Absent where there is no terminal. */
  readonly ask?: (question: string) => Promise<string | null>;
}

/** Exit codes; stable, and listed in `--help`. */
export const EXIT = { ok: 0, findings: 1, unusable: 2, undecided: 3, bug: 70, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
