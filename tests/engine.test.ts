/** The engine on real databases, case by case: capture on one device, what travels, and what another makes of it. */
import { beforeAll, describe, expect, test } from "vitest";
import { RESERVED_MEMBER } from "@synckit-gen/schemas/protocol";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { DatabaseBusyError } from "@synckit-gen/runtime";
import { openSync } from "../runtime/src/open-sync.ts";
import { replayAfterUpgrade } from "../runtime/src/engine/pull.ts";
import { openStore } from "../runtime/src/store/store.ts";
import { missingSyncColumns } from "../runtime/src/store/sync-tables.ts";
import { driverOver, openGenerated, type TestDatabase } from "./support/drivers.ts";
import { ddlFor } from "./support/generated.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { SimulatedDevice } from "./support/simulation.ts";
import { World } from "./support/world.ts";

const model = modelOf([
  tableOf("projects", {
    columns: { name: "text" },
    local: { note: { type: "text" }, owner: { type: "text", nullable: false, onInsert: "'here'" } },
  }),
  tableOf("tasks", {
    columns: { project: "uuid?", email: "uuid?", title: "text", done: "boolean" },
    references: [
      { columns: ["project"], table: "projects", onDelete: "set null" },
      { columns: ["email"], table: "emails", synced: false },
    ],
  }),
  tableOf("comments", {
    columns: { task: "uuid", body: "text" },
    references: [{ columns: ["task"], table: "tasks", onDelete: "cascade" }],
  }),
  tableOf("invoices", { columns: { project: "uuid" }, references: [{ columns: ["project"], table: "projects", onDelete: "restrict" }] }),
  tableOf("nodes", {
    columns: { parent: "uuid?", name: "text" },
    references: [{ columns: ["parent"], table: "nodes", onDelete: "cascade" }],
  }),
  tableOf("slugs", { columns: { slug: "text" }, unique: [["slug"]] }),
  tableOf("items", {
    identity: { external_id: "text" },
    key: ["id"],
    columns: { is_read: "boolean" },
    local: { id: { type: "uuid", onInsert: "lower(hex(randomblob(16)))" }, body: { type: "text" } },
    apply: "update",
    deletes: "ignore",
  }),
  tableOf("secrets", { columns: { label: "text" }, rowIds: "hidden" }),
  tableOf("values", { columns: { t: "text?", i: "integer?", n: "bigint?", r: "real?", b: "blob?" } }),
]);

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

/** All of a database's rows in another one, whatever the driver. */
function copyOf(from: TestDatabase): TestDatabase {
  const to = openGenerated(model);
  to.exec("PRAGMA foreign_keys = OFF; UPDATE sync_state SET value = '1' WHERE key = 'applying_remote'");
  const tables = from.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").pluck().all() as string[];
  for (const table of tables.toSorted((a, b) => Number(a === "sync_state") - Number(b === "sync_state"))) {
    to.exec(`DELETE FROM "${table}"`);
    for (const row of from.prepare(`SELECT * FROM "${table}"`).raw().all() as unknown[][])
      to.prepare(`INSERT INTO "${table}" VALUES (${row.map(() => "?").join(", ")})`).run(...row);
  }
  to.exec("PRAGMA foreign_keys = ON");
  return to;
}

/** Kids refer to places by two columns of these types. */
function placesAndKids(
  columns: { readonly row: "uuid" | "uuid?"; readonly seat: "uuid" | "uuid?" },
  onDelete: "cascade" | "set null",
): SyncModel {
  const references = [{ columns: ["row", "seat"], table: "places", to: ["row", "seat"], onDelete }] as const;
  return modelOf([tableOf("places", { identity: { row: "text", seat: "text" } }), tableOf("kids", { columns, references })]);
}

const all = (device: SimulatedDevice, sql: string): readonly unknown[] => device.db.prepare(sql).raw().all();
const value = (device: SimulatedDevice, sql: string): unknown => device.db.prepare(sql).pluck().get();

describe("merging", () => {
  test("edits of different columns of one row both stay", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)");

    a.edit("UPDATE tasks SET title = 'from a' WHERE id = 't'");
    b.edit("UPDATE tasks SET done = 1 WHERE id = 't'");
    await world.converge();

    expect(all(a, "SELECT title, done FROM tasks")).toEqual([["from a", 1]]);
  });

  test("of two edits of one column the later wins on both devices, whoever syncs first", async () => {
    for (const first of [0, 1]) {
      const world = new World(model, loaded);
      const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)");
      a.edit("UPDATE tasks SET title = 'earlier' WHERE id = 't'");
      b.edit("UPDATE tasks SET title = 'later' WHERE id = 't'");

      await world.devices[first]?.push();
      await world.converge();

      expect(value(a, "SELECT title FROM tasks")).toBe("later");
    }
  });

  test("an edit later than a delete brings the row back whole, columns of before the delete included", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'kept', 0)");

    a.edit("DELETE FROM tasks");
    b.edit("UPDATE tasks SET done = 1 WHERE id = 't'");
    await world.converge();

    expect(all(a, "SELECT title, done FROM tasks")).toEqual([["kept", 1]]);
  });

  test("a delete later than an edit wins", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)");

    b.edit("UPDATE tasks SET done = 1 WHERE id = 't'");
    a.edit("DELETE FROM tasks");
    await world.converge();

    expect(all(b, "SELECT * FROM tasks")).toEqual([]);
  });

  test("a page that comes twice, and own entries that come back, change nothing", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)");
    a.edit("UPDATE tasks SET done = 1");
    await world.converge();
    const before = all(b, "SELECT * FROM sync_row_clock");
    b.store.state.set("pull_cursor", "0");
    a.store.state.set("pull_cursor", "0");

    await world.converge();

    expect(all(b, "SELECT * FROM sync_row_clock")).toEqual(before);
    expect(world.server.log).toHaveLength(2);
  });

  test("what is applied is not captured: nothing echoes", async () => {
    const world = new World(model, loaded);
    const [, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)");
    expect(value(b, "SELECT count(*) FROM sync_changelog")).toBe(0);
  });

  test("a device whose clock is years behind still wins with an edit of what it has seen", async () => {
    const world = new World(model, loaded);
    const [a] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)");
    world.now -= 100_000_000_000;

    a.edit("UPDATE tasks SET title = 'mine' WHERE id = 't'");
    await world.converge();

    expect(value(a, "SELECT title FROM tasks")).toBe("mine");
  });

  test("a changed key is a delete and an insert on every device", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('s1', 'x')");

    a.edit("UPDATE slugs SET id = 's2'");
    await world.converge();

    expect(all(b, "SELECT * FROM slugs")).toEqual([["s2", "x"]]);
  });
});

