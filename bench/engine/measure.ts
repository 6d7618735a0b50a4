/** What a part of the engine's benchmark gives, how CPU time is taken, and how medians of several runs become lines of a report. */

/** One measurement of one run. */
export interface Sample {
  readonly name: string;
  /** CPU milliseconds of the whole process, or bytes. */
  readonly cost: number;
  readonly unit: "ms" | "bytes";
  /** How many of what was done, for a rate per CPU second. */
  readonly rows?: number;
  /** The sample of the same run that this one is divided by. */
  readonly base?: string;
  /** The ratio to `base` that this is meant to stay below. */
  readonly atMost?: number;
  /** Rows per CPU second that this is meant to reach. */
  readonly atLeast?: number;
}

/** One part, called once a run with an empty folder of its own. It asserts that the work was done right before it gives its cost. */
export type Part = (folder: string) => readonly Sample[] | Promise<readonly Sample[]>;

/** CPU milliseconds, user and system, of all of the process's threads. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** A line for each sample's name: the median of its costs, and of its ratios to its base in the same run. */
export function report(runs: readonly (readonly Sample[])[]): readonly string[] {
  const names = [...new Set(runs.flatMap((samples) => samples.map(({ name }) => name)))];
  return names.map((name) => {
    const found = runs.flatMap((samples) => {
      const sample = samples.find((candidate) => candidate.name === name);
      return sample === undefined ? [] : [{ sample, base: samples.find((candidate) => candidate.name === sample.base) }];
    });
    const cost = median(found.map(({ sample }) => sample.cost));
    const [{ sample, base }] = found as [(typeof found)[number]];
    const words = [
      name.padEnd(46),
      sample.unit === "ms" ? `${cost.toFixed(0).padStart(7)} ms` : `${(cost / 1e6).toFixed(1).padStart(7)} MB`,
    ];
    if (sample.rows !== undefined) {
      const rate = (sample.rows / cost) * 1_000;
      words.push(`${Math.round(rate).toLocaleString("en-US").padStart(9)} per CPU s`);
      if (sample.atLeast !== undefined) words.push(verdict(rate >= sample.atLeast, `at least ${sample.atLeast.toLocaleString("en-US")}`));
    }
    if (base !== undefined) {
      const ratio = median(found.map((pair) => pair.sample.cost / (pair.base?.cost ?? Number.NaN)));
      words.push(`${ratio.toFixed(2)} of ${base.name}`);
      if (sample.atMost !== undefined) words.push(verdict(ratio <= sample.atMost, `at most ${sample.atMost}`));
    }
    return words.join("  ");
  });
}

const verdict = (isReached: boolean, limit: string): string => `(${limit}: ${isReached ? "reached" : "NOT reached"})`;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
