/**
 * Keeps one output folder current while its schema changes. It runs only when the text of something that it read has
 * changed, so that its own output, a touched file or an editor's backup never makes it run.
 */
import type { ProjectOutcome } from "../project/run-project.ts";
import { fingerprint, isEmpty } from "../load/fingerprint.ts";
import { watchFiles } from "../load/watch-files.ts";
import { runWhenAsked } from "./run-when-asked.ts";

/** Shorter than anyone notices. */
const QUIET_MS = 20;
/** How often a schema is found empty before that is believed: an editor empties it and fills it, on a busy machine half a second later. */
const MOST_EMPTY_LOOKS = 25;

export interface WatchOptions {
  /** One run. What it read, it says in its outcome. */
  readonly run: () => Promise<ProjectOutcome>;
  /** The schema, which may not exist at first. Absolute. */
  readonly schema: string;
  readonly onOutcome: (outcome: ProjectOutcome, durationMs: number) => void;
  readonly onBug: (error: unknown) => void;
}

export interface Watch {
  readonly close: () => Promise<void>;
}

/** Runs once, then whenever there is a reason to. Resolves after the first run, or without one while the schema is empty. */
export async function watchProject({ run, schema, onOutcome, onBug }: WatchOptions): Promise<Watch> {
  let inputs: readonly string[] = [schema];
  let last: string | null = null;
  let emptyLooks = 0;

  const runOnce = async (): Promise<void> => {
    // Taken before the run: a change during it is a reason for another.
    const before = fingerprint(inputs);
    if (before === last) return;
    if (emptyLooks < MOST_EMPTY_LOOKS && isEmpty(schema)) {
      emptyLooks += 1;
      runner.ask();
      return;
    }
    emptyLooks = 0;
    const started = performance.now();
    const outcome = await run();
    const read = new Set([schema, ...outcome.inputs]);
    last = sameSet(read, inputs) ? before : null;
    inputs = [...read];
    last ??= fingerprint(inputs);
    files.follow(inputs);
    onOutcome(outcome, performance.now() - started);
  };

  const runner = runWhenAsked(runOnce, QUIET_MS, onBug);
  const files = watchFiles(runner.ask);
  files.follow(inputs);
  await runOnce();
  // What changed between reading and watching made no event.
  runner.ask();
  return {
    close: async () => {
      files.close();
      await runner.close();
    },
  };
}

const sameSet = (a: ReadonlySet<string>, b: readonly string[]): boolean => a.size === b.length && b.every((path) => a.has(path));