describe("conflicts", () => {
  const kept = (device: SimulatedDevice): readonly unknown[] =>
    device.store.conflicts(10).map(({ kind, values, loser, winner }) => [kind, values, loser.device, winner.device]);

  test("the losing value of two edits that did not know each other is kept on both devices, once", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)");
    a.edit("UPDATE tasks SET title = 'earlier' WHERE id = 't'");
    b.edit("UPDATE tasks SET title = 'later', done = 1 WHERE id = 't'");
    await world.converge();
    for (const device of [a, b]) device.store.state.set("pull_cursor", "0");
    await world.converge();

    for (const device of [a, b]) expect(kept(device)).toEqual([["overwritten", { title: "earlier" }, "device-0", "device-1"]]);
  });

  test("an edit of what its author has seen is no conflict", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)");
    for (const [index, device] of [a, b, a, b].entries()) {
      device.edit(`UPDATE tasks SET title = 'edit ${index}' WHERE id = 't'`);
      await world.converge();
    }
    expect([...kept(a), ...kept(b)]).toEqual([]);
  });

  test("an edit that a later delete takes away is kept, and can be taken back whole", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 1)");
    a.edit("UPDATE tasks SET title = 'precious' WHERE id = 't'");
    b.edit("DELETE FROM tasks");
    await world.converge();
    for (const device of [a, b]) expect(kept(device)).toEqual([["deleted", { title: "precious" }, "device-0", "device-1"]]);

    expect(b.store.takeBack(b.name, b.store.conflicts(1)[0]?.id ?? 0)).toBe(true);
    await world.converge();

    expect(all(a, "SELECT title, done FROM tasks")).toEqual([["precious", 1]]);
    expect(b.store.conflictCount()).toBe(0);
  });

  test("a value taken back is an ordinary edit and reaches every device", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)");
    a.edit("UPDATE tasks SET title = 'mine' WHERE id = 't'");
    b.edit("UPDATE tasks SET title = 'theirs' WHERE id = 't'");
    await world.converge();

    a.store.takeBack(a.name, a.store.conflicts(1)[0]?.id ?? 0);
    await world.converge();

    expect(value(b, "SELECT title FROM tasks")).toBe("mine");
    expect(a.store.takeBack(a.name, 4711)).toBe(false);
    expect(b.store.dismissConflict(b.store.conflicts(1)[0]?.id ?? 0)).toBe(true);
  });

  test("the same value written twice is no conflict", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)");
    for (const device of [a, b]) device.edit("UPDATE tasks SET done = 1");
    await world.converge();
    expect([...kept(a), ...kept(b)]).toEqual([]);
  });
});

describe("rows that existed before a device joined", () => {
  test("never beat an edit, and bring what others lack", async () => {
    const world = new World(model, loaded);
    const [a] = [world.device()];
    a.edit("INSERT INTO slugs VALUES ('s', 'edited')");
    const backup = openGenerated(model, { ddl: `${ddlFor(model)}; INSERT INTO slugs VALUES ('s', 'zzz old'), ('only-here', 'y')` });
    const b = world.device(backup);
    b.store.createInitialSnapshot(b.name);

    await world.converge();

    expect(all(a, "SELECT * FROM slugs ORDER BY id")).toEqual([
      ["only-here", "y"],
      ["s", "edited"],
    ]);
  });

  test("never undo a delete", async () => {
    const world = new World(model, loaded);
    const [a] = await world.pair("INSERT INTO slugs VALUES ('s', 'x')");
    a.edit("DELETE FROM slugs");
    const b = world.device(openGenerated(model, { ddl: `${ddlFor(model)}; INSERT INTO slugs VALUES ('s', 'x')` }));
    b.store.createInitialSnapshot(b.name);

    await world.converge();

    expect(all(b, "SELECT * FROM slugs")).toEqual([]);
  });

  test("two old copies that differ become one, the same on both", async () => {
    const world = new World(model, loaded);
    for (const name of ["one", "two"]) {
      const device = world.device(openGenerated(model, { ddl: `${ddlFor(model)}; INSERT INTO slugs VALUES ('s', '${name}')` }));
      device.store.createInitialSnapshot(device.name);
    }
    await world.converge();
  });

  test("enter the changelog once, parents first, and rows with a history are left out", () => {
    const a = new World(model, loaded).device(
      openGenerated(model, { ddl: `${ddlFor(model)}; INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'o')` }),
    );
    a.db.exec("INSERT INTO nodes VALUES ('captured', NULL, 'n')");

    expect(a.store.createInitialSnapshot(a.name)).toBe(1);
    expect(a.store.createInitialSnapshot(a.name)).toBe(0);
    expect(all(a, "SELECT table_name, row_id, stamp FROM sync_changelog WHERE stamp = 0")).toEqual([["projects", "p", 0]]);
  });
});

