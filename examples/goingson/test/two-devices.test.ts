// GoingsOn on two devices: its thirteen tables, and each rule that its schema states.
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passTime, startTwoDevices, type TwoDevices } from "../../test-support/two-devices.ts";
import { type App, openApp, openDatabase } from "../src/open-app.ts";
import { spec } from "../src/sync/apply.ts";
import { upsertOrder } from "../src/sync/order.ts";
import { emailAccountsLocalColumns } from "../src/sync/tables.ts";

const ACCOUNT = `INSERT INTO email_accounts (id, account_name, email_address, imap_host, imap_username, smtp_host, smtp_username, password, oauth_token, oauth_refresh_token, oauth_expires_at)
  VALUES (?, 'Work', 'ada@example.com', 'imap.example.com', 'ada', 'smtp.example.com', 'ada', ?, ?, ?, ?)`;

const value = (app: App, sql: string, ...parameters: readonly unknown[]): unknown =>
  app.database
    .prepare(sql)
    .pluck()
    .get(...parameters);
const row = (app: App, sql: string, ...parameters: readonly unknown[]): unknown => app.database.prepare(sql).get(...parameters);

describe("two devices that stay together", () => {
  let devices: TwoDevices<App>;
  let a: App;
  let b: App;
  beforeAll(async () => {
    devices = await startTwoDevices({ spec, open: openApp });
    ({ a, b } = devices);
  });
  afterAll(() => devices.close());

  const addTask = (app: App, id: string, description: string): unknown =>
    app.db.insertInto("tasks").values({ id, description, created_at: "2026-11-23T09:00:00Z", user_id: "local" }).execute();

  test("a whole tree of thirteen tables made on one device arrives on the other", async () => {
    const created_at = "2026-11-23T09:00:00Z";
    await a.db.insertInto("projects").values({ id: "p1", name: "Garden", project_type: "Home", user_id: "local" }).execute();
    await a.db.insertInto("milestones").values({ id: "m1", project_id: "p1", name: "Beds dug", created_at }).execute();
    await a.db
      .insertInto("tasks")
      .values({
        id: "t1",
        project_id: "p1",
        milestone_id: "m1",
        description: "Buy seeds 🌱",
        tags: '["shop","spring"]',
        urgency: 7.1,
        created_at,
        user_id: "local",
      })
      .execute();
    a.database.exec(`
      INSERT INTO events (id, project_id, title, starts_at) VALUES ('e1', 'p1', 'Garden market', '2026-11-28T10:00:00Z');
      INSERT INTO annotations (id, task_id, body) VALUES ('n1', 't1', 'Ask Grace for leftovers');
      INSERT INTO subtasks (id, task_id, description, done) VALUES ('s1', 't1', 'Tomatoes', 1), ('s2', 't1', 'Chard', 0);
      INSERT INTO contacts (id, name, birthday) VALUES ('c1', 'Grace Hopper', '1906-12-09');
      INSERT INTO contact_emails (id, contact_id, address, is_primary) VALUES ('ce1', 'c1', 'grace@example.com', 1);
      INSERT INTO contact_phones (id, contact_id, number) VALUES ('cp1', 'c1', '+1 555 0100');
      INSERT INTO contact_social_handles (id, contact_id, platform, handle) VALUES ('ch1', 'c1', 'mastodon', '@grace');
      INSERT INTO contact_custom_fields (id, contact_id, label, value) VALUES ('cf1', 'c1', 'Shoe size', '37');
      INSERT INTO saved_views (id, name, filter) VALUES ('v1', 'Today', '{"due":"today"}');
    `);
    a.database.prepare(ACCOUNT).run("tree", null, null, null, null);

    await devices.settle();

    const arrived = devices.rowsOf(b);
    expect(Object.keys(arrived).toSorted()).toEqual([...upsertOrder].toSorted());
    expect(upsertOrder.length).toBe(13);
    for (const table of upsertOrder) expect(arrived[table]?.length, table).toBeGreaterThan(0);
    expect(await b.db.selectFrom("tasks").select(["description", "tags", "urgency"]).where("id", "=", "t1").executeTakeFirst()).toEqual({
      description: "Buy seeds 🌱",
      tags: '["shop","spring"]',
      urgency: 7.1,
    });
  });

  test("of two edits of one column the later one stays on both devices, whoever syncs first", async () => {
    await addTask(a, "same-1", "draft");
    await addTask(a, "same-2", "draft");
    await devices.settle();

    a.database.exec("UPDATE tasks SET description = 'from A' WHERE id IN ('same-1', 'same-2')");
    passTime();
    b.database.exec("UPDATE tasks SET description = 'from B' WHERE id IN ('same-1', 'same-2')");
    passTime();
    a.database.exec("UPDATE tasks SET description = 'from A again' WHERE id = 'same-2'");
    await devices.settle();

    for (const app of [a, b]) {
      expect(value(app, "SELECT description FROM tasks WHERE id = 'same-1'")).toBe("from B");
      expect(value(app, "SELECT description FROM tasks WHERE id = 'same-2'")).toBe("from A again");
    }
  });

  test("edits of different columns of one task both stay", async () => {
    await addTask(a, "apart", "Paint the fence");
    await devices.settle();

    await a.db.updateTable("tasks").set({ priority: "High" }).where("id", "=", "apart").execute();
    await b.db.updateTable("tasks").set({ due: "2026-12-01T12:00:00Z", status: "Started" }).where("id", "=", "apart").execute();
    await devices.settle();

    const expected = { priority: "High", due: "2026-12-01T12:00:00Z", status: "Started" };
    for (const app of [a, b]) expect(row(app, "SELECT priority, due, status FROM tasks WHERE id = 'apart'")).toEqual(expected);
  });

  test("between a delete and an edit the later one decides", async () => {
    await addTask(a, "revived", "kept");
    await addTask(a, "buried", "given up");
    await devices.settle();

    b.database.exec("UPDATE tasks SET status = 'Done' WHERE id = 'buried'");
    passTime();
    a.database.exec("DELETE FROM tasks WHERE id IN ('revived', 'buried')");
    passTime();
    b.database.exec("UPDATE tasks SET status = 'Done' WHERE id = 'revived'");
    await devices.settle();

    for (const app of [a, b]) {
      expect(row(app, "SELECT description, status FROM tasks WHERE id = 'revived'")).toEqual({ description: "kept", status: "Done" });
      expect(row(app, "SELECT 1 FROM tasks WHERE id = 'buried'")).toBeUndefined();
    }
  });

  test("a device keeps its own credentials when another edits the account", async () => {
    a.database.prepare(ACCOUNT).run("creds", "a-password", "a-token", "a-refresh", "2027-01-01");
    await devices.settle();
    expect(row(b, "SELECT password, oauth_token, oauth_refresh_token, oauth_expires_at FROM email_accounts WHERE id = 'creds'")).toEqual({
      password: null,
      oauth_token: null,
      oauth_refresh_token: null,
      oauth_expires_at: null,
    });

    b.database.exec("UPDATE email_accounts SET password = 'b-password', oauth_token = 'b-token' WHERE id = 'creds'");
    expect(b.sync.status().pendingChanges).toBe(0);
    a.database.exec("UPDATE email_accounts SET imap_host = 'mail.example.com' WHERE id = 'creds'");
    await devices.settle();

    const credentials = "SELECT imap_host, password, oauth_token FROM email_accounts WHERE id = 'creds'";
    expect(row(b, credentials)).toEqual({ imap_host: "mail.example.com", password: "b-password", oauth_token: "b-token" });
    expect(row(a, credentials)).toEqual({ imap_host: "mail.example.com", password: "a-password", oauth_token: "a-token" });
  });

  test("a task keeps its reference to an e-mail that only another device has, with foreign keys on", async () => {
    a.database.prepare(ACCOUNT).run("inbox", null, null, null, null);
    await a.db.insertInto("emails").values({ id: "mail-1", account_id: "inbox", sender: "bob@example.com", subject: "Invoice" }).execute();
    await addTask(a, "from-mail", "Pay Bob");
    a.database.exec("UPDATE tasks SET source_email_id = 'mail-1' WHERE id = 'from-mail'");
    await devices.settle();

    expect(b.database.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(value(b, "SELECT count(*) FROM emails")).toBe(0);
    expect(value(b, "SELECT source_email_id FROM tasks WHERE id = 'from-mail'")).toBe("mail-1");
    expect(b.sync.heldRows()).toEqual([]);

    b.database.exec("UPDATE tasks SET status = 'Done' WHERE id = 'from-mail'");
    await devices.settle();
    expect(row(a, "SELECT status, source_email_id FROM tasks WHERE id = 'from-mail'")).toEqual({
      status: "Done",
      source_email_id: "mail-1",
    });

    a.database.exec("DELETE FROM emails WHERE id = 'mail-1'");
    await devices.settle();
    expect(value(b, "SELECT source_email_id FROM tasks WHERE id = 'from-mail'")).toBeNull();
  });

  test("a row that arrives belongs to the one local user", async () => {
    a.database.exec("INSERT INTO projects (id, user_id, name) VALUES ('owned', 'local', 'Mine')");
    await addTask(a, "owned", "Mine too");
    expect(value(a, "SELECT data FROM sync_changelog WHERE row_id = 'owned' AND table_name = 'projects'")).not.toContain("user_id");
    await devices.settle();

    expect(value(b, "SELECT user_id FROM projects WHERE id = 'owned'")).toBe("local");
    expect(value(b, "SELECT user_id FROM tasks WHERE id = 'owned'")).toBe("local");
  });

  test("a recurring task arrives with its parent even when it was written first", async () => {
    a.database.exec(`
      BEGIN;
      PRAGMA defer_foreign_keys = ON;
      INSERT INTO tasks (id, user_id, description, recurrence_parent_id) VALUES ('week-2', 'local', 'Water the plants', 'week-1');
      INSERT INTO tasks (id, user_id, description, recurrence) VALUES ('week-1', 'local', 'Water the plants', 'Weekly');
      COMMIT;
    `);
    await devices.settle();
    expect(value(b, "SELECT recurrence_parent_id FROM tasks WHERE id = 'week-2'")).toBe("week-1");

    b.database.exec("DELETE FROM tasks WHERE id = 'week-1'");
    await devices.settle();
    expect(value(a, "SELECT recurrence_parent_id FROM tasks WHERE id = 'week-2'")).toBeNull();
  });

  test("what was added to a project that another device deleted follows the references' rules", async () => {
    a.database.exec("INSERT INTO projects (id, user_id, name) VALUES ('doomed', 'local', 'Boat')");
    await devices.settle();

    b.database.exec(`
      INSERT INTO milestones (id, project_id, name) VALUES ('launch', 'doomed', 'Launch');
      INSERT INTO tasks (id, user_id, project_id, milestone_id, description) VALUES ('sail', 'local', 'doomed', 'launch', 'Sew the sail');
      INSERT INTO events (id, project_id, title, starts_at) VALUES ('party', 'doomed', 'Party', '2026-12-24T18:00:00Z');
    `);
    a.database.exec("DELETE FROM projects WHERE id = 'doomed'");
    await devices.settle();

    for (const app of [a, b]) {
      expect(row(app, "SELECT 1 FROM projects WHERE id = 'doomed'")).toBeUndefined();
      expect(row(app, "SELECT 1 FROM milestones WHERE id = 'launch'")).toBeUndefined();
      expect(row(app, "SELECT project_id, milestone_id FROM tasks WHERE id = 'sail'")).toEqual({ project_id: null, milestone_id: null });
      expect(value(app, "SELECT project_id FROM events WHERE id = 'party'")).toBeNull();
      expect(app.sync.heldRows()).toEqual([]);
    }
  });

  test("a task deleted with its subtasks and annotations is deleted with them elsewhere", async () => {
    await addTask(a, "parent", "Pack");
    a.database.exec(`
      INSERT INTO subtasks (id, task_id, description) VALUES ('sub', 'parent', 'Socks');
      INSERT INTO annotations (id, task_id, body) VALUES ('note', 'parent', 'Warm ones');
    `);
    await devices.settle();

    b.database.exec("DELETE FROM tasks WHERE id = 'parent'");
    await devices.settle();

    expect(value(a, "SELECT count(*) FROM subtasks WHERE id = 'sub'")).toBe(0);
    expect(value(a, "SELECT count(*) FROM annotations WHERE id = 'note'")).toBe(0);
  });
});

test("rows from before the app could sync reach the other device, and never beat an edit", async () => {
  const devices = await startTwoDevices({
    spec,
    open: openApp,
    before(fileA, fileB) {
      const [old, older] = [openDatabase(fileA), openDatabase(fileB)];
      old.exec(`
        INSERT INTO projects (id, user_id, name) VALUES ('shared', 'local', 'Inbox'), ('only-a', 'local', 'Attic');
        INSERT INTO tasks (id, user_id, project_id, description) VALUES ('task-a', 'local', 'only-a', 'Tidy up');
      `);
      older.exec(`
        INSERT INTO projects (id, user_id, name) VALUES ('shared', 'local', 'Inbox of last year'), ('only-b', 'local', 'Barn');
        INSERT INTO tasks (id, user_id, project_id, description) VALUES ('task-b', 'local', 'only-b', 'Sweep');
      `);
      for (const database of [old, older]) database.close();
    },
  });
  try {
    const { a, b } = devices;
    a.database.exec("UPDATE projects SET name = 'Inbox of today' WHERE id = 'shared'");

    await devices.settle();

    for (const app of [a, b]) {
      expect(app.database.prepare("SELECT name FROM projects ORDER BY id").pluck().all()).toEqual(["Attic", "Barn", "Inbox of today"]);
      expect(app.database.prepare("SELECT description FROM tasks ORDER BY id").pluck().all()).toEqual(["Tidy up", "Sweep"]);
      expect(await app.sync.createInitialSnapshot()).toBe(0);
    }
  } finally {
    await devices.close();
  }
});

test("credentials never leave the device, and the server keeps ciphertext only", async () => {
  const canaries = emailAccountsLocalColumns.map((column) => `canary-${column}-5b1f`);
  const devices = await startTwoDevices({ spec, open: openApp });
  try {
    const { a, b } = devices;
    a.database.prepare(ACCOUNT).run("acc", ...canaries);
    a.database.exec("UPDATE email_accounts SET account_name = 'Workplace' WHERE id = 'acc'");
    await devices.settle();
    a.database.exec("INSERT INTO tasks (id, user_id, description) VALUES ('visible-id', 'local', 'Unreadable on the server')");
    await devices.settle();

    const syncTables = a.database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'sync\\_%' ESCAPE '\\'")
      .pluck()
      .all();
    expect(syncTables).toContain("sync_changelog");
    const stored = devices.storedBytes().toString("utf8");
    const [onA, onB] = [contents(a, syncTables), contents(b, [...syncTables, ...upsertOrder])];
    for (const canary of canaries) for (const place of [stored, onA, onB]) expect(place).not.toContain(canary);
    for (const text of ["imap.example.com", "Workplace", "Unreadable on the server"]) {
      expect(onA).toContain(text);
      expect(onB).toContain(text);
      expect(stored).not.toContain(text);
    }
    expect(stored).toContain("visible-id"); // what the server may see is there: the search above does find things

    a.database.exec("UPDATE email_accounts SET account_name = 'Office', password = 'canary-password-5b1f' WHERE id = 'acc'");
    await devices.server.close();
    const error: unknown = await a.sync.syncNow().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "network/offline" });
    for (const canary of canaries) expect(inspect(error, { depth: null, showHidden: true })).not.toContain(canary);
  } finally {
    await devices.close();
  }
});

const contents = (app: App, tables: readonly string[]): string =>
  JSON.stringify(tables.map((table) => app.database.prepare(`SELECT * FROM "${table}"`).all()));
