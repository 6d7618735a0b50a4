/** The seed of everything that tests draw at random: one number, the same at every run unless `npm run fuzz` gives another. */

/** Set by `npm run fuzz` for a round. */
export const SEED_VARIABLE = "SYNCKIT_FUZZ_SEED";
export const RUNS_FACTOR_VARIABLE = "SYNCKIT_FUZZ_RUNS_FACTOR";

const DEFAULT_SEED = 1;

const { [SEED_VARIABLE]: given, [RUNS_FACTOR_VARIABLE]: factor } = process.env;

/** A 32-bit whole number. */
export const seed = Number(given ?? DEFAULT_SEED);

/** How many times the cases that a property asks for are tried. */
export const runsFactor = Number(factor ?? 1);

/** For tests that run one history per seed: `count` of them, others in each round of `npm run fuzz`. */
export const someSeeds = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => seed + at);

/** Tries the same cases again; `files` as they are seen from the repository's root. */
export const replayCommand = (of: { readonly seed: number; readonly runsFactor: number }, files: readonly string[]): string =>
  ["npm run fuzz -- --seed", of.seed, "--runs-factor", of.runsFactor, ...files].join(" ");
