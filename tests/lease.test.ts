import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { betterSqlite3Driver } from "../runtime/src/driver/better-sqlite3.ts";
import { cycleLease, LEASE_MS } from "../runtime/src/store/lease.ts";

function lease() {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE sync_state (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  let now = 1_000_000;
  return { ...cycleLease(betterSqlite3Driver(database), () => now), pass: (ms: number) => void (now += ms) };
}

test("one owner at a time, until it is given back or runs out", () => {
  const { take, release, pass } = lease();
  expect(take("a")).toBe(true);
  expect(take("b")).toBe(false);
  release("b");
  expect(take("b")).toBe(false);
  release("a");
  expect(take("b")).toBe(true);

  pass(LEASE_MS - 1);
  expect(take("b")).toBe(true); // renewed
  pass(LEASE_MS - 1);
  expect(take("a")).toBe(false);
  pass(1);
  expect(take("a")).toBe(true);
});

test("a clock that was put back since does not make it last", () => {
  const { take, pass } = lease();
  take("a");
  pass(-1);
  expect(take("b")).toBe(true);
});
