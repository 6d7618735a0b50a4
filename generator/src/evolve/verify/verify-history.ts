/** Proves a history: each migration by itself, and the way from every old version to the newest. */
import type { SyncModel } from "@synckit-gen/schemas/model";
import { readMigration } from "@synckit-gen/templates";
import type { Database } from "../../sqlite/database.ts";
import { inRunOrder } from "../history.ts";
import type { History } from "../history.ts";
import { modelAfter } from "../merge-models.ts";
import { stepsBetween } from "../model-steps.ts";
import { verifyPair } from "./verify-pair.ts";
import type { PairQuestion, VerifiedMigration } from "./verify-pair.ts";

export interface VerifyOptions {
  readonly seed: number;
  /** Rows of a table, at most. */
  readonly rows: number;
  /** How often each pair is tried, each time with other rows. */
  readonly rounds: number;
  readonly open: () => Promise<Database>;
}

export interface VerifiedPair {
  /** Names of migrations: the database has run all up to `from`, and ends with `to`. */
  readonly from: string;
  readonly to: string;
  /** Empty where nothing differs. */
  readonly differences: readonly string[];
  /** The rows that are enough to see it, by table. Empty where nothing differs. */
  readonly rows: ReadonlyMap<string, number>;
  readonly seed: number;
}

/** Null where a model in between cannot be said, because branches are in conflict. */
export async function verifyHistory(history: History, options: VerifyOptions): Promise<readonly VerifiedPair[] | null> {
  const stages = stagesOf(history);
  if (stages === null) return null;
  const pairs: VerifiedPair[] = [];
  const last = stages.length - 1;
  for (const [from, stage] of stages.entries()) {
    // The next version, and the newest, which may be the same.
    for (const to of new Set([from + 1, last])) {
      if (to <= from || to > last) continue;
      const migrations = stages.slice(from + 1, to + 1).map(({ migration }) => migration);
      // oxlint-disable-next-line no-await-in-loop -- one database at a time
      pairs.push(await verifyRounds({ before: stage.model, migrations }, stage.name, stages[to]?.name ?? "", options));
    }
  }
  return pairs;
}

interface Stage {
  readonly name: string;
  /** After the migration. */
  readonly model: SyncModel;
  readonly migration: VerifiedMigration;
}

/** Every state that a database passes through. */
function stagesOf(history: History): readonly Stage[] | null {
  const order = inRunOrder(history.migrations);
  const stages: Stage[] = [];
  for (const [i, { name }] of order.entries()) {
    const found = modelAfter(history, order.slice(0, i + 1));
    const model = found.ok ? found.model : null;
    if (model === null) return null;
    const { statements, marks } = readMigration(name, history.texts.get(name) ?? "");
    const steps = stepsBetween(stages.at(-1)?.model ?? model, model);
    stages.push({ name, model, migration: { name, statements, foreignKeysOff: marks.foreignKeysOff, steps } });
  }
  return stages;
}

async function verifyRounds(
  pair: Pick<PairQuestion, "before" | "migrations">,
  from: string,
  to: string,
  options: VerifyOptions,
): Promise<VerifiedPair> {
  for (let round = 0; round < options.rounds; round++) {
    const seed = (options.seed + round) >>> 0;
    const most = new Map(pair.before.tables.map(({ name }) => [name, options.rows]));
    const question = { ...pair, seed, most, open: options.open };
    // oxlint-disable-next-line no-await-in-loop -- the first that fails ends it
    const differences = await verifyPair(question);
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (differences.length > 0) return { from, to, ...(await shrink(question, differences)), seed };
  }
  return { from, to, differences: [], rows: new Map(), seed: options.seed };
}

/** Takes rows away, table by table, as long as something still differs. */
async function shrink(question: PairQuestion, differences: readonly string[]): Promise<Pick<VerifiedPair, "differences" | "rows">> {
  let best = { differences, rows: question.most };
  for (const [table, count] of question.most) {
    for (const fewer of [0, 1, 2, Math.floor(count / 2)]) {
      if (fewer >= (best.rows.get(table) ?? 0)) continue;
      const rows = new Map([...best.rows, [table, fewer]]);
      // oxlint-disable-next-line no-await-in-loop -- each try builds on the one before
      const found = await verifyPair({ ...question, most: rows });
      if (found.length === 0) continue;
      best = { differences: found, rows };
      break;
    }
  }
  return { ...best, rows: new Map([...best.rows].filter(([, count]) => count > 0)) };
}