describe("foreign keys", () => {
  test("H02: an upsert of a parent keeps its children and the columns that stay here", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      "INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)",
      "INSERT INTO comments VALUES ('c', 't', 'hello')",
      "INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'a')",
    );
    b.edit("UPDATE projects SET note = 'only here'");

    a.edit("UPDATE tasks SET title = 'new'");
    a.edit("INSERT INTO projects (id, name, owner) VALUES ('p', 'y', 'a') ON CONFLICT (id) DO UPDATE SET name = excluded.name");
    await world.converge();

    expect(all(b, "SELECT * FROM comments")).toEqual([["c", "t", "hello"]]);
    expect(all(b, "SELECT name, note, owner FROM projects")).toEqual([["y", "only here", "here"]]);
  });

  test("a child that comes before its parent waits for it, and blocks nothing else", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    a.edit("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)");
    a.edit("INSERT INTO comments VALUES ('c', 't', 'hello')");
    a.edit("INSERT INTO slugs VALUES ('s', 'free')");
    await a.push();
    const [parent, ...rest] = world.server.log.splice(0);
    world.server.log.push(...rest);

    await b.pull();

    expect(all(b, "SELECT id FROM comments")).toEqual([]);
    expect(all(b, "SELECT id FROM slugs")).toEqual([["s"]]);
    expect(b.store.heldRows(10)).toMatchObject([{ table: "comments", rowId: "c", reason: "parent", detail: "task" }]);
    world.server.log.push(parent as (typeof rest)[number]);
    await b.pull();
    expect(all(b, "SELECT id FROM comments")).toEqual([["c"]]);
    expect(b.store.heldCount()).toBe(0);
  });

  test("H06: a child made here while its parent was deleted elsewhere goes with it, and every device is told", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)");
    a.edit("DELETE FROM tasks");
    b.edit("INSERT INTO comments VALUES ('new', 't', 'unseen')");

    await b.push();
    await world.converge();

    expect(all(a, "SELECT * FROM comments")).toEqual([]);
    expect(world.server.log.filter(({ table }) => table === "comments").map(({ op }) => op)).toContain("DELETE");
    expect(b.store.conflicts(1)).toMatchObject([{ table: "comments", kind: "deleted", values: { body: "unseen" } }]);
  });

  test("H05: set null keeps the child, and a later edit of the parent brings parent and link back", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      "INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'a')",
      "INSERT INTO tasks (id, project, title, done) VALUES ('t', 'p', 'x', 0)",
    );
    b.edit("INSERT INTO tasks (id, project, title, done) VALUES ('u', 'p', 'made here', 0)");
    a.edit("DELETE FROM projects");
    await world.converge();
    expect(all(b, "SELECT id, project FROM tasks ORDER BY id")).toEqual([
      ["t", null],
      ["u", null],
    ]);
  });

  test("restrict: a delete that SQLite would have refused, had it known of the child, is taken back on every device", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'a')");
    b.edit("UPDATE projects SET note = 'only here'");
    a.edit("DELETE FROM projects");
    b.edit("INSERT INTO invoices VALUES ('i', 'p')");

    await b.push();
    await world.converge();

    for (const device of world.devices) {
      expect(all(device, "SELECT id, name FROM projects UNION ALL SELECT id, project FROM invoices")).toEqual([
        ["p", "x"],
        ["i", "p"],
      ]);
      expect(device.store.heldCount()).toBe(0);
    }
    expect(value(b, "SELECT note FROM projects")).toBe("only here");
  });

  test("until a pull is complete, a row whose parent is deleted elsewhere stays as it is", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)", "INSERT INTO slugs VALUES ('s', 'x')");
    a.edit("DELETE FROM tasks");
    a.edit("UPDATE slugs SET slug = 'y'");
    b.edit("INSERT INTO comments VALUES ('c', 't', 'unseen')");
    await a.push();

    await b.pull({ pageSize: 1, maxPages: 1 });

    expect(all(b, "SELECT id FROM tasks UNION ALL SELECT id FROM comments")).toEqual([["t"], ["c"]]);
    await world.converge();
    expect(all(b, "SELECT id FROM tasks UNION ALL SELECT id FROM comments")).toEqual([]);
  });

  test("a row that a held one is to refer to keeps its local columns when its delete is taken back, whatever the held one's row id", async () => {
    for (const rowId of ["i", ""]) {
      const world = new World(model, loaded);
      const refusing = openGenerated(model, {
        ddl: ddlFor(model).replace('"project" TEXT NOT NULL', `"project" TEXT NOT NULL CHECK ("project" <> 'p')`),
      });
      const [a, b, c] = [world.device(), world.device(refusing), world.device()];
      a.edit("INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'a')");
      await world.settle();
      b.edit("UPDATE projects SET note = 'only here'");
      a.edit("INSERT INTO invoices VALUES (?, 'p')", rowId);
      await a.push();
      await b.pull();
      expect(b.store.heldRows(10)).toMatchObject([{ table: "invoices", rowId, reason: "constraint" }]);

      c.edit("DELETE FROM projects");
      await c.push();
      await b.pull();
      await world.settle();

      for (const device of world.devices) expect(all(device, "SELECT id FROM projects")).toEqual([["p"]]);
      expect(value(b, "SELECT note FROM projects")).toBe("only here");
    }
  });

  test.each([
    ["cascade", "uuid", [["c", "2", "x"]], [["c", "1", "y"]]], // each shows what it had
    ["set null", "uuid?", [["c", null, null]], [["c", null, null]]],
  ] as const)(
    "a reference of which two devices edit a part each may name a row that nobody has: with %s, it waits",
    async (rule, type, ...shown) => {
      const composite = placesAndKids({ row: type, seat: type }, rule);
      const world = new World(composite, await loadSpec(composite));
      const [a, b] = await world.pair(
        "INSERT INTO places VALUES ('1', 'x'), ('2', 'x'), ('1', 'y')",
        "INSERT INTO kids VALUES ('c', '1', 'x')",
      );

      a.edit("UPDATE kids SET row = '2'");
      b.edit("UPDATE kids SET seat = 'y'");
      await world.settle();

      expect([a, b].map((device) => all(device, "SELECT * FROM kids"))).toEqual(shown);
      for (const { store } of [a, b])
        expect(store.heldRows(10)).toMatchObject([{ table: "kids", rowId: "c", reason: "parent", values: { row: "2", seat: "y" } }]);

      a.edit("INSERT INTO places VALUES ('2', 'y')");
      await world.converge();
      expect(all(b, "SELECT * FROM kids")).toEqual([["c", "2", "y"]]);
      expect(b.store.heldCount()).toBe(0);
    },
  );

  test("set null of a reference that may be NULL only in part does not let the parent go, as SQLite does not", async () => {
    const composite = placesAndKids({ row: "uuid", seat: "uuid?" }, "set null");
    const world = new World(composite, await loadSpec(composite));
    const [a, b] = await world.pair("INSERT INTO places VALUES ('1', 'x')");
    a.edit("INSERT INTO kids VALUES ('c', '1', 'x')");
    expect(() => a.edit("DELETE FROM places")).toThrow(/NOT NULL/u);
    b.edit("DELETE FROM places");
    await world.converge();

    for (const device of [a, b]) {
      expect(all(device, "SELECT * FROM places JOIN kids USING (row, seat)")).toEqual([["1", "x", "c"]]);
      expect(device.store.heldCount()).toBe(0);
    }
  });

  test("H11: a reference to an unsynced row is kept although it dangles, and enforcement is on again afterwards", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      "INSERT INTO emails VALUES ('e')",
      "INSERT INTO tasks (id, email, title, done) VALUES ('t', 'e', 'from mail', 0)",
    );
    expect(all(b, "SELECT email FROM tasks")).toEqual([["e"]]);
    expect(b.db.pragma("foreign_keys", { simple: true })).toBe(1);

    a.edit("UPDATE tasks SET title = 'again' WHERE id = 't'");
    b.edit("UPDATE tasks SET done = 1 WHERE id = 't'");
    await world.converge();

    expect(all(b, "SELECT email, title, done FROM tasks")).toEqual([["e", "again", 1]]);
    expect(b.store.heldCount()).toBe(0);
  });

  test("H10: rows that refer to each other, and to themselves, arrive in one page", async () => {
    const world = new World(model, loaded);
    const [, b] = await world.pair(
      "INSERT INTO nodes VALUES ('a', NULL, 'a')",
      "INSERT INTO nodes VALUES ('b', 'a', 'b')",
      "UPDATE nodes SET parent = 'b' WHERE id = 'a'",
      "INSERT INTO nodes VALUES ('self', 'self', 's')",
    );
    expect(all(b, "SELECT id, parent FROM nodes ORDER BY id")).toEqual([
      ["a", "b"],
      ["b", "a"],
      ["self", "self"],
    ]);
  });

  test("H04: a deleted tree is deleted everywhere, children first", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      "INSERT INTO nodes VALUES ('a', NULL, 'a')",
      "INSERT INTO nodes VALUES ('b', 'a', 'b'), ('c', 'b', 'c')",
    );

    a.edit("DELETE FROM nodes WHERE id = 'a'");
    await world.converge();

    expect(all(b, "SELECT * FROM nodes")).toEqual([]);
    const deletes = world.server.log.filter(({ op }) => op === "DELETE").map(({ rowId }) => rowId);
    expect(deletes).toEqual(["c", "b", "a"]);
  });

  test("children outside the schema follow their own rule when a parent is deleted elsewhere", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('s', 'x')");
    b.db.exec(
      "CREATE TABLE drafts (id INTEGER PRIMARY KEY, slug TEXT REFERENCES slugs (id) ON DELETE CASCADE); INSERT INTO drafts VALUES (1, 's')",
    );

    a.edit("DELETE FROM slugs");
    await world.converge();

    expect(all(b, "SELECT * FROM drafts")).toEqual([]);
  });

  test("a row that a table outside the schema will not let go is held, and the rest of the page applied", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('s', 'x')");
    b.db.exec("CREATE TABLE pins (slug TEXT REFERENCES slugs (id) ON DELETE RESTRICT); INSERT INTO pins VALUES ('s')");
    a.edit("DELETE FROM slugs");
    a.edit("INSERT INTO nodes VALUES ('n', NULL, 'goes on')");
    await a.push();

    await b.pull();

    expect(all(b, "SELECT id FROM slugs UNION ALL SELECT id FROM nodes")).toEqual([["s"], ["n"]]);
    expect(b.store.heldRows(10)).toMatchObject([{ table: "slugs", reason: "constraint", detail: "FOREIGNKEY" }]);
    b.db.exec("DELETE FROM pins");
    await b.pull();
    expect(all(b, "SELECT id FROM slugs")).toEqual([]);
    expect(b.store.heldCount()).toBe(0);
  });

  test("an edit of a held row is not lost", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      "INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'a')",
      "INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)",
    );
    a.edit("INSERT INTO projects (id, name, owner) VALUES ('q', 'late', 'a')");
    a.edit("UPDATE tasks SET project = 'q' WHERE id = 't'");
    await a.push();
    const late = world.server.log.splice(2, 1);
    await b.pull();
    expect(b.store.heldRows(10)).toMatchObject([{ table: "tasks", rowId: "t" }]);

    b.edit("UPDATE tasks SET title = 'edited while held' WHERE id = 't'");
    world.server.log.push(...late);
    b.store.state.set("pull_cursor", "0");
    a.store.state.set("pull_cursor", "0");
    await world.converge();

    expect(all(b, "SELECT project, title FROM tasks")).toEqual([["q", "edited while held"]]);
  });
});

