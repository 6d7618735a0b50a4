/** Devices on two versions of an app share one account: each generated after the one before, exchanging changes both ways. */
import { isSyncError } from "@synckit-gen/runtime";
import { startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Generated } from "../generator/src/generate.ts";
import { openAppDevice, signIn, type AppDevice } from "./support/app-devices.ts";
import { importFiles } from "./support/import-generated.ts";
import type { LoadedSpec } from "./support/load-spec.ts";
import { nextVersion } from "./support/versions.ts";

const schema = (tables: string): string => `synckit: 1\napp: versions\ncreate: true\ntables:\n${tables}`;

interface Version {
  readonly generated: Generated;
  readonly loaded: LoadedSpec;
}

/** One version of the app after another. */
async function versionsOf(...texts: readonly string[]): Promise<readonly Version[]> {
  const found: Version[] = [];
  for (const text of texts) {
    const generated = nextVersion(schema(text), found.at(-1)?.generated ?? null);
    if (!("files" in generated)) throw new Error(generated.join());
    found.push({ generated, loaded: await importFiles(generated.files) });
  }
  return found;
}

let server: EmbeddedServer;
beforeEach(async () => {
  server = await startEmbeddedServer();
});
afterEach(() => server.close());

function openOn({ generated, loaded }: Version, name: string, db = new Database(":memory:")): AppDevice {
  db.pragma("foreign_keys = ON");
  return openAppDevice(server, generated.model, loaded, { name, db });
}

async function on(version: Version, name: string): Promise<AppDevice> {
  const device = openOn(version, name);
  await signIn(device, server);
  await device.sync.syncNow();
  return device;
}

/** The same device, after an update of the app. */
async function upgraded(device: AppDevice, version: Version, name: string): Promise<AppDevice> {
  const next = openOn(version, name, device.db as Database.Database);
  await signIn(next, server);
  await next.sync.syncNow();
  return next;
}

const syncAll = async (...devices: readonly AppDevice[]): Promise<void> => {
  for (let round = 0; round < 3; round++) for (const { sync } of devices) await sync.syncNow();
};
const all = ({ db }: AppDevice, sql: string): readonly unknown[] => db.prepare(sql).raw().all();
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (isSyncError(error) ? error.code : Promise.reject(error as Error)),
  );

const ONE = `  tasks: { columns: { title: text, note: text? } }`;

describe("a new column", () => {
  const two = `  tasks: { columns: { title: text, note: text?, priority: { type: integer, default: 3 } } }`;

  test("keeps its values on old devices unseen, has its default for their rows, and is there after the upgrade", async () => {
    const [v1, v2] = (await versionsOf(ONE, two)) as [Version, Version];
    const [old, other, current] = [await on(v1, "old"), await on(v1, "other"), await on(v2, "current")];
    old.db.exec("INSERT INTO tasks (id, title) VALUES ('from old', 'x')");
    current.db.exec("INSERT INTO tasks (id, title, priority) VALUES ('from new', 'y', 9)");
    await syncAll(old, current, other);
    old.db.exec("UPDATE tasks SET title = 'edited by old' WHERE id = 'from new'");
    await syncAll(old, current, other);
    expect(all(current, "SELECT id, title, priority FROM tasks ORDER BY id")).toEqual([
      ["from new", "edited by old", 9],
      ["from old", "x", 3],
    ]);

    old.db.exec("UPDATE tasks SET note = 'not pushed when updated' WHERE id = 'from new'");
    const late = await upgraded(old, v2, "old");
    await syncAll(late, current, other);

    expect(late.rows("tasks")).toEqual(current.rows("tasks"));
    expect(all(late, "SELECT priority, note FROM tasks WHERE id = 'from new'")).toEqual([[9, "not pushed when updated"]]);
    expect(all(other, "SELECT title, note FROM tasks WHERE id = 'from new'")).toEqual([["edited by old", "not pushed when updated"]]);
    expect((await late.sync.verify()).outcome).toBe("alone");
    expect((await current.sync.verify()).outcome).toBe("equal");
  });
});

