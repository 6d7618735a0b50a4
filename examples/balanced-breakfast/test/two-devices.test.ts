// Balanced Breakfast on two devices: content is fetched by each, only what the reader did with it travels.
import { afterAll, beforeAll, expect, test } from "vitest";
import { passTime, startTwoDevices, type TwoDevices } from "../../test-support/two-devices.ts";
import { type App, openApp } from "../src/open-app.ts";
import { spec } from "../src/sync/apply.ts";

let devices: TwoDevices<App>;
let a: App;
let b: App;
beforeAll(async () => {
  devices = await startTwoDevices({ spec, open: openApp });
  ({ a, b } = devices);
  await a.db
    .insertInto("feeds")
    .values({
      id: "news",
      busser_id: "rss",
      name: "News",
      config: '{"url":"https://example.com/feed"}',
      created_at: TIME,
      updated_at: TIME,
    })
    .execute();
  await devices.settle();
});
afterAll(() => devices.close());

const TIME = "2026-11-23T09:00:00Z";

const value = (app: App, sql: string): unknown => app.database.prepare(sql).pluck().get();
const row = (app: App, sql: string): unknown => app.database.prepare(sql).get();
const itemState = (app: App, externalId: string): unknown =>
  app.database.prepare("SELECT is_read, is_starred FROM feed_items WHERE external_id = ?").get(externalId);

/** What a device's own fetch of the feed does. */
const fetchItem = (app: App, id: string, externalId: string): unknown =>
  app.database
    .prepare(
      "INSERT INTO feed_items (id, external_id, feed_id, busser_id, bite_author, bite_text) VALUES (?, ?, 'news', 'rss', 'Ada', 'Long text of an article')",
    )
    .run(id, externalId);

test("reading and starring an item travels between devices that each call it by an id of their own", async () => {
  fetchItem(a, "a-1", "urn:item:1");
  fetchItem(b, "b-1", "urn:item:1");

  await a.db.updateTable("feed_items").set({ is_read: 1 }).where("id", "=", "a-1").execute();
  await b.db.updateTable("feed_items").set({ is_starred: 1 }).where("id", "=", "b-1").execute();
  await devices.settle();

  for (const app of [a, b]) expect(itemState(app, "urn:item:1")).toEqual({ is_read: 1, is_starred: 1 });
  expect(value(a, "SELECT id FROM feed_items WHERE external_id = 'urn:item:1'")).toBe("a-1");
  expect(value(b, "SELECT id FROM feed_items WHERE external_id = 'urn:item:1'")).toBe("b-1");
});

test("of two marks on one item the later one stays", async () => {
  fetchItem(a, "a-2", "urn:item:2");
  fetchItem(b, "b-2", "urn:item:2");

  a.database.exec("UPDATE feed_items SET is_read = 1 WHERE id = 'a-2'");
  b.database.exec("UPDATE feed_items SET is_read = 1 WHERE id = 'b-2'");
  passTime();
  b.database.exec("UPDATE feed_items SET is_read = 0 WHERE id = 'b-2'");
  await devices.settle();

  for (const app of [a, b]) expect(itemState(app, "urn:item:2")).toEqual({ is_read: 0, is_starred: 0 });
});

test("an item is never inserted by sync: its state waits until the device has fetched it", async () => {
  fetchItem(a, "a-3", "urn:item:3");
  a.database.exec("UPDATE feed_items SET is_starred = 1 WHERE id = 'a-3'");

  await devices.syncUntilQuiet();
  expect(itemState(b, "urn:item:3")).toBeUndefined();

  fetchItem(b, "b-3", "urn:item:3");
  await devices.settle();
  expect(itemState(b, "urn:item:3")).toEqual({ is_read: 0, is_starred: 1 });
  expect(b.sync.heldRows()).toEqual([]);
});

test("an item's content stays on its device, and so does its deletion", async () => {
  fetchItem(a, "a-4", "urn:item:4");
  fetchItem(b, "b-4", "urn:item:4");
  a.database.exec("UPDATE feed_items SET is_read = 1, bite_text = 'corrected' WHERE id = 'a-4'");
  await devices.settle();
  expect(value(b, "SELECT bite_text FROM feed_items WHERE id = 'b-4'")).toBe("Long text of an article");
  expect(value(a, "SELECT count(*) FROM sync_changelog WHERE data LIKE '%corrected%' OR data LIKE '%article%'")).toBe(0);

  a.database.exec("DELETE FROM feed_items WHERE id = 'a-4'");
  expect(a.sync.status().pendingChanges).toBe(0);
  await devices.syncUntilQuiet();
  expect(itemState(b, "urn:item:4")).toEqual({ is_read: 1, is_starred: 0 });

  fetchItem(a, "a-4-again", "urn:item:4");
  expect(a.sync.status().pendingChanges).toBe(0);
  b.database.exec("UPDATE feed_items SET is_starred = 1 WHERE id = 'b-4'");
  await devices.syncUntilQuiet();
  expect(value(a, "SELECT is_starred FROM feed_items WHERE id = 'a-4-again'")).toBe(1);
  a.database.exec("DELETE FROM feed_items WHERE external_id = 'urn:item:4'");
  b.database.exec("DELETE FROM feed_items WHERE external_id = 'urn:item:4'");
});