describe("rules of a table", () => {
  test("H18: a NOT NULL column that stays here is filled when a row arrives, and kept when it changes", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'anna')");
    expect(value(b, "SELECT owner FROM projects")).toBe("here");
    b.edit("UPDATE projects SET owner = 'ben'");

    a.edit("UPDATE projects SET name = 'y'");
    await world.converge();

    expect(all(b, "SELECT name, owner FROM projects")).toEqual([["y", "ben"]]);
  });

  test("update-only rows change where they exist, are matched by their column, and wait where they do not", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    a.db.exec("INSERT INTO items VALUES ('x1', 0, 'key-on-a', 'text')");
    b.db.exec("INSERT INTO items VALUES ('x1', 0, 'key-on-b', 'other text')");
    a.edit("UPDATE items SET is_read = 1");
    await world.converge();
    expect(all(b, "SELECT id, is_read, body FROM items")).toEqual([["key-on-b", 1, "other text"]]);

    const c = world.device();
    await c.pull();
    expect(all(c, "SELECT * FROM items")).toEqual([]);
    expect(c.store.heldRows(1)).toMatchObject([{ reason: "missing" }]);
    c.db.exec("INSERT INTO items VALUES ('x1', 0, 'key-on-c', 'fetched later')");
    await c.pull();
    expect(all(c, "SELECT is_read FROM items")).toEqual([[1]]);
  });

  test("an update-only row that the app drops and fetches again gets its marks back", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    for (const device of [a, b]) device.db.exec("INSERT INTO items VALUES ('x1', 0, 'k', 'text')");
    a.edit("UPDATE items SET is_read = 1");
    await world.settle();

    for (const device of [a, b]) {
      device.db.exec("DELETE FROM items");
      device.db.exec("INSERT INTO items VALUES ('x1', 0, 'k2', 'fetched again')");
      await device.pull();
      expect(all(device, "SELECT is_read, body FROM items")).toEqual([[1, "fetched again"]]);
    }
    expect([a.store.pendingCount(), a.store.heldCount(), b.store.heldCount()]).toEqual([0, 0, 0]);
  });

  test("ignored deletes neither leave nor arrive", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    for (const device of [a, b]) device.db.exec("INSERT INTO items VALUES ('x1', 0, 'k', 'text')");
    a.edit("UPDATE items SET is_read = 1");
    a.edit("DELETE FROM items");

    await world.settle();

    expect(world.server.log.map(({ op }) => op)).toEqual(["UPDATE"]);
    expect(all(b, "SELECT is_read FROM items")).toEqual([[1]]);
  });

  test("hidden row ids: the server sees a hash, other devices the row", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO secrets VALUES ('the-id', 'x')");
    a.edit("DELETE FROM secrets");
    await world.converge();

    expect(world.server.log.map(({ rowId }) => rowId)).toEqual(["hash:secrets:the-id", "hash:secrets:the-id"]);
    expect(all(b, "SELECT * FROM secrets")).toEqual([]);
  });

  test("a row id too long for the wire travels as its hash", async () => {
    const world = new World(model, loaded);
    const [, b] = await world.pair(`INSERT INTO slugs VALUES ('${"k".repeat(600)}', 'x')`);
    expect(world.server.log[0]?.rowId).toMatch(/^hash:/);
    expect(value(b, "SELECT length(id) FROM slugs")).toBe(600);
  });

  test("H09: values of every class arrive as they were", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      `INSERT INTO "values" VALUES ('1', 'a' || char(0) || '😀', 9007199254740993, -9223372036854775808, 0.1 + 0.2, x'00FF')`,
      `INSERT INTO "values" VALUES ('2', '', 1, 1, 9e999, x'')`,
      `INSERT INTO "values" VALUES ('3', x'AB', 'text', 5, 1e300, 'text')`,
      `INSERT INTO "values" VALUES ('4', NULL, NULL, NULL, NULL, NULL)`,
    );
    const exact = `SELECT id, quote(t), typeof(t), hex(t), quote(i), quote(n), quote(r), typeof(r), quote(b) FROM "values" ORDER BY id`;
    expect(all(b, exact)).toEqual(all(a, exact));
  });
});