test("an edit of a new column that loses to a delete by an old device is a conflict of its author, whatever that wrote first", async () => {
  // seed 387
  const [v1, v2] = (await versionsOf(ONE, `  tasks: { columns: { title: text, note: text?, rank: integer? } }`)) as [Version, Version];
  const [old, current] = [await on(v1, "old"), await on(v2, "current")];
  old.db.exec("INSERT INTO tasks (id, title) VALUES ('a', 'x')");
  await syncAll(old, current);
  current.db.exec("UPDATE tasks SET rank = 7");
  await current.sync.syncNow();
  old.db.exec(
    "UPDATE tasks SET title = 'y'; DELETE FROM tasks; UPDATE sync_changelog SET timestamp = timestamp + 60000000 WHERE stamp IS NULL",
  );
  await syncAll(old, current);

  expect(current.rows("tasks")).toEqual([]);
  expect(current.sync.conflicts()).toMatchObject([{ kind: "deleted", rowId: "a", values: { rank: 7 } }]);
});

test("a column that goes is ignored where it is gone, and kept where it is", async () => {
  const [v1, v2] = (await versionsOf(ONE, `  tasks: { columns: { title: text } }`)) as [Version, Version];
  const [old, current] = [await on(v1, "old"), await on(v2, "current")];
  old.db.exec("INSERT INTO tasks (id, title, note) VALUES ('t', 'x', 'kept')");
  await syncAll(old, current);
  current.db.exec("UPDATE tasks SET title = 'y'; INSERT INTO tasks (id, title) VALUES ('u', 'new')");
  await syncAll(current, old);

  expect(all(old, "SELECT id, title, note FROM tasks ORDER BY id")).toEqual([
    ["t", "y", "kept"],
    ["u", "new", null],
  ]);
  const late = await upgraded(old, v2, "old");
  await syncAll(late, current);
  expect(late.rows("tasks")).toEqual(current.rows("tasks"));
});

describe("a column with a new name", () => {
  const two = `  tasks: { columns: { title: text, remark: { type: text?, renamed_from: note } } }`;
  const three = `  tasks: { columns: { title: text, comment: { type: text?, renamed_from: remark } } }`;

  test("is one column across three versions, with edits before, during and after the upgrades", async () => {
    const [v1, v2, v3] = (await versionsOf(ONE, two, three)) as [Version, Version, Version];
    const [old, mid, current] = [await on(v1, "old"), await on(v2, "mid"), await on(v3, "current")];
    old.db.exec("INSERT INTO tasks (id, title, note) VALUES ('a', 'x', 'by old'), ('b', 'x', 'by old')");
    await syncAll(old, mid, current);
    expect(all(mid, "SELECT remark FROM tasks")).toEqual([["by old"], ["by old"]]);
    expect(all(current, "SELECT comment FROM tasks")).toEqual([["by old"], ["by old"]]);

    current.db.exec(
      "UPDATE tasks SET comment = 'by current' WHERE id = 'a'; INSERT INTO tasks (id, title, comment) VALUES ('c', 'x', 'of current')",
    );
    await syncAll(current, old, mid);
    expect(all(old, "SELECT id, note FROM tasks ORDER BY id")).toEqual([
      ["a", "by old"],
      ["b", "by old"],
      ["c", null],
    ]);

    old.db.exec("UPDATE tasks SET note = 'edited while away' WHERE id = 'b'; UPDATE tasks SET title = 'y' WHERE id = 'a'");
    const late = await upgraded(old, v2, "old");
    const last = await upgraded(mid, v3, "mid");
    await syncAll(late, last, current);
    const newest = await upgraded(late, v3, "old");
    await syncAll(newest, last, current);

    const wanted = [
      ["a", "y", "by current"],
      ["b", "x", "edited while away"],
      ["c", "x", "of current"],
    ];
    for (const device of [newest, last, current]) expect(all(device, "SELECT id, title, comment FROM tasks ORDER BY id")).toEqual(wanted);
    const joined = await on(v3, "joined");
    expect(joined.rows("tasks")).toEqual(current.rows("tasks"));
  });

  test("an edit under the old name that overwrites one under the new name leaves it as a conflict", async () => {
    const [v1, v2] = (await versionsOf(ONE, two)) as [Version, Version];
    const [old, current] = [await on(v1, "old"), await on(v2, "current")];
    old.db.exec("INSERT INTO tasks (id, title, note) VALUES ('a', 'x', 'first')");
    await syncAll(old, current);
    current.db.exec("UPDATE tasks SET remark = 'unseen by old'");
    await syncAll(current, old);
    old.db.exec("UPDATE tasks SET note = 'later'");
    await syncAll(old, current);

    expect(all(current, "SELECT remark FROM tasks")).toEqual([["later"]]);
    expect(current.sync.conflicts().map(({ values }) => values)).toEqual([{ remark: "unseen by old" }]);
  });
});

