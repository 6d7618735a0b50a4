/** `sync_state`: small facts about this device, by key. */
import type { Driver } from "../driver/driver.ts";

export interface StateStore {
  readonly get: (key: string) => string | null;
  readonly set: (key: string, value: string) => void;
  /** A whole number; `fallback` where the key is missing or holds something else. */
  readonly getNumber: (key: string, fallback: number) => number;
}

export function stateStore(driver: Driver): StateStore {
  const select = driver.prepare("SELECT value FROM sync_state WHERE key = ?");
  const upsert = driver.prepare("INSERT INTO sync_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  const get = (key: string): string | null => (select.get(key)?.[0] as string | undefined) ?? null;
  return {
    get,
    set: (key, value) => void upsert.run(key, value),
    getNumber: (key, fallback) => {
      const value = Number(get(key) ?? Number.NaN);
      return Number.isSafeInteger(value) ? value : fallback;
    },
  };
}
