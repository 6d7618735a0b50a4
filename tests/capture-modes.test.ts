/** Capture by key beside capture whole: what is read when an entry is pushed, and what several edits of one row are sent as. */
import Database from "better-sqlite3";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { beforeAll, describe, expect, test } from "vitest";
import { applyMigrations } from "../runtime/src/engine/migrate.ts";
import { openStore } from "../runtime/src/store/store.ts";
import { type LoadedSpec, loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./support/simulation.ts";
import { importMigrations, versions } from "./support/versions.ts";

const modes = ["payload", "keys"] as const;
const modelIn = (capture: (typeof modes)[number]): SyncModel =>
  modelOf([tableOf("notes", { columns: { title: "text", body: "text?" }, capture })]);

interface LoggedEntry {
  readonly op: string;
  readonly $sync: { readonly c: readonly [number, string]; readonly m?: readonly string[]; readonly g?: readonly unknown[] };
}

describe.each(modes)("capture: %s", (capture) => {
  const model = modelIn(capture);
  let loaded: LoadedSpec;
  beforeAll(async () => {
    loaded = await loadSpec(model);
  });

  function world(): { server: SimulatedServer; a: SimulatedDevice; b: SimulatedDevice; settle: () => Promise<void> } {
    const server = new SimulatedServer();
    let now = 1_700_000_000_000;
    const device = (name: string): SimulatedDevice => new SimulatedDevice(name, model, loaded, server, () => (now += 1));
    const [a, b] = [device("a"), device("b")];
    return {
      server,
      a,
      b,
      async settle() {
        await quiesce(server, [a, b]);
        expect(a.view(loaded.spec)).toEqual(b.view(loaded.spec));
      },
    };
  }
  const sent = (server: SimulatedServer): readonly LoggedEntry[] =>
    server.log.map(({ op, payload }) => ({ op, $sync: (JSON.parse(payload ?? "{}") as { $sync: LoggedEntry["$sync"] }).$sync }));
  const rows = (device: SimulatedDevice): unknown => device.db.prepare("SELECT * FROM notes").raw().all();

  test("ten edits of a row are one entry", async () => {
    const { server, a, b, settle } = world();
    a.edit("INSERT INTO notes VALUES ('n', 'x', NULL)");
    for (let i = 0; i < 9; i++) a.edit(`UPDATE notes SET title = 'x${i}'`);

    await settle();

    expect(sent(server).map(({ op }) => op)).toEqual(["INSERT"]);
    expect(rows(b)).toEqual([["n", "x8", null]]);
  });

  test("an edit of one column does not make the edit of another look later", async () => {
    const { server, a, b, settle } = world();
    a.edit("INSERT INTO notes VALUES ('n', 'x', 'y')");
    await settle();

    a.edit("UPDATE notes SET title = 'first'");
    b.edit("UPDATE notes SET title = 'between'");
    a.edit("UPDATE notes SET body = 'last'");
    await settle();

    expect(rows(a)).toEqual([["n", "between", "last"]]);
    expect(sent(server).filter(({ $sync }) => $sync.g !== undefined)).toMatchObject([{ $sync: { m: ["title"], g: [[{}, {}, ["body"]]] } }]);
  });

  test("a row that was made and deleted before its push leaves the same registers everywhere", async () => {
    const { server, a, b, settle } = world();
    a.edit("INSERT INTO notes VALUES ('n', 'x', 'y')");
    a.edit("UPDATE notes SET body = 'z'");
    a.edit("DELETE FROM notes");

    await settle();

    expect(sent(server).map(({ op }) => op)).toEqual(["INSERT", "DELETE"]);
    expect(JSON.parse(server.log[0]?.payload ?? "")).toMatchObject({ id: "n", title: "x", body: "z" });
    expect(JSON.parse(b.db.prepare("SELECT data FROM sync_row_clock").pluck().get() as string)).toMatchObject({ title: "x", body: "z" });
  });

  test("a remote edit between capture and push is not claimed", async () => {
    const { a, b, settle } = world();
    a.edit("INSERT INTO notes VALUES ('n', 'x', 'y')");
    await settle();

    a.edit("UPDATE notes SET title = 'early'");
    b.edit("UPDATE notes SET title = 'late'");
    await b.push();
    await a.pull();
    await settle();

    expect(rows(b)).toEqual([["n", "late", "y"]]);
    expect(a.store.conflicts(10)).toMatchObject([{ values: { title: "early" } }]);
  });

  test("a row that left without a trace keeps nothing waiting", async () => {
    const { a, settle } = world();
    a.edit("INSERT INTO notes VALUES ('n', 'x', 'y')");
    a.db.exec("UPDATE sync_state SET value = '1' WHERE key = 'applying_remote'; DELETE FROM notes");
    a.db.exec("UPDATE sync_state SET value = '0' WHERE key = 'applying_remote'");

    await a.push();

    expect(a.store.pendingCount()).toBe(0);
    if (capture === "keys") await settle();
  });

  test("H16: an edit whose entry got the id of one that went during its push stays to be pushed", async () => {
    const { server, a, b } = world();
    a.edit("INSERT INTO notes VALUES ('n', 'x', 'y')");
    const append = server.append.bind(server);
    let isFirst = true;
    server.append = (device, entries) => {
      append(device, entries);
      if (!isFirst) return;
      isFirst = false;
      a.db.exec("DELETE FROM sync_changelog");
      a.edit("UPDATE notes SET title = 'during'");
    };

    await a.push();
    expect(a.store.pendingCount()).toBe(1);
    await quiesce(server, [a, b]);

    expect(rows(b)).toEqual([["n", "during", "y"]]);
  });
});

test.each([
  ["keys", "payload"],
  ["payload", "keys"],
])("what waits to be pushed is whole after the mode has changed from %s to %s", async (from, to) => {
  const schema = (mode: string): string =>
    `synckit: 1\napp: demo\ncreate: true\nchangelog: { capture: ${mode} }\ntables:\n  notes:\n    columns: { title: text, body: text? }\n`;
  const db = new Database(":memory:");
  applyMigrations(betterSqlite3Driver(db), (await importMigrations(versions(schema(from)))).migrations);
  db.exec("INSERT INTO notes VALUES ('1', 'a', NULL), ('2', 'b', NULL), ('3', 'c', NULL); DELETE FROM notes WHERE id = '2'");

  applyMigrations(betterSqlite3Driver(db), (await importMigrations(versions(schema(from), schema(to)))).migrations);
  db.exec("UPDATE notes SET body = 'after' WHERE id = '3'");

  const held = db.prepare("SELECT row_id, op, data IS NULL FROM sync_changelog ORDER BY id").raw().all();
  expect(held.at(-1)).toEqual(["3", "UPDATE", to === "keys" ? 1 : 0]);
  const { spec } = await loadSpec(modelIn(to as "keys"));
  const store = openStore(betterSqlite3Driver(db), spec, () => 1_700_000_000_000);
  store.foldLocal("device");
  const outgoing = store.outgoing().map((next) => [next.entry.op, JSON.parse(store.payloadOf(next) ?? "null") as unknown]);
  expect(outgoing).toEqual([
    ["INSERT", { id: "1", title: "a", body: null }],
    ["INSERT", { id: "2", title: "b", body: null }],
    ["INSERT", { id: "3", title: "c", body: "after" }],
    ["DELETE", null],
  ]);
});
