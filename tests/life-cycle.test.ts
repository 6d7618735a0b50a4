/** A device's life: joining with rows of its own, signing out, starting over, replacing the server, leaving and coming back. */
import { isSyncError, OtherAccountError, type Driver } from "@synckit-gen/runtime";
import { memoryServer } from "@synckit-gen/runtime/testing";
import { createUser, type EmbeddedServer } from "@synckit-gen/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppDevice, signIn, type AppDevice, type AppDeviceOptions } from "./support/app-devices.ts";
import { driverOver, openGenerated } from "./support/drivers.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { startServer } from "./support/start-server.ts";

const model = modelOf([
  tableOf("projects", { columns: { name: "text" }, local: { note: { type: "text" } } }),
  tableOf("tasks", {
    columns: { project: "uuid?", title: "text" },
    references: [{ columns: ["project"], table: "projects", onDelete: "cascade" }],
  }),
  tableOf("samples", { identity: { hash: "text" }, key: ["hash"], columns: { label: "text" } }),
  tableOf("slugs", { columns: { slug: "text" }, unique: [["slug"]] }),
  tableOf("items", {
    identity: { external: "text" },
    key: ["external"],
    columns: { is_read: "boolean" },
    apply: "update",
    deletes: "ignore",
  }),
]);

let loaded: LoadedSpec;
let server: EmbeddedServer;
let users = 0;
beforeAll(async () => {
  loaded = await loadSpec(model);
  server = await startServer();
});
afterAll(() => server.close());

type Account = Pick<EmbeddedServer, "email" | "password">;

async function newAccount(): Promise<Account> {
  const email = `user-${(users += 1)}@example.com`;
  await createUser(server.storage, email, "password", {
    clock: Date.now,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  return { email, password: "password" };
}

const openDevice = (name: string, options: Partial<AppDeviceOptions> = {}): AppDevice =>
  openAppDevice(server, model, loaded, { name, ...options });

async function joined(account: Account, name: string, ...sql: readonly string[]): Promise<AppDevice> {
  const device = openDevice(name);
  for (const statement of sql) device.db.exec(statement);
  await signIn(device, account);
  await device.sync.syncNow();
  return device;
}

const syncAll = async (...devices: readonly AppDevice[]): Promise<void> => {
  for (let round = 0; round < 2; round++) for (const { sync } of devices) await sync.syncNow();
};

const TABLES = ["projects", "tasks", "samples", "slugs"];
const view = (device: AppDevice): unknown => TABLES.map((table) => device.rows(table));
const all = ({ db }: AppDevice, sql: string): readonly unknown[] => db.prepare(sql).raw().all();

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "done",
    (error: unknown) => (isSyncError(error) ? error.code : Promise.reject(error as Error)),
  );
}

/** As a database had it before sync came: nothing is captured. */
const BEFORE = "UPDATE sync_state SET value = '1' WHERE key = 'applying_remote';";
const AFTER = "; UPDATE sync_state SET value = '0' WHERE key = 'applying_remote'";
const before = (sql: string): string => BEFORE + sql + AFTER;