describe("H24: an app's own triggers run while remote changes are applied", () => {
  const touch = (guard: string): string => `CREATE TRIGGER touch AFTER UPDATE OF name ON nodes ${guard} BEGIN
    UPDATE nodes SET name = NEW.name || ' touched' WHERE id = NEW.id; END`;
  const guarded = touch("WHEN NOT EXISTS (SELECT 1 FROM sync_state WHERE key = 'applying_remote' AND value = '1')");

  const namesAfterAnEdit = async (trigger: string): Promise<readonly unknown[]> => {
    const world = new World(model, loaded);
    const [a, b] = [1, 2].map(() => world.device(openGenerated(model, { ddl: `${ddlFor(model)};${trigger}` }))) as [
      SimulatedDevice,
      SimulatedDevice,
    ];
    a.edit("INSERT INTO nodes VALUES ('n', NULL, 'x')");
    await world.settle();
    a.edit("UPDATE nodes SET name = 'y'");
    await world.settle();
    return [a, b].map((device) => value(device, "SELECT name FROM nodes"));
  };

  test("one that writes a synced column without asking for the flag makes devices differ", async () => {
    expect(await namesAfterAnEdit(touch(""))).toEqual(["y touched", "y touched touched"]);
  });

  test("one with the same guard as capture does not", async () => {
    expect(await namesAfterAnEdit(guarded)).toEqual(["y touched", "y touched"]);
  });
});

describe("never blocked", () => {
  test("H12: of two rows with one unique value the later written keeps it on every device, and the other is kept as a conflict", async () => {
    for (const first of [0, 1]) {
      const world = new World(model, loaded);
      const [a, b] = [world.device(), world.device()];
      a.edit("INSERT INTO slugs VALUES ('2', 'taken')");
      b.edit("INSERT INTO slugs VALUES ('1', 'taken')");
      b.edit("INSERT INTO nodes VALUES ('n', NULL, 'goes on')");

      await world.devices[first]?.push();
      await world.converge();

      expect(all(a, "SELECT id FROM slugs UNION ALL SELECT id FROM nodes")).toEqual([["1"], ["n"]]);
      expect(a.store.heldCount() + b.store.heldCount()).toBe(0);
      for (const device of [a, b])
        expect(device.store.conflicts(10)).toMatchObject([{ table: "slugs", rowId: "2", kind: "deleted", values: { slug: "taken" } }]);
    }
  });

  test("a unique value that its holder gives up before the pull is complete collides with nothing", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x')");
    a.edit("UPDATE slugs SET slug = 'y' WHERE id = '1'");
    a.edit("INSERT INTO slugs VALUES ('2', 'x')");
    await a.push();
    await b.pull({ pageSize: 1, shuffle: (page) => page.toReversed() });

    await world.converge();

    expect(all(b, "SELECT id, slug FROM slugs ORDER BY id")).toEqual([
      ["1", "y"],
      ["2", "x"],
    ]);
    expect(b.store.conflictCount()).toBe(0);
  });

  test("two rows that swap a unique value in one page both arrive", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x'), ('2', 'y')");
    a.edit("DELETE FROM slugs WHERE id = '1'");
    a.edit("INSERT INTO slugs VALUES ('3', 'x')");
    await world.converge();
    expect(all(b, "SELECT * FROM slugs ORDER BY id")).toEqual([
      ["2", "y"],
      ["3", "x"],
    ]);
  });

  test("H20: a STRICT table that refuses a value holds that row only", async () => {
    const world = new World(model, loaded);
    const a = world.device();
    const strict = openGenerated(model, {
      ddl: ddlFor(model).replace(
        /(CREATE TABLE IF NOT EXISTS "slugs" \([^;]*\));/,
        `CREATE TABLE "slugs" ("id" TEXT PRIMARY KEY, "slug" TEXT CHECK (length(slug) < 5)) STRICT;`,
      ),
    });
    const b = world.device(strict);
    a.edit("INSERT INTO slugs VALUES ('1', 'far too long')");
    a.edit("INSERT INTO slugs VALUES ('2', 'ok')");
    a.edit("INSERT INTO slugs VALUES ('3', x'AB')");

    await world.settle();

    expect(all(b, "SELECT id FROM slugs")).toEqual([["2"]]);
    expect(b.store.heldRows(10).map(({ rowId, detail }) => [rowId, detail])).toEqual([
      ["1", "CHECK"],
      ["3", "DATATYPE"],
    ]);
  });
});