test("how well a feed can be reached stays with the device", async () => {
  b.database.exec(
    "UPDATE feeds SET consecutive_failures = 3, last_error = 'timeout', circuit_broken = 1, last_fetch = '2026-11-23' WHERE id = 'news'",
  );
  expect(b.sync.status().pendingChanges).toBe(0);
  a.database.exec("UPDATE feeds SET name = 'World news', last_error = 'refused' WHERE id = 'news'");
  await devices.settle();

  const health = "SELECT name, consecutive_failures, last_error, circuit_broken, last_fetch FROM feeds WHERE id = 'news'";
  expect(row(b, health)).toEqual({
    name: "World news",
    consecutive_failures: 3,
    last_error: "timeout",
    circuit_broken: 1,
    last_fetch: "2026-11-23",
  });
  expect(row(a, health)).toEqual({
    name: "World news",
    consecutive_failures: 0,
    last_error: "refused",
    circuit_broken: 0,
    last_fetch: null,
  });
});

test("settings are merged by their key", async () => {
  await a.db.insertInto("user_config").values({ key: "theme", value: "dark", updated_at: TIME }).execute();
  await a.db.insertInto("user_config").values({ key: "font", value: "serif", updated_at: TIME }).execute();
  passTime();
  await b.db.insertInto("user_config").values({ key: "theme", value: "light", updated_at: TIME }).execute();
  await b.db.insertInto("user_config").values({ key: "columns", value: "2", updated_at: TIME }).execute();
  await devices.settle();

  const expected = { columns: "2", font: "serif", theme: "light" };
  const settings = a.database.prepare<[], { key: string; value: string }>("SELECT key, value FROM user_config ORDER BY key").all();
  expect(Object.fromEntries(settings.map((setting) => [setting.key, setting.value]))).toEqual(expected);
});

test("a feed takes its tags and queries with it", async () => {
  a.database.exec(`
    INSERT INTO feeds (id, busser_id, name) VALUES ('short-lived', 'rss', 'Short-lived');
    INSERT INTO feed_tags (id, feed_id, tag) VALUES ('tag', 'short-lived', 'tech');
    INSERT INTO query_feeds (id, feed_id, name, query) VALUES ('query', 'short-lived', 'About SQLite', '{"text":"sqlite"}'), ('all', NULL, 'Unread', '{"is_read":0}');
  `);
  await devices.settle();
  expect(value(b, "SELECT count(*) FROM feed_tags")).toBe(1);
  expect(value(b, "SELECT count(*) FROM query_feeds")).toBe(2);

  b.database.exec("DELETE FROM feeds WHERE id = 'short-lived'");
  await devices.settle();

  expect(value(a, "SELECT count(*) FROM feed_tags")).toBe(0);
  expect(a.database.prepare("SELECT id FROM query_feeds").pluck().all()).toEqual(["all"]);
});

test("of pushed entries the changelog keeps the newest ten thousand, and all that are not pushed", async () => {
  expect(spec.changelog.maxEntries).toBe(10_000);
  const EXTRA = 250;
  const log = (pushed: 0 | 1, count: number): unknown =>
    a.database
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO sync_changelog (table_name, op, row_id, timestamp, data, pushed, stamp)
         SELECT 'user_config', 'DELETE', 'gone-' || i, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000, NULL, ?, 1 FROM n`,
      )
      .run(BigInt(count), BigInt(pushed));
  const count = (where: string): unknown => value(a, `SELECT count(*) FROM sync_changelog WHERE ${where}`);

  const before = a.database.prepare<[], number>("SELECT count(*) FROM sync_changelog").pluck().get() ?? 0;
  log(1, 10_000 + EXTRA);
  expect(a.sync.cleanupChangelog()).toBe(before + EXTRA);
  expect(count("pushed = 1")).toBe(10_000);

  log(0, EXTRA);
  expect(a.sync.cleanupChangelog()).toBe(EXTRA);
  expect(count("pushed = 0")).toBe(EXTRA);
  expect(count("1")).toBe(10_000);
});