describe("joining", () => {
  test("rows of before on both sides become one set, by key and by natural key", async () => {
    const account = await newAccount();
    const a = await joined(
      account,
      "a",
      before(`INSERT INTO projects (id, name) VALUES ('p', 'same'), ('pa', 'only a');
              INSERT INTO samples VALUES ('h1', 'kick'), ('h2', 'snare')`),
    );
    const b = await joined(
      account,
      "b",
      before(
        `INSERT INTO projects (id, name, note) VALUES ('p', 'same', 'stays on b'), ('pb', 'only b');
              INSERT INTO samples VALUES ('h1', 'kick'), ('h3', 'hat')`.replace("('pb', 'only b')", "('pb', 'only b', NULL)"),
      ),
    );
    await syncAll(a, b);

    expect(view(b)).toEqual(view(a));
    expect(a.rows("projects").map(([id]) => id)).toEqual(["p", "pa", "pb"]);
    expect(a.rows("samples").map(([hash]) => hash)).toEqual(["h1", "h2", "h3"]);
    expect(all(b, "SELECT note FROM projects WHERE id = 'p'")).toEqual([["stays on b"]]);
    expect([a, b].flatMap(({ sync }) => sync.conflicts())).toEqual([]);
  });

  test("rows of before that differ are decided alike everywhere, and no edit is beaten by one", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", before("INSERT INTO projects (id, name) VALUES ('p', 'one'), ('q', 'one')"));
    a.db.exec("UPDATE projects SET name = 'edited' WHERE id = 'q'; DELETE FROM projects WHERE id = 'none'");
    await a.sync.syncNow();
    const b = await joined(account, "b", before("INSERT INTO projects (id, name) VALUES ('p', 'two'), ('q', 'zzz')"));
    await syncAll(a, b);

    expect(view(b)).toEqual(view(a));
    expect(all(a, "SELECT name FROM projects WHERE id = 'q'")).toEqual([["edited"]]);
  });

  test("a row deleted in the account stays deleted, though the new device has it from before", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", "INSERT INTO projects (id, name) VALUES ('p', 'x')");
    a.db.exec("DELETE FROM projects");
    const b = await joined(account, "b", before("INSERT INTO projects (id, name) VALUES ('p', 'x')"));
    await syncAll(a, b);

    expect([a.rows("projects"), b.rows("projects")]).toEqual([[], []]);
  });

  test("edits made offline before the first sign-in are edits: inserts, updates and deletes", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", before("INSERT INTO projects (id, name) VALUES ('p', 'old'), ('gone', 'x')"));
    const b = await joined(
      account,
      "b",
      before("INSERT INTO projects (id, name) VALUES ('p', 'old'), ('gone', 'x')"),
      "UPDATE projects SET name = 'new' WHERE id = 'p'; DELETE FROM projects WHERE id = 'gone'",
      "INSERT INTO tasks (id, project, title) VALUES ('t', 'p', 'made offline')",
    );
    await syncAll(a, b);

    expect(view(b)).toEqual(view(a));
    expect(all(a, "SELECT id, name FROM projects")).toEqual([["p", "new"]]);
    expect(all(a, "SELECT title FROM tasks")).toEqual([["made offline"]]);
  });
});

describe("signing out", () => {
  test("keeps all rows and what was not pushed, and goes on after the next sign-in", async () => {
    const account = await newAccount();
    const [a, b] = [await joined(account, "a", "INSERT INTO projects (id, name) VALUES ('p', 'x')"), await joined(account, "b")];
    await a.sync.disconnect();
    a.db.exec("UPDATE projects SET name = 'while signed out'");

    expect(await codeOf(a.sync.syncNow())).toBe("auth/not-signed-in");
    expect(a.sync.status()).toMatchObject({ authenticated: false, encryption: "none", pendingChanges: 1, attached: true });
    await signIn(a, account);
    await syncAll(a, b);

    expect(all(b, "SELECT name FROM projects")).toEqual([["while signed out"]]);
  });

  test("another account on the same database is refused, with what can be done, and gets nothing", async () => {
    const [first, second] = [await newAccount(), await newAccount()];
    const a = await joined(first, "a", "INSERT INTO projects (id, name) VALUES ('p', 'of the first')");
    const other = await joined(second, "other", "INSERT INTO projects (id, name) VALUES ('q', 'of the second')");
    await a.sync.disconnect();
    await signIn(a, second);

    const error = await a.sync.syncNow().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OtherAccountError);
    expect((error as OtherAccountError).choices).toEqual(["sign-in", "start-over", "detach"]);
    await other.sync.syncNow();
    expect(other.rows("projects").map(([id]) => id)).toEqual(["q"]);
    expect(a.rows("projects").map(([id]) => id)).toEqual(["p"]);
  });

  test("another account takes the database over by starting over, and nothing of the first reaches it", async () => {
    const [first, second] = [await newAccount(), await newAccount()];
    const a = await joined(first, "a", "INSERT INTO projects (id, name, note) VALUES ('p', 'of the first', 'local')");
    const other = await joined(second, "other", "INSERT INTO projects (id, name) VALUES ('q', 'of the second')");
    await signIn(a, second);
    a.db.exec("UPDATE projects SET name = 'not pushed'");

    expect(await codeOf(a.sync.startOver())).toBe("changes/unsynced");
    await a.sync.startOver({ force: true });
    await syncAll(a, other);

    expect(view(a)).toEqual(view(other));
    expect(a.rows("projects").map(([id]) => id)).toEqual(["q"]);
  });
});