describe("the transaction", () => {
  test("H14: a failure in the middle leaves rows, cursor and flag as they were", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x')");
    a.edit("INSERT INTO slugs VALUES ('2', 'y')");
    await a.push();
    b.db.exec("CREATE TRIGGER bomb BEFORE INSERT ON sync_row_clock BEGIN SELECT RAISE(ABORT, 'disk trouble'); END");

    await expect(b.pull()).rejects.toThrow("disk trouble");

    expect(b.db.inTransaction).toBe(false);
    expect(b.store.state.get("applying_remote")).toBe("0");
    expect(b.store.state.get("pull_cursor")).toBe("1");
    expect(all(b, "SELECT id FROM slugs")).toEqual([["1"]]);
    b.db.exec("DROP TRIGGER bomb");
    b.edit("INSERT INTO slugs VALUES ('3', 'still captured')");
    await world.converge();
    expect(value(a, "SELECT count(*) FROM slugs")).toBe(3);
  });

  test("the engine does not write into a transaction that the app has open on the same handle", async () => {
    const world = new World(model, loaded);
    const a = world.device();
    a.db.exec("BEGIN; INSERT INTO slugs VALUES ('1', 'x')");

    await expect(a.push()).rejects.toThrow(DatabaseBusyError);

    a.db.exec("COMMIT");
    await a.push();
    expect(world.server.log).toHaveLength(1);
  });

  test("H16: an edit made while a push is on its way stays to be pushed", async () => {
    const world = new World(model, loaded);
    const a = world.device();
    a.edit("INSERT INTO slugs VALUES ('1', 'x')");
    const append = world.server.append.bind(world.server);
    world.server.append = (device, entries) => {
      append(device, entries);
      if (world.server.log.length === 1) a.edit("UPDATE slugs SET slug = 'during'");
    };

    await a.push();
    expect(world.server.log.map(({ op }) => op)).toEqual(["INSERT"]);
    expect(a.store.pendingCount()).toBe(1);

    await a.push();
    expect(world.server.log.map(({ op }) => op)).toEqual(["INSERT", "UPDATE"]);
    expect(a.store.pendingCount()).toBe(0);
  });

  test("what an app writes between two pages of a pull is captured", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    for (let id = 0; id < 5; id++) a.edit(`INSERT INTO slugs VALUES ('${id}', '${id}')`);
    await a.push();
    await b.pull({ pageSize: 1, shuffle: (page) => (b.edit(`INSERT INTO nodes VALUES ('n${page[0]?.seq}', NULL, 'x')`), page) });

    expect(b.store.pendingCount()).toBe(5);
    await world.converge();
  });

  test("stamps rise with every entry even when the clock goes back", async () => {
    const world = new World(model, loaded);
    const a = world.device();
    for (let id = 0; id < 5; id++) {
      world.now -= 10_000;
      a.edit(`INSERT INTO slugs VALUES ('${id}', '${id}')`);
    }
    await a.push();
    const stamps = world.server.log.map(({ timestamp }) => timestamp);
    expect(stamps).toEqual(stamps.toSorted());
    expect(new Set(stamps).size).toBe(5);
  });

  test("64-bit integers as the handle's default do not disturb the engine", async () => {
    const db = openGenerated(model);
    db.defaultSafeIntegers(true);
    const world = new World(model, loaded);
    const a = world.device(db);
    const b = world.device();
    b.edit("INSERT INTO slugs VALUES ('1', 'x')");
    await world.converge();
    expect(a.store.pendingCount()).toBe(0);
  });
});

