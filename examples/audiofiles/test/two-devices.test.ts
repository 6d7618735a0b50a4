// audiofiles on two devices: samples known by their content, and a server that sees no hash of any.
import { createHash } from "node:crypto";
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
});
afterAll(() => devices.close());

const TIME = 1_790_000_000;

const value = (app: App, sql: string, ...parameters: readonly unknown[]): unknown =>
  app.database
    .prepare(sql)
    .pluck()
    .get(...parameters);
const row = (app: App, sql: string, ...parameters: readonly unknown[]): unknown => app.database.prepare(sql).get(...parameters);

/** What importing a file does. Returns the sample's hash. */
async function importSample(app: App, content: string, name: string): Promise<string> {
  const hash = createHash("sha256").update(content).digest("hex");
  await app.db
    .insertInto("samples")
    .values({
      hash,
      original_name: name,
      file_extension: "wav",
      file_size: content.length,
      import_date: TIME,
      last_modified: TIME,
      source_path: `/home/ada/${name}`,
    })
    .execute();
  return hash;
}

test("a sample that arrives has no file here: cloud_only is 1, and stays 0 where the file is", async () => {
  const hash = await importSample(a, "kick drum", "kick.wav");
  await devices.settle();

  const sample = "SELECT original_name, cloud_only, source_path FROM samples WHERE hash = ?";
  expect(row(a, sample, hash)).toEqual({ original_name: "kick.wav", cloud_only: 0, source_path: "/home/ada/kick.wav" });
  expect(row(b, sample, hash)).toEqual({ original_name: "kick.wav", cloud_only: 1, source_path: null });

  b.database.prepare("UPDATE samples SET cloud_only = 0, source_path = '/downloads/kick.wav' WHERE hash = ?").run(hash);
  expect(b.sync.status().pendingChanges).toBe(0);
  await a.db.updateTable("samples").set({ original_name: "kick 808.wav" }).where("hash", "=", hash).execute();
  await devices.settle();
  expect(row(b, sample, hash)).toEqual({ original_name: "kick 808.wav", cloud_only: 0, source_path: "/downloads/kick.wav" });
});

test("the same sample added on both devices becomes one row, with a file on each", async () => {
  const onA = await importSample(a, "snare drum", "snare.wav");
  passTime();
  const onB = await importSample(b, "snare drum", "SNARE-01.wav");
  expect(onB).toBe(onA);

  await devices.settle();

  for (const app of [a, b]) {
    expect(value(app, "SELECT count(*) FROM samples WHERE hash = ?", onA)).toBe(1);
    expect(row(app, "SELECT original_name, cloud_only FROM samples WHERE hash = ?", onA)).toEqual({
      original_name: "SNARE-01.wav",
      cloud_only: 0,
    });
  }
  expect(value(a, "SELECT source_path FROM samples WHERE hash = ?", onA)).toBe("/home/ada/snare.wav");
});

test("tags and collection members are recognised by their composite keys", async () => {
  const hash = await importSample(a, "hi-hat", "hat.wav");
  await a.db.insertInto("collections").values({ id: "kit", name: "Kit", created_at: TIME }).execute();
  await devices.settle();

  a.database.prepare("INSERT INTO tags (sample_hash, tag) VALUES (?, 'bright'), (?, 'drums/hats')").run(hash, hash);
  b.database.prepare("INSERT INTO tags (sample_hash, tag) VALUES (?, 'bright'), (?, 'a \"quoted\", [odd] tag')").run(hash, hash);
  a.database
    .prepare("INSERT INTO collection_members (collection_id, sample_hash, position, added_at) VALUES ('kit', ?, 1, ?)")
    .run(hash, BigInt(TIME));
  passTime();
  b.database
    .prepare("INSERT INTO collection_members (collection_id, sample_hash, position, added_at) VALUES ('kit', ?, 2, ?)")
    .run(hash, BigInt(TIME));
  await devices.settle();

  for (const app of [a, b]) {
    expect(app.database.prepare("SELECT tag FROM tags WHERE sample_hash = ? ORDER BY tag").pluck().all(hash)).toEqual([
      'a "quoted", [odd] tag',
      "bright",
      "drums/hats",
    ]);
    expect(app.database.prepare("SELECT position FROM collection_members WHERE sample_hash = ?").pluck().all(hash)).toEqual([2]);
  }

  b.database.prepare("DELETE FROM tags WHERE sample_hash = ? AND tag = 'bright'").run(hash);
  a.database.prepare("UPDATE tags SET tag = 'cymbals' WHERE sample_hash = ? AND tag = 'drums/hats'").run(hash);
  await devices.settle();
  expect(b.database.prepare("SELECT tag FROM tags WHERE sample_hash = ? ORDER BY tag").pluck().all(hash)).toEqual([
    'a "quoted", [odd] tag',
    "cymbals",
  ]);
});