describe("starting over from the server", () => {
  test("rows become those of the server; local columns, other tables and update-only rows stay", async () => {
    const account = await newAccount();
    const a = await joined(
      account,
      "a",
      "INSERT INTO projects (id, name) VALUES ('p', 'one'), ('dead', 'x'); DELETE FROM projects WHERE id = 'dead'",
      "INSERT INTO slugs (id, slug) VALUES ('s2', 'taken')",
    );
    const b = await joined(account, "b");
    b.db.exec(
      `CREATE TABLE own (id TEXT); INSERT INTO own VALUES ('kept');
       UPDATE projects SET note = 'local' WHERE id = 'p'; INSERT INTO items (external, is_read) VALUES ('i', 1)`,
    );
    await syncAll(a, b);
    // Behind the engine's back: what a repair has to undo.
    b.db.exec(
      before(`UPDATE projects SET name = 'damaged'; INSERT INTO projects (id, name) VALUES ('dead', 'back'), ('stray', 'x');
              INSERT INTO tasks (id, project, title) VALUES ('t', 'stray', 'x'); INSERT INTO slugs VALUES ('s1', 'other');
              DELETE FROM slugs WHERE id = 's2'; UPDATE slugs SET slug = 'taken'; DELETE FROM sync_row_clock WHERE row_id = 'p'`),
    );

    await b.sync.startOver();

    expect(view(b)).toEqual(view(a));
    expect(all(b, "SELECT id, name, note FROM projects")).toEqual([["p", "one", "local"]]);
    expect(all(b, "SELECT * FROM own")).toEqual([["kept"]]);
    expect(all(b, "SELECT external FROM items")).toEqual([["i"]]);
    expect(b.sync.status()).toMatchObject({ heldRows: 0, pendingChanges: 0, conflicts: 0 });
    expect(all(b, "SELECT count(*) FROM sync_row_clock WHERE stamp < 0")).toEqual([[0]]);

    const logged = (await a.sync.client.status()).totalChanges;
    b.db.exec("UPDATE projects SET name = 'still syncs'");
    await syncAll(b, a);
    expect((await a.sync.client.status()).totalChanges).toBe(logged + 1);
    expect(all(a, "SELECT name FROM projects")).toEqual([["still syncs"]]);
  });

  test("is refused while changes are unsynced, unless they are given up", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", "INSERT INTO projects (id, name) VALUES ('p', 'one')");
    a.db.exec("UPDATE projects SET name = 'unsynced'; INSERT INTO projects (id, name) VALUES ('new', 'x')");

    expect(await codeOf(a.sync.startOver())).toBe("changes/unsynced");
    expect(all(a, "SELECT name FROM projects WHERE id = 'p'")).toEqual([["unsynced"]]);
    await a.sync.startOver({ force: true });

    expect(all(a, "SELECT id, name FROM projects")).toEqual([["p", "one"]]);
    expect(a.sync.status().pendingChanges).toBe(0);
  });

  test("is refused while the server has nothing", async () => {
    const a = openDevice("a");
    await signIn(a, await newAccount());
    a.db.exec(before("INSERT INTO projects (id, name) VALUES ('p', 'one')"));

    expect(await codeOf(a.sync.startOver())).toBe("server/empty");
    expect(a.rows("projects").length).toBe(1);
  });

  test("a row that another refers to, and that the server never had, stays and is told to everyone", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", "INSERT INTO tasks (id, title) VALUES ('t', 'x')");
    const b = await joined(account, "b", before("INSERT INTO projects (id, name) VALUES ('p', 'never told')"));
    await b.sync.syncNow();
    const c = openDevice("c");
    c.db.exec(before("INSERT INTO projects (id, name) VALUES ('mine', 'x')"));
    await signIn(c, account);
    c.db.exec("CREATE TABLE pins (project TEXT REFERENCES projects (id)); INSERT INTO pins VALUES ('mine')");

    await c.sync.startOver();
    await syncAll(c, a, b);

    expect(c.rows("projects").map(([id]) => id)).toEqual(["mine", "p"]);
    expect(view(a)).toEqual(view(c));
    expect(c.sync.status().heldRows).toBe(0);
  });

  test("takes the account's snapshot where there is one, and the rest of the log", async () => {
    const account = await newAccount();
    const a = await joined(
      account,
      "a",
      "INSERT INTO projects (id, name) VALUES ('p', 'one'), ('q', 'two'), ('dead', 'x'); DELETE FROM projects WHERE id = 'dead'",
      "INSERT INTO tasks (id, project, title) VALUES ('t', 'q', 'x')",
    );
    const b = await joined(account, "b", "UPDATE projects SET note = 'local'");
    await a.sync.uploadSnapshot();
    a.db.exec("UPDATE projects SET name = 'after the snapshot' WHERE id = 'q'");
    await a.sync.syncNow();
    b.db.exec("UPDATE projects SET note = 'local'");
    b.db.exec(
      before(
        "UPDATE projects SET name = 'damaged'; INSERT INTO projects (id, name) VALUES ('stray', 'x'), ('dead', 'back'); DELETE FROM tasks",
      ),
    );

    const { bootstrapped } = await b.sync.startOver();

    expect(bootstrapped).toBeGreaterThan(0);
    expect(view(b)).toEqual(view(a));
    expect(all(b, "SELECT id, note FROM projects ORDER BY id")).toEqual([
      ["p", "local"],
      ["q", "local"],
    ]);
  });

  test("is finished by the next cycle, at whichever statement the process died", async () => {
    const kit = memoryServer();
    const open = (name: string, options: Partial<AppDeviceOptions> = {}): AppDevice =>
      openAppDevice(kit, model, loaded, {
        name,
        fetch: kit.fetchVia({ fault: () => null, pageSize: () => 2, hasExtensions: () => true }),
        ...options,
      });
    const a = open("a");
    await signIn(a, kit);
    a.db.exec(
      "INSERT INTO projects (id, name) VALUES ('p', 'one'), ('q', 'two'); INSERT INTO tasks (id, project, title) VALUES ('t', 'q', 'x'); UPDATE projects SET name = 'three' WHERE id = 'p'",
    );
    await a.sync.syncNow();

    let died = 0;
    for (let life = 0, isDone = false; !isDone; life += 3) {
      const db = openGenerated(model);
      const b = open("b", { db });
      await signIn(b, kit);
      await b.sync.syncNow();
      db.exec(before("UPDATE projects SET name = 'damaged'; INSERT INTO projects (id, name) VALUES ('stray', 'x'); DELETE FROM tasks"));
      let left = Infinity;
      const mortal = open("b", { db, driver: mortalDriver(driverOver(db), () => (left -= 1) >= 0) });
      await signIn(mortal, kit);
      left = life;
      isDone = await mortal.sync.startOver().then(() => true, dead);
      if (db.inTransaction) db.exec("ROLLBACK");
      db.pragma("foreign_keys = ON");

      const reopened = open("b", { db, nowMs: () => Date.now() + 3_600_000 }); // the dead process's lease has run out
      await signIn(reopened, kit);
      const hasBegun = db.prepare("SELECT 1 FROM sync_state WHERE key = 'start_over'").get() !== undefined;
      await reopened.sync.syncNow();
      if (hasBegun) expect(view(reopened)).toEqual(view(a));
      else expect(reopened.rows("projects").length).toBe(3);
      if (hasBegun && !isDone) died += 1;
      db.close();
    }
    expect(died).toBeGreaterThan(20);
  });
});

