/** Seeds to runs: which schema a seed gets, what it found, and how to see it again. */
import { kindOf } from "./failure.ts";
import { type Plan, planOf, type PlanOptions } from "./plan.ts";
import { type App, appOf } from "./pool.ts";
import { runPlan } from "./run.ts";
import { FIRST_OF_LIVES, FIRST_OF_LONG_TIMES, FIRST_ROUGH } from "./schema.ts";
import { reduced, shrink } from "./shrink.ts";

export interface SeedOptions extends Pick<PlanOptions, "restore"> {
  /** How many schemas take turns. */
  readonly schemas: number;
}

export interface Found {
  readonly seed: number;
  readonly kind: string;
  readonly message: string;
  readonly keep: readonly number[];
  readonly devices: number;
  readonly replay: string;
}

export async function prepare(seed: number, options: SeedOptions): Promise<{ readonly app: App; readonly plan: Plan }> {
  const app = await appOf(seed % options.schemas);
  return {
    app,
    plan: planOf(seed, app.versions.length > 0 ? app.versions.map(({ model }) => model) : [app.model], {
      ...options,
      rough: app.number >= FIRST_ROUGH,
      lives: app.number >= FIRST_OF_LIVES,
      longTimes: app.number >= FIRST_OF_LONG_TIMES,
    }),
  };
}

/** Null: every promise was kept. */
export async function runSeed(seed: number, options: SeedOptions, isShrunk = true): Promise<Found | null> {
  const { app, plan } = await prepare(seed, options);
  const error = await failureOf(app, plan);
  if (error === null) return null;
  const kind = kindOf(error);
  const all = { keep: plan.steps.map((_, index) => index), devices: plan.skewsMs.length };
  const small = isShrunk
    ? await shrink(plan, async (candidate) => {
        const other = await failureOf(app, candidate);
        return other !== null && kindOf(other) === kind;
      })
    : all;
  const message = await failureOf(app, reduced(plan, small.keep, small.devices));
  const faults = options.restore ? " --faults restore" : "";
  return {
    seed,
    kind,
    message: message instanceof Error ? message.message : String(message),
    ...small,
    replay: `npm run sim -- --seed ${seed} --schemas ${options.schemas}${faults} --devices ${small.devices} --keep ${small.keep.join(",")}`,
  };
}

async function failureOf(app: App, plan: Plan): Promise<unknown> {
  try {
    await runPlan(app, plan);
    return null;
  } catch (error) {
    return error ?? new Error("thrown without a reason");
  }
}