test("a table with a new name is one table, rows of both names and hidden row ids included", async () => {
  const [v1, v2] = (await versionsOf(
    `  tasks: { row_ids: hidden, columns: { title: text } }\n  steps: { columns: { task: uuid }, references: { task: { table: tasks, on_delete: cascade } } }`,
    `  jobs: { renamed_from: tasks, row_ids: hidden, columns: { title: text } }\n  steps: { columns: { task: uuid }, references: { task: { table: jobs, on_delete: cascade } } }`,
  )) as [Version, Version];
  const [old, current] = [await on(v1, "old"), await on(v2, "current")];
  old.db.exec("INSERT INTO tasks (id, title) VALUES ('a', 'x'), ('gone', 'x'); INSERT INTO steps (id, task) VALUES ('s', 'a')");
  await syncAll(old, current);
  expect(all(current, "SELECT id FROM jobs ORDER BY id")).toEqual([["a"], ["gone"]]);
  current.db.exec("UPDATE jobs SET title = 'by current' WHERE id = 'a'; INSERT INTO jobs (id, title) VALUES ('n', 'new')");
  old.db.exec("DELETE FROM tasks WHERE id = 'gone'");
  await syncAll(current, old);
  expect(all(old, "SELECT id, title FROM tasks")).toEqual([["a", "x"]]);

  const late = await upgraded(old, v2, "old");
  await syncAll(late, current);

  expect(late.rows("jobs")).toEqual(current.rows("jobs"));
  expect(all(current, "SELECT id, title FROM jobs ORDER BY id")).toEqual([
    ["a", "by current"],
    ["n", "new"],
  ]);
  expect([late, current].map(({ sync }) => sync.status().heldRows + sync.status().quarantinedEntries)).toEqual([0, 0]);
});

test("a column that begins to sync is back-filled, and fills gaps only", async () => {
  const [v1, v2] = (await versionsOf(
    `  tasks: { columns: { title: text }, local: { mood: { type: text? } } }`,
    `  tasks: { columns: { title: text, mood: text? } }`,
  )) as [Version, Version];
  const [one, two] = [await on(v1, "one"), await on(v1, "two")];
  one.db.exec("INSERT INTO tasks (id, title, mood) VALUES ('a', 'x', 'of one'), ('b', 'x', 'of one')");
  await syncAll(one, two);
  expect(all(two, "SELECT mood FROM tasks")).toEqual([[null], [null]]);

  const second = await upgraded(two, v2, "two");
  second.db.exec("UPDATE tasks SET mood = 'edited' WHERE id = 'b'");
  await syncAll(second, one);
  const first = await upgraded(one, v2, "one");
  await syncAll(first, second);

  for (const device of [first, second])
    expect(all(device, "SELECT id, mood FROM tasks ORDER BY id")).toEqual([
      ["a", "of one"],
      ["b", "edited"],
    ]);
});