class Crash extends Error {}
const dead = (error: unknown): false => {
  if (!(error instanceof Crash)) throw error;
  return false;
};

/** The driver of a process that dies where `isAlive` says so. */
function mortalDriver(driver: Driver, isAlive: () => boolean): Driver {
  const live = <T>(run: () => T): T => {
    if (!isAlive()) throw new Crash();
    return run();
  };
  return {
    ...driver,
    exec: (sql) => live(() => driver.exec(sql)),
    prepare: (sql) => {
      const { run, get, all: every } = driver.prepare(sql);
      return {
        run: (...values) => live(() => run(...values)),
        get: (...values) => live(() => get(...values)),
        all: (...values) => live(() => every(...values)),
      };
    },
  };
}

describe("replacing the server with this device", () => {
  test("others follow: rows, deletions, and columns edited elsewhere; what they add later stays", async () => {
    const account = await newAccount();
    const a = await joined(
      account,
      "a",
      "INSERT INTO projects (id, name) VALUES ('p', 'good'), ('q', 'good')",
      "INSERT INTO tasks (id, project, title) VALUES ('t', 'p', 'good'), ('u', 'q', 'good')",
    );
    const b = await joined(account, "b");
    b.db.exec(
      "UPDATE projects SET name = 'bad'; UPDATE tasks SET title = 'bad' WHERE id = 't'; DELETE FROM tasks WHERE id = 'u'; INSERT INTO projects (id, name) VALUES ('extra', 'bad'); INSERT INTO tasks (id, project, title) VALUES ('v', 'extra', 'bad')",
    );
    await b.sync.syncNow();

    const wanted = view(a);
    await a.sync.replaceServer();
    await syncAll(b, a);

    expect(view(a)).toEqual(wanted);
    expect(view(b)).toEqual(wanted);
    expect([a, b].flatMap(({ sync }) => sync.conflicts())).toEqual([]);

    b.db.exec("INSERT INTO projects (id, name) VALUES ('later', 'x')");
    await syncAll(b, a);
    expect(view(a)).toEqual(view(b));
    expect(a.rows("projects").length).toBe(3);
    const c = await joined(account, "c");
    expect(view(c)).toEqual(view(a));
  });

  test("an edit that was not pushed when it happened loses, and is kept as a conflict", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", "INSERT INTO projects (id, name) VALUES ('p', 'good')");
    const b = await joined(account, "b");
    b.db.exec("UPDATE projects SET name = 'not pushed'; INSERT INTO projects (id, name) VALUES ('q', 'unknown to a')");
    await a.sync.replaceServer();
    await syncAll(b, a);

    expect(view(b)).toEqual(view(a));
    expect(all(a, "SELECT id, name FROM projects ORDER BY id")).toEqual([
      ["p", "good"],
      ["q", "unknown to a"],
    ]);
    expect(b.sync.conflicts().map(({ values }) => values)).toEqual([{ name: "not pushed" }]);
  });
});

