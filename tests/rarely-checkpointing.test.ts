import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import { rarelyCheckpointing } from "../runtime/src/store/rarely-checkpointing.ts";

function open(limit: number): { readonly limit: () => unknown; readonly during: (body?: () => void) => unknown } {
  const db = new Database(":memory:");
  db.pragma(`wal_autocheckpoint = ${limit}`);
  const now = (): unknown => db.pragma("wal_autocheckpoint", { simple: true });
  const during = (body?: () => void): unknown =>
    rarelyCheckpointing(betterSqlite3Driver(db), () => {
      const inside = now();
      body?.();
      return inside;
    });
  return { limit: now, during };
}

test("the log may grow while the body runs, and the app's own limit is back afterwards", () => {
  const { limit, during } = open(500);
  expect(during()).toBe(8_000);
  expect(limit()).toBe(500);
});

test("the limit is back where the body fails", () => {
  const { limit, during } = open(500);
  expect(() =>
    during(() => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(limit()).toBe(500);
});

test.each([0, 20_000])("an app that has set %i keeps it", (own) => {
  const { limit, during } = open(own);
  expect(during()).toBe(own);
  expect(limit()).toBe(own);
});