describe("what was captured before the upgrade and not synced by then", () => {
  // found by the simulator: seeds 391 and 295 with 100 schemas
  test("is told with what its rows have in a column that begins to sync", async () => {
    const [v1, v2] = (await versionsOf(
      `  tasks: { columns: { title: text }, local: { mood: { type: text? } } }`,
      `  tasks: { columns: { title: text, mood: text? } }`,
    )) as [Version, Version];
    const one = openOn(v1, "one");
    one.db.exec("INSERT INTO tasks (id, title, mood) VALUES ('a', 'x', 'of one')");
    const [first, second] = [await upgraded(one, v2, "one"), await on(v2, "two")];
    await syncAll(first, second);

    expect(second.rows("tasks")).toEqual(first.rows("tasks"));
    expect(all(second, "SELECT mood FROM tasks")).toEqual([["of one"]]);
  });

  // with keys: seed 600486
  test.each(["payload", "keys"])("does not count as having written a new column, if deleted meanwhile (capture: %s)", async (capture) => {
    const [v1, v2] = (await versionsOf(
      `${ONE}\nchangelog: { capture: ${capture} }`,
      `  tasks: { columns: { title: text, note: text?, rank: { type: integer, default: 3 } } }\nchangelog: { capture: ${capture} }`,
    )) as [Version, Version];
    const [late, current, old] = [await on(v1, "late"), await on(v2, "current"), await on(v1, "old")];
    current.db.exec("INSERT INTO tasks (id, title, rank) VALUES ('a', 'x', 9)");
    await syncAll(current, old);
    late.db.exec("INSERT INTO tasks (id, title) VALUES ('a', 'mine'); DELETE FROM tasks");
    const updated = await upgraded(late, v2, "late");
    old.db.exec("UPDATE tasks SET note = 'later than the delete'");
    await syncAll(old, updated, current);
    const last = await upgraded(old, v2, "old");
    await syncAll(last, updated, current);

    expect(all(current, "SELECT note, rank FROM tasks")).toEqual([["later than the delete", 9]]);
    for (const device of [updated, last]) expect(device.rows("tasks")).toEqual(current.rows("tasks"));
  });
});

test("devices that decide by row and by column end with the same rows once both are updated", async () => {
  const [v1, v2] = (await versionsOf(ONE, `  tasks: { conflicts: row, columns: { title: text, note: text? } }`)) as [Version, Version];
  const [old, current] = [await on(v1, "old"), await on(v2, "current")];
  old.db.exec("INSERT INTO tasks (id, title, note) VALUES ('a', 'x', 'x')");
  await syncAll(old, current);
  old.db.exec("UPDATE tasks SET title = 'old'");
  await old.sync.syncNow();
  await current.sync.syncNow();
  current.db.exec("UPDATE tasks SET note = 'current'");
  await syncAll(current, old);
  const late = await upgraded(old, v2, "old");
  await syncAll(late, current);

  expect(late.rows("tasks")).toEqual(current.rows("tasks"));
  expect(all(late, "SELECT title, note FROM tasks")).toEqual([["old", "current"]]);
});