describe("detaching", () => {
  test("is refused while changes are unsynced, keeps every row, and captures no more", async () => {
    const account = await newAccount();
    const a = await joined(account, "a", "INSERT INTO projects (id, name) VALUES ('p', 'x')");
    a.db.exec("UPDATE projects SET name = 'unsynced'");

    expect(await codeOf(a.sync.detach())).toBe("changes/unsynced");
    expect(a.sync.status()).toMatchObject({ attached: true, authenticated: true });
    await a.sync.detach({ force: true });
    a.db.exec("INSERT INTO projects (id, name) VALUES ('q', 'while detached')");

    expect(a.sync.status()).toMatchObject({ attached: false, authenticated: false, deviceId: null, pendingChanges: 0 });
    expect(all(a, "SELECT name FROM projects ORDER BY id")).toEqual([["unsynced"], ["while detached"]]);
    expect(all(a, "SELECT count(*) FROM sync_row_clock")).toEqual([[0]]);
    openDevice("a", { db: a.db });
    a.db.exec("INSERT INTO projects (id, name) VALUES ('r', 'after a restart')");
    expect(all(a, "SELECT count(*) FROM sync_changelog")).toEqual([[0]]);
  });

  test("a device that comes back joins with what it has, into the same account or another", async () => {
    const [first, second] = [await newAccount(), await newAccount()];
    const a = await joined(first, "a", "INSERT INTO projects (id, name) VALUES ('p', 'x'), ('gone', 'x')");
    const b = await joined(first, "b");
    await a.sync.detach();
    a.db.exec("INSERT INTO projects (id, name) VALUES ('q', 'while detached')");
    b.db.exec("UPDATE projects SET name = 'edited' WHERE id = 'p'; DELETE FROM projects WHERE id = 'gone'");
    await b.sync.syncNow();

    await signIn(a, first);
    await syncAll(a, b);
    expect(view(a)).toEqual(view(b));
    expect(all(b, "SELECT id, name FROM projects ORDER BY id")).toEqual([
      ["p", "edited"],
      ["q", "while detached"],
    ]);
    a.db.exec("UPDATE projects SET name = 'captured again' WHERE id = 'q'");
    await syncAll(a, b);
    expect(view(a)).toEqual(view(b));

    await a.sync.detach();
    await signIn(a, second);
    await a.sync.syncNow();
    expect(view(await joined(second, "c"))).toEqual(view(b));
  });
});
