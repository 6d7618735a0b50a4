/** What `migrate` does to a history before the next migration is planned from it. */
import { lineOf } from "./history.ts";
import type { History } from "./history.ts";

/** Everything that is written counts as run on some device from now on. */
export const seal = (history: History): History => ({
  ...history,
  migrations: history.migrations.map((record) => ({ ...record, isDeployed: true })),
});

/** Takes out what no device has run, so that one migration is planned for all of it. */
export function unwind(history: History): History {
  const deployed = history.migrations.filter(({ isDeployed }) => isDeployed);
  // What a deployed migration was written after has been deployed with it.
  const kept = new Set(deployed.flatMap(({ name }) => [...lineOf(name, history.migrations)]));
  const migrations = history.migrations.filter(({ name }) => kept.has(name));
  const taken = history.migrations.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
  if (taken.length === 0) return history;
  const only = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> => new Map([...texts].filter(([name]) => kept.has(name)));
  return {
    ...history,
    migrations,
    texts: only(history.texts),
    snapshots: only(history.snapshots),
    model: null,
    replaced: migrations.length === 0 ? [] : taken,
  };
}