describe("a name that an earlier version has synced", () => {
  const without = `  tasks: { columns: { title: text } }`;
  const more = `  more: { columns: { x: text? } }`;

  test.each([
    ["a column that comes back", [ONE, without, ONE]],
    ["a column that syncs again", [ONE, `  tasks: { columns: { title: text }, local: { note: text? } }`, ONE]],
    [
      "a column whose old name another one takes",
      [ONE, `  tasks: { columns: { title: text, remark: { type: text?, renamed_from: note }, note: text? } }`],
    ],
    [
      "a rename that comes a version late",
      [ONE, without, `  tasks: { columns: { title: text, remark: { type: text?, renamed_from: note } } }`],
    ],
    ["a table that comes back", [`${ONE}\n${more}`, more, `${ONE}\n${more}`]],
    ["a table whose old name another one takes", [ONE, `  jobs: { renamed_from: tasks, columns: { title: text, note: text? } }\n${ONE}`]],
  ])("is refused to %s", async (_what, texts) => {
    const before = (await versionsOf(...texts.slice(0, -1))).at(-1)?.generated ?? null;

    expect(nextVersion(schema(texts.at(-1) ?? ""), before)).toEqual(["migration/name-reused"]);
  });

  test("is given back to what had it, and a name that only stayed here may sync", async () => {
    const [v1, v2, v3] = (await versionsOf(
      `  tasks: { columns: { title: text, note: text? }, local: { draft: text? } }`,
      `  tasks: { columns: { title: text, remark: { type: text?, renamed_from: note } }, local: { draft: text? } }`,
      `  tasks: { columns: { title: text, note: { type: text?, renamed_from: remark }, draft: text? } }`,
    )) as [Version, Version, Version];
    const first = await on(v1, "first");
    first.db.exec("INSERT INTO tasks (id, title, note, draft) VALUES ('a', 'x', 'of 1', 'mine'), ('b', 'x', 'of 1', NULL)");
    await syncAll(first);
    const second = await upgraded(first, v2, "first");
    second.db.exec("UPDATE tasks SET remark = 'of 2' WHERE id = 'b'");
    await syncAll(second);
    const third = await upgraded(second, v3, "first");
    const joined = await on(v3, "joined");
    await syncAll(third, joined, third);

    expect(joined.rows("tasks")).toEqual(third.rows("tasks"));
    expect(all(joined, "SELECT id, note, draft FROM tasks ORDER BY id")).toEqual([
      ["a", "of 1", "mine"],
      ["b", "of 2", null],
    ]);
  });
});

describe("a version that old devices would misread", () => {
  const two = `  tasks: { columns: { title: text, note: integer? } }`;

  test("makes them stop, say so, and lose nothing; after the upgrade they go on", async () => {
    const [v1, v2] = (await versionsOf(ONE, two)) as [Version, Version];
    const old = await on(v1, "old");
    const other = await on(v1, "other");
    old.db.exec("INSERT INTO tasks (id, title, note) VALUES ('a', 'x', '12')");
    await syncAll(old, other);
    const current = await upgraded(other, v2, "other");
    current.db.exec("UPDATE tasks SET note = 13");
    await syncAll(current);
    old.db.exec("UPDATE tasks SET title = 'made by old'");

    expect(await codeOf(old.sync.syncNow())).toBe("app/outdated");
    const logged = (await current.sync.client.status()).totalChanges;
    old.db.exec("UPDATE tasks SET title = 'and again'");
    expect(await codeOf(old.sync.syncNow())).toBe("app/outdated");
    expect((await current.sync.client.status()).totalChanges).toBe(logged);
    expect(old.sync.status()).toMatchObject({ quarantinedEntries: 0, heldRows: 0 });
    expect(all(old, "SELECT note FROM tasks")).toEqual([["12"]]);

    const late = await upgraded(old, v2, "old");
    await syncAll(late, current);
    expect(late.rows("tasks")).toEqual(current.rows("tasks"));
    expect(all(late, "SELECT title, note FROM tasks")).toEqual([["and again", 13]]);
  });

  test("changes of another table, defaults and names do not", async () => {
    const [, v2, v3] = await versionsOf(
      ONE,
      `  tasks: { columns: { title: text, remark: { type: text?, renamed_from: note }, p: { type: integer, default: 1 } } }`,
      `  tasks: { columns: { title: text, remark: text? } }\n  more: { columns: { note: integer? } }`,
    );
    expect(v2?.loaded.spec.tables[0]?.epoch).toBeUndefined();
    expect(v3?.loaded.spec.tables[0]?.epoch).toBeUndefined();
    const [, other] = await versionsOf(ONE, two);
    expect(other?.loaded.spec.tables[0]?.epoch).toBe(1);
  });
});