test("a library's tree and its sync_files flag travel, children written before their parents included", async () => {
  const hash = await importSample(a, "bass line", "bass.wav");
  a.database.exec(`
    BEGIN;
    PRAGMA defer_foreign_keys = ON;
    INSERT INTO vfs (id, name, sync_files, created_at) VALUES ('lib', 'Library', 1, ${TIME});
    INSERT INTO vfs_nodes (id, vfs_id, parent_id, name, sample_hash) VALUES ('leaf', 'lib', 'folder', 'bass.wav', '${hash}');
    INSERT INTO vfs_nodes (id, vfs_id, parent_id, name) VALUES ('folder', 'lib', 'root', 'Bass');
    INSERT INTO vfs_nodes (id, vfs_id, name) VALUES ('root', 'lib', '/');
    COMMIT;
  `);
  await devices.settle();

  const path = `WITH RECURSIVE up (id, parent_id, path) AS (
      SELECT id, parent_id, name FROM vfs_nodes WHERE id = 'leaf'
      UNION ALL SELECT node.id, node.parent_id, node.name || ' > ' || up.path FROM vfs_nodes AS node JOIN up ON node.id = up.parent_id)
    SELECT path FROM up WHERE parent_id IS NULL`;
  expect(value(b, path)).toBe("/ > Bass > bass.wav");
  expect(value(b, "SELECT sync_files FROM vfs WHERE id = 'lib'")).toBe(1);

  await b.db.updateTable("vfs").set({ sync_files: 0 }).where("id", "=", "lib").execute();
  b.database.exec("DELETE FROM vfs_nodes WHERE id = 'folder'");
  await devices.settle();
  expect(value(a, "SELECT sync_files FROM vfs WHERE id = 'lib'")).toBe(0);
  expect(a.database.prepare("SELECT id FROM vfs_nodes").pluck().all()).toEqual(["root"]);
});

test("what belongs to a sample goes with it, also what another device added meanwhile", async () => {
  const hash = await importSample(a, "noise", "noise.wav");
  await a.db
    .insertInto("audio_analysis")
    .values({ hash, bpm: 120.5, musical_key: "F#m", duration: 2.1, sample_rate: 44_100, channels: 2 })
    .execute();
  await devices.settle();
  expect(row(b, "SELECT bpm, musical_key, duration, sample_rate FROM audio_analysis WHERE hash = ?", hash)).toEqual({
    bpm: 120.5,
    musical_key: "F#m",
    duration: 2.1,
    sample_rate: 44_100,
  });

  b.database.prepare("INSERT INTO tags (sample_hash, tag) VALUES (?, 'harsh')").run(hash);
  a.database.prepare("DELETE FROM samples WHERE hash = ?").run(hash);
  await devices.settle();

  for (const app of [a, b]) {
    for (const table of ["samples", "audio_analysis"])
      expect(value(app, `SELECT count(*) FROM ${table} WHERE hash = ?`, hash), table).toBe(0);
    expect(value(app, "SELECT count(*) FROM tags WHERE sample_hash = ?", hash)).toBe(0);
  }
});

test("smart folders, settings and collections travel by their keys", async () => {
  a.database.exec(`
    INSERT INTO smart_folders (id, name, rules) VALUES ('smart', 'Fast', '{"bpm":{"min":140}}');
    INSERT INTO user_config (key, value) VALUES ('theme', 'dark');
  `);
  passTime();
  b.database.exec("INSERT INTO user_config (key, value) VALUES ('theme', 'light'), ('volume', '0.8')");
  await devices.settle();

  expect(value(b, "SELECT rules FROM smart_folders WHERE id = 'smart'")).toBe('{"bpm":{"min":140}}');
  expect(a.database.prepare("SELECT key || '=' || value FROM user_config ORDER BY key").pluck().all()).toEqual([
    "theme=light",
    "volume=0.8",
  ]);
});

test("the server learns no hash, tag, name or path of a sample", async () => {
  const hash = await importSample(a, "secret demo tape", "demo-tape.wav");
  a.database.prepare("INSERT INTO tags (sample_hash, tag) VALUES (?, 'unreleased')").run(hash);
  a.database.prepare("INSERT INTO collections (id, name, created_at) VALUES ('visible-collection', 'Unheard', 1)").run();
  a.database.prepare("INSERT INTO collection_members (collection_id, sample_hash, added_at) VALUES ('visible-collection', ?, 1)").run(hash);
  await devices.settle();
  expect(value(b, "SELECT tag FROM tags WHERE sample_hash = ?", hash)).toBe("unreleased");

  const stored = devices.storedBytes().toString("utf8");
  expect(stored).toContain("visible-collection"); // a plain row id is there: the search does find things
  for (const text of [hash, "unreleased", "demo-tape", "/home/ada", "Unheard"]) expect(stored).not.toContain(text);
  for (const known of a.database.prepare<[], string>("SELECT hash FROM samples").pluck().all()) expect(stored).not.toContain(known);
});