describe("entries that are not what they say", () => {
  const tampered = async (change: (payload: Record<string, unknown>, entry: Record<string, unknown>) => void): Promise<SimulatedDevice> => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    a.edit("INSERT INTO slugs VALUES ('1', 'x')");
    await a.push();
    const [entry] = world.server.log as unknown as Record<string, unknown>[];
    const payload = JSON.parse(entry?.["payload"] as string) as Record<string, unknown>;
    change(payload, entry as Record<string, unknown>);
    if (typeof entry?.["payload"] === "string") entry["payload"] = JSON.stringify(payload);
    await b.pull();
    expect(b.store.state.get("pull_cursor")).toBe("1");
    return b;
  };
  const rows = (device: SimulatedDevice): readonly unknown[] => all(device, "SELECT id FROM slugs UNION ALL SELECT id FROM nodes");

  test("are applied when untouched", async () => expect(rows(await tampered(() => {}))).toEqual([["1"]]));
  test("are refused in another table", async () => expect(rows(await tampered((_, entry) => (entry["table"] = "nodes")))).toEqual([]));
  test("are refused under another row id", async () => expect(rows(await tampered((_, entry) => (entry["rowId"] = "2")))).toEqual([]));
  test("are refused with another operation", async () => expect(rows(await tampered((_, entry) => (entry["op"] = "UPDATE")))).toEqual([]));
  test("are refused without the reserved member", async () =>
    expect(rows(await tampered((payload) => delete payload[RESERVED_MEMBER]))).toEqual([]));
  test("are refused without a payload", async () => expect(rows(await tampered((_, entry) => (entry["payload"] = null)))).toEqual([]));
  test("are refused when they cannot be decrypted", async () =>
    expect(rows(await tampered((_, entry) => Object.assign(entry, { payload: null, failure: "decryption" })))).toEqual([]));
  test("keep their own time whatever the wire says", async () => {
    const b = await tampered((_, entry) => (entry["timestamp"] = "2090-01-01T00:00:00Z"));
    expect(value(b, "SELECT stamp FROM sync_row_clock")).toBeLessThan(1_800_000_000_000_000);
  });

  test.each([
    ["slugs", "slug", "INSERT INTO slugs VALUES ('1', 'x')"],
    ["comments", "task", "INSERT INTO comments VALUES ('1', 't', 'x')"],
    ["tasks", "project", "INSERT INTO tasks (id, project, title, done) VALUES ('1', 'p', 'x', 0)"],
    ["tasks", "email", "INSERT INTO tasks (id, email, title, done) VALUES ('1', 'e', 'x', 0)"],
    ["nodes", "parent", "INSERT INTO nodes VALUES ('1', 'n', 'x')"],
  ])("a value that no column can hold (%s, %s) holds its row and nothing else", async (table, column, sql) => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair(
      "INSERT INTO projects (id, name, owner) VALUES ('p', 'x', 'y')",
      "INSERT INTO emails VALUES ('e')",
      "INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)",
      "INSERT INTO nodes VALUES ('n', NULL, 'x')",
    );
    const end = world.server.log.length;
    a.edit(sql);
    a.edit("INSERT INTO nodes VALUES ('later', NULL, 'x')");
    await a.push();
    const entry = world.server.log[end] as { payload: string };
    entry.payload = JSON.stringify({ ...(JSON.parse(entry.payload) as object), [column]: [1] });
    for (let cycle = 0; cycle < 2; cycle++) await b.pull();

    expect(b.store.heldRows(10)).toMatchObject([{ table, rowId: "1", reason: "constraint", detail: "VALUE", obstacles: [] }]);
    expect(value(b, "SELECT count(*) FROM nodes WHERE id = 'later'")).toBe(1);

    a.edit(`DELETE FROM ${table} WHERE id = '1'`);
    await a.push();
    await b.pull();
    expect(b.store.heldCount()).toBe(0);
  });

  test("an entry that cannot be read is quarantined with its reason, and applied when it can be read again", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    a.edit("INSERT INTO slugs VALUES ('1', 'x')");
    a.edit("INSERT INTO slugs VALUES ('2', 'y')");
    await a.push();
    const [good] = world.server.log;
    world.server.log[0] = { ...(good as (typeof world.server.log)[number]), payload: null, failure: "decryption" };
    await b.pull();
    expect(all(b, "SELECT id FROM slugs")).toEqual([["2"]]);
    expect(b.store.quarantined(10)).toMatchObject([{ seq: 1, table: "slugs", rowId: "1", reason: "undecryptable" }]);
    expect(await b.retryQuarantine()).toBe(0);

    world.server.log[0] = good as (typeof world.server.log)[number];

    expect(await b.retryQuarantine()).toBe(1);
    expect(b.store.quarantineCount()).toBe(0);
    await world.converge();
  });

  test("a forged delete without a payload deletes nothing", async () => {
    const world = new World(model, loaded);
    const [, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x')");
    world.server.log.push({
      table: "slugs",
      op: "DELETE",
      rowId: "1",
      timestamp: "2090-01-01T00:00:00Z",
      payload: null,
      nonce: null,
      deviceId: "x",
      seq: 2,
      failure: null,
    });
    await b.pull();
    expect(all(b, "SELECT id FROM slugs")).toEqual([["1"]]);
  });

  test("entries of a table that this version does not know are read again after an upgrade", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x')");
    replayAfterUpgrade(b.store, "old");
    (world.server.log[0] as unknown as Record<string, unknown>)["table"] = "from_the_future";
    b.store.state.set("pull_cursor", "0");
    await b.pull();
    (world.server.log[0] as unknown as Record<string, unknown>)["table"] = "slugs";
    a.db.exec("SELECT 1");

    replayAfterUpgrade(b.store, "new");

    expect(b.store.state.get("pull_cursor")).toBe("0");
  });
});

describe("a database whose sync tables another version made", () => {
  const open = (db: TestDatabase): unknown =>
    openSync(loaded.spec, [], { database: driverOver(db), deviceName: "desk", serverUrl: "https://sync.example", apiKey: "key" });

  test("has every column that this runtime reads, where this generator made it", () => {
    expect(missingSyncColumns(driverOver(openGenerated(model)))).toEqual([]);
  });

  test("is refused with an error that names what is missing and says to run the migrations", () => {
    const db = openGenerated(model);
    db.exec("ALTER TABLE sync_changelog DROP COLUMN rule; DROP TABLE sync_conflicts");

    expect(() => open(db)).toThrow(expect.objectContaining({ code: "database/outdated" }));
    expect(() => open(db)).toThrow(/migrations.*sync_changelog\.rule, sync_conflicts/u);
  });
});

