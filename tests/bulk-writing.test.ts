import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import { bulkWriting } from "../runtime/src/store/bulk-writing.ts";

interface Settings {
  readonly log: unknown;
  readonly cache: unknown;
}

/** `own`: what the app has set on its connection. */
function open(own: Settings): { readonly now: () => Settings; readonly during: (body?: () => void) => Settings } {
  const db = new Database(":memory:");
  db.pragma(`wal_autocheckpoint = ${String(own.log)}`);
  db.pragma(`cache_size = ${String(own.cache)}`);
  const now = (): Settings => ({
    log: db.pragma("wal_autocheckpoint", { simple: true }),
    cache: db.pragma("cache_size", { simple: true }),
  });
  const during = (body?: () => void): Settings =>
    bulkWriting(betterSqlite3Driver(db), () => {
      const inside = now();
      body?.();
      return inside;
    });
  return { now, during };
}

const RAISED: Settings = { log: 8_000, cache: -32_000 };

test.each([
  { log: 500, cache: -2_000 },
  { log: 1_000, cache: 2_000 },
])("the log and the cache may grow while the body runs, and the app's own limits are back afterwards: %o", (own) => {
  const { now, during } = open(own);
  expect(during()).toEqual(RAISED);
  expect(now()).toEqual(own);
});

test("the limits are back where the body fails", () => {
  const own = { log: 500, cache: -2_000 };
  const { now, during } = open(own);
  expect(() =>
    during(() => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(now()).toEqual(own);
});

test.each([
  { own: { log: 0, cache: -2_000 }, inside: { log: 0, cache: -32_000 } },
  { own: { log: 20_000, cache: -2_000 }, inside: { log: 20_000, cache: -32_000 } },
  { own: { log: 500, cache: -64_000 }, inside: { log: 8_000, cache: -64_000 } },
  { own: { log: 500, cache: 10_000 }, inside: { log: 8_000, cache: 10_000 } },
])("an app that has higher limits keeps them, and one that never has the log moved: %o", ({ own, inside }) => {
  const { now, during } = open(own);
  expect(during()).toEqual(inside);
  expect(now()).toEqual(own);
});
