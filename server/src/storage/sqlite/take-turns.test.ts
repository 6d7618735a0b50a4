import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeTurns, type Turns } from "./take-turns.ts";

let db: Database.Database;
let begun: number;
let turns: Turns;
beforeEach(() => {
  db = new Database(":memory:");
  db.exec("CREATE TABLE t (x TEXT NOT NULL)");
  begun = 0;
  turns = takeTurns(db, async () => {
    begun += 1;
    db.exec("BEGIN IMMEDIATE");
  });
});
afterEach(() => db.close());

const all = (): readonly unknown[] => db.prepare("SELECT x FROM t ORDER BY x").pluck().all();
const insert = (x: string | null) => turns.write(async () => db.prepare("INSERT INTO t VALUES (?)").run(x).changes);

test("transactions that wait together share one commit", async () => {
  const results = await Promise.all(["a", "b", "c"].map((x) => insert(x)));

  expect(results).toEqual([1, 1, 1]);
  expect(begun).toBe(1);
  expect(all()).toEqual(["a", "b", "c"]);
});

test("one that fails is undone alone", async () => {
  const half = turns.write(async () => {
    db.prepare("INSERT INTO t VALUES ('half')").run();
    throw new Error("no");
  });
  const results = await Promise.allSettled([insert("a"), half, insert(null), insert("b")]);

  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
  expect(begun).toBe(1);
  expect(all()).toEqual(["a", "b"]);
});

test("when the whole is rolled back, none has happened", async () => {
  const results = await Promise.allSettled([
    insert("a"),
    turns.write(async () => void db.exec("ROLLBACK; SELECT * FROM nowhere")),
    insert("b"),
  ]);

  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(all()).toEqual([]);
  expect(await insert("c")).toBe(1);
});

test("a read that comes meanwhile sees all of a transaction or nothing", async () => {
  const seen: (readonly unknown[])[] = [];
  const look = () => turns.read(async () => void seen.push(all()));
  await Promise.all([
    look(),
    turns.write(async () => {
      db.prepare("INSERT INTO t VALUES ('a')").run();
      void look();
      await Promise.resolve();
      db.prepare("INSERT INTO t VALUES ('b')").run();
    }),
  ]);
  await turns.idle();

  expect(seen).toEqual([[], ["a", "b"]]);
});

test("a read that fails fails alone", async () => {
  const results = await Promise.allSettled([turns.read(async () => expect.fail("no")), turns.read(async () => 1)]);

  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});