describe("recovery", () => {
  test("a cycle with nothing to do asks the server once, and one page of news is one request", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x')");
    const requests = async (): Promise<number> => {
      const before = world.server.pulls;
      await b.pull();
      return world.server.pulls - before;
    };

    expect(await requests()).toBe(1);
    a.edit("INSERT INTO slugs VALUES ('2', 'y')");
    await a.push();
    expect(await requests()).toBe(1);
    expect(value(b, "SELECT count(*) FROM slugs")).toBe(2);
  });

  test("a server restored from an older backup gets back what it lost, from whichever device syncs first", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO tasks (id, title, done) VALUES ('t', 'old', 0)", "INSERT INTO slugs VALUES ('gone', 'x')");
    const backup = world.server.log.length;
    a.edit("UPDATE tasks SET title = 'after the backup'");
    b.edit("INSERT INTO nodes VALUES ('n', NULL, 'after the backup')");
    a.edit("DELETE FROM slugs");
    await world.converge();

    world.server.log.splice(backup);
    await b.pull();
    const c = world.device();
    await c.pull();

    expect(all(c, "SELECT title FROM tasks UNION ALL SELECT name FROM nodes UNION ALL SELECT id FROM slugs")).toEqual([
      ["after the backup"],
      ["after the backup"],
    ]);
    await world.converge();
    expect(a.store.conflictCount() + b.store.conflictCount()).toBe(0);
  });

  test("a server that was restored before a device read back what it had pushed gets it again", async () => {
    const world = new World(model, loaded);
    const a = world.device();
    a.edit("INSERT INTO slugs VALUES ('1', 'x')");
    await a.push();
    world.server.log.splice(0);
    const b = world.device();

    await a.pull();
    await world.converge();

    expect(all(b, "SELECT slug FROM slugs")).toEqual([["x"]]);
  });

  test("a log that went on differently after its backup is noticed although it is longer than the cursor", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x')");
    a.edit("INSERT INTO slugs VALUES ('2', 'lost by the server')");
    await world.converge();
    world.server.log.splice(1);
    const c = world.device();
    for (let id = 10; id < 14; id++) c.edit(`INSERT INTO slugs VALUES ('${id}', '${id}')`);
    await c.push();

    await b.pull();
    await world.converge();

    expect(value(c, "SELECT count(*) FROM slugs")).toBe(6);
  });

  test("a whole server lost is rebuilt: edits, deletes, baseline rows and their clocks", async () => {
    const world = new World(model, loaded);
    const [a] = await world.pair(
      "INSERT INTO tasks (id, title, done) VALUES ('t', 'x', 0)",
      "UPDATE tasks SET done = 1",
      "INSERT INTO slugs VALUES ('s', 'x')",
    );
    const old = openGenerated(model, { ddl: `${ddlFor(model)}; INSERT INTO slugs VALUES ('from before', 'y')` });
    const b = world.device(old);
    b.store.createInitialSnapshot(b.name);
    a.edit("DELETE FROM slugs");
    await world.converge();
    const clocks = "SELECT table_name, row_id, stamp, columns, life_stamp, alive FROM sync_row_clock ORDER BY 1, 2";
    const before = all(a, clocks);

    world.server.log.splice(0);
    await a.pull();
    const c = world.device();
    await world.converge();

    expect(all(c, clocks)).toEqual(before.map((row) => expect.arrayContaining((row as unknown[]).slice(0, 2)) as unknown));
    expect(all(c, "SELECT id FROM slugs")).toEqual([["from before"]]);
    expect(all(a, clocks)).toEqual(before);
  });

  test("a device restored from a backup catches up and undoes nothing", async () => {
    const world = new World(model, loaded);
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'old')");
    const backup = copyOf(b.db);
    b.edit("INSERT INTO slugs VALUES ('2', 'made after the backup')");
    a.edit("UPDATE slugs SET slug = 'new' WHERE id = '1'");
    await world.converge();

    b.replaceDatabase(backup);
    await world.converge();

    expect(all(b, "SELECT * FROM slugs ORDER BY id")).toEqual([
      ["1", "new"],
      ["2", "made after the backup"],
    ]);
  });

  test("a reinstall under the same device name gets all of its own data back", async () => {
    const world = new World(model, loaded);
    const [a] = await world.pair(
      "INSERT INTO slugs VALUES ('1', 'x')",
      "INSERT INTO slugs VALUES ('2', 'y')",
      "UPDATE slugs SET slug = 'z' WHERE id = '2'",
    );
    a.replaceDatabase(openGenerated(model));
    await world.converge();
    expect(all(a, "SELECT * FROM slugs ORDER BY id")).toEqual([
      ["1", "x"],
      ["2", "z"],
    ]);
  });
});

describe("retention", () => {
  test("pushed entries go after their days, unpushed ones never", async () => {
    const world = new World(model, loaded);
    const a = world.device();
    a.edit("INSERT INTO slugs VALUES ('1', 'x')");
    await a.push();
    a.edit("INSERT INTO slugs VALUES ('2', 'y')");

    world.now += 6 * 86_400_000;
    expect(a.store.cleanup()).toBe(0);
    world.now += 2 * 86_400_000;
    expect(a.store.cleanup()).toBe(1);
    expect(all(a, "SELECT row_id FROM sync_changelog")).toEqual([["2"]]);
  });

  test("the cap removes the oldest pushed entries and no pending one", async () => {
    const world = new World(model, loaded);
    const spec = { ...loaded.spec, changelog: { retainDays: 7, maxEntries: 3, maxAwayDays: 180 } };
    const a = new SimulatedDevice("a", model, { ...loaded, spec }, world.server, () => world.now);
    for (let id = 0; id < 6; id++) a.edit(`INSERT INTO slugs VALUES ('${id}', '${id}')`);
    await a.push();
    expect(a.store.cleanup()).toBe(3);
    expect(all(a, "SELECT row_id FROM sync_changelog")).toEqual([["3"], ["4"], ["5"]]);
    for (let id = 6; id < 12; id++) a.edit(`INSERT INTO slugs VALUES ('${id}', '${id}')`);
    a.store.cleanup();
    expect(a.store.pendingCount()).toBe(6);
  });
});

describe("compat: synckit", () => {
  test("payloads hold columns only, rows merge whole, and devices end equal", async () => {
    const plain = modelOf([tableOf("slugs", { columns: { slug: "text", size: "integer" }, conflicts: "row" })], { compat: "synckit" });
    const world = new World(plain, await loadSpec(plain));
    const [a, b] = await world.pair("INSERT INTO slugs VALUES ('1', 'x', 0)");
    a.edit("UPDATE slugs SET slug = 'a'");
    b.edit("UPDATE slugs SET size = 2");
    b.edit("INSERT INTO slugs VALUES ('2', 'x', 0)");
    await world.converge();
    a.edit("DELETE FROM slugs WHERE id = '2'");
    await world.converge();

    expect(all(a, "SELECT * FROM slugs")).toEqual([["1", "x", 2]]);
    expect(JSON.parse(world.server.log[0]?.payload as string)).toEqual({ id: "1", slug: "x", size: 0 });
    expect(world.server.log.at(-1)).toMatchObject({ op: "DELETE", rowId: "2", payload: null });
  });
});

test("a store opens on a database that another handle has migrated", () => {
  const db = openGenerated(model);
  expect(openStore(driverOver(db), loaded.spec, () => 0).pendingCount()).toBe(0);
});

test("a delete that waits for a pull to complete is carried out although it comes once more", async () => {
  const world = new World(model, loaded);
  const [a, b] = await world.pair("INSERT INTO nodes VALUES ('p', NULL, 'x')", "INSERT INTO slugs VALUES ('s', 'x')");
  a.edit("DELETE FROM nodes");
  a.edit("UPDATE slugs SET slug = 'y'");
  b.edit("INSERT INTO nodes VALUES ('c', 'p', 'made here')");
  await a.push();
  await b.pull({ pageSize: 1, maxPages: 2 });
  expect(b.store.heldRows(10)).toMatchObject([{ table: "nodes", rowId: "p", reason: "children" }]);

  b.store.state.set("pull_cursor", "0");
  await b.pull({ pageSize: 1, maxPages: 4 });
  await world.converge();

  expect(all(b, "SELECT id FROM nodes")).toEqual([]);
});
