/**
 * Two devices over real files and a server process over its own. One app runs at a time; each turn kills it, the server, or both at
 * some instant, looks at the files of what died, and starts it again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createApp, createUser, openSqliteStorage } from "@synckit-gen/server";
import { freePort } from "../services/postgres.ts";
import { seededRandom } from "../sim/random.ts";
import { type Account, openApp, openFile } from "./app.ts";

export interface CrashReport {
  /** Of an app's process, of the server's, and of both at once. */
  readonly kills: Readonly<Record<Victim, number>>;
  /** Edits that were said to be committed. */
  readonly acknowledged: number;
  /** Entries in the server's log. */
  readonly entries: number;
  readonly rows: number;
}

type Victim = "app" | "server" | "both";

/** Milliseconds until something dies. */
const LONGEST_LIFE = 250;
const NAMES = ["desk", "phone"] as const;
const VICTIMS: readonly Victim[] = ["app", "app", "server", "both"];

/**
 * Throws where a file is damaged, an edit is missing, the server has lost what it had told a device, or the devices differ in the end.
 * The instants are the clock's, all else the seed's.
 */
export async function crash(seed: number, kills: number, onKill: (done: number) => void = () => {}): Promise<CrashReport> {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "synckit-crash-"));
  const fileOf = (name: string): string => join(folder, `${name}.db`);
  const port = await freePort();
  const alive = new Set<string>();
  const report = { kills: { app: 0, server: 0, both: 0 }, acknowledged: 0 };
  let server: Process | null = null;
  let app: (Process & { readonly name: string }) | null = null;

  const hear = (line: string): void => {
    const [what, table, id] = line.split(" ");
    if (what === "insert") alive.add(`${table ?? ""} ${id ?? ""}`);
    else if (what === "delete") alive.delete(`${table ?? ""} ${id ?? ""}`);
    if (line !== "ready") report.acknowledged += 1;
  };
  const startServer = (): Promise<Process> => start(folder, "server.ts", [folder, String(port)]);

  try {
    const account = await makeAccount(folder, port);
    server = await startServer();
    await syncAll(folder, account); // the devices sign in, and the account gets its key

    for (let kill = 0; kill < kills; kill++) {
      const name: string = app?.name ?? random.pick(NAMES);
      const words = [fileOf(name), name, JSON.stringify(account), String(seed * 10_000 + kill)];
      app ??= { ...(await start(folder, "device.ts", words, hear)), name };
      await pause(random.below(LONGEST_LIFE));
      const victim = random.pick(VICTIMS);
      report.kills[victim] += 1;
      await Promise.all([victim === "app" ? null : server.kill(), victim === "server" ? null : app.kill()]);
      if (victim !== "server") {
        app = null;
        checkApp(
          fileOf(name),
          [...alive].filter((key) => key.includes(` ${name}-`)),
        );
      }
      if (victim !== "app") {
        await checkServer(folder);
        server = await startServer();
      }
      onKill(kill + 1);
    }

    await app?.kill();
    const [desk = [], phone] = await syncAll(folder, account);
    if (JSON.stringify(desk) !== JSON.stringify(phone)) throw new Error("crash: the devices differ in the end");
    const missing = [...alive].filter((key) => desk.every((row) => !row.startsWith(`${key} `)));
    if (missing.length > 0) throw new Error(`crash: ${missing.length} acknowledged rows are nowhere, the first one is ${missing[0] ?? ""}`);
    return { ...report, entries: await checkServer(folder), rows: desk.length };
  } finally {
    await Promise.all([app?.kill(), server?.kill()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));

async function makeAccount(folder: string, port: number): Promise<Account> {
  const storage = openSqliteStorage(join(folder, "server.db"));
  const user = { email: "user@example.com", password: "only for this run" };
  const { apiKey } = await createApp(storage, "crash");
  await createUser(storage, user.email, user.password);
  await storage.close();
  return { url: `http://127.0.0.1:${port}`, apiKey, ...user };
}

interface Process {
  /** Resolves when it is dead, and all that it said was heard. Rejects where it had ended by itself. */
  readonly kill: () => Promise<void>;
}

/** Resolves with its first line. */
async function start(folder: string, program: string, words: readonly string[], hear: (line: string) => void = () => {}): Promise<Process> {
  const child: ChildProcess = spawn(process.execPath, ["--conditions=synckit-source", resolve(import.meta.dirname, program), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
  });
  const closed = once(child, "close");
  const errors = text(child.stderr as NodeJS.ReadableStream);
  const endedByItself = async (): Promise<never> => {
    await closed;
    throw new Error(`crash: ${program} ended by itself: ${(await errors).slice(-2_000)}`);
  };
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", hear);
  await Promise.race([once(lines, "line"), endedByItself()]);
  return {
    async kill() {
      child.kill("SIGKILL");
      await closed;
      if (child.signalCode !== "SIGKILL") await endedByItself();
    },
  };
}

/** Both devices, until neither has news. What they hold then. */
async function syncAll(folder: string, account: Account): Promise<readonly (readonly string[])[]> {
  const devices = [];
  for (const name of NAMES) devices.push(await openApp(join(folder, `${name}.db`), name, account));
  try {
    for (let news = 1; news > 0;) {
      news = 0;
      for (const { sync } of devices) {
        const { pushed, pulled } = await sync.syncNow();
        news += pushed + pulled;
      }
    }
    for (const { sync } of devices) {
      const { pendingChanges, heldRows, quarantinedEntries, unpushableChanges } = sync.status();
      const left = pendingChanges + heldRows + quarantinedEntries + unpushableChanges;
      if (left > 0) throw new Error(`crash: a device is left with ${JSON.stringify(sync.status())}`);
    }
    return devices.map(({ db }) => contentOf(db));
  } finally {
    for (const { db } of devices) db.close();
  }
}

/** The file is whole, capture is on, and every edit of its own that was acknowledged is in it, unless a cascade of the other device took it. */
function checkApp(path: string, own: readonly string[]): void {
  const db = openFile(path);
  try {
    const integrity = db.pragma("integrity_check", { simple: true });
    if (integrity !== "ok") throw new Error(`crash: integrity_check says ${String(integrity)}`);
    if ((db.pragma("foreign_key_check") as unknown[]).length > 0) throw new Error("crash: a row refers to nothing");
    const flag = db.prepare("SELECT value FROM sync_state WHERE key = 'applying_remote'").pluck().get();
    if (flag === "1") throw new Error("crash: capture is suppressed");
    for (const key of own) {
      const [table = "", id = ""] = key.split(" ");
      if (db.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(id) === undefined)
        throw new Error(`crash: the committed row ${key} is gone`);
    }
    const leaked = db.prepare("SELECT count(*) FROM sync_changelog WHERE data LIKE '%canary%'").pluck().get();
    if (leaked !== 0) throw new Error("crash: a local column is in the log");
  } finally {
    db.close();
  }
}

/**
 * The server's files are whole, and have all that a device was told they have. A copy is looked at, so that the next server finds them
 * as they were left. Answers how many entries the log has.
 */
async function checkServer(folder: string): Promise<number> {
  const copy = join(folder, "copy.db");
  for (const end of ["", "-wal"]) {
    rmSync(copy + end, { force: true });
    if (existsSync(join(folder, `server.db${end}`))) copyFileSync(join(folder, `server.db${end}`), copy + end);
  }
  const storage = openSqliteStorage(copy);
  try {
    const faults = await storage.findFaults();
    if (faults.length > 0) throw new Error(`crash: the server's database is damaged: ${faults.join("; ")}`);
    const [{ changes: entries } = { changes: 0 }] = await storage.listUsage(null, 1, 0);
    for (const name of NAMES) {
      const known = knownLog(join(folder, `${name}.db`));
      if (known > entries) throw new Error(`crash: ${name} knows the log up to ${known}, the server has ${entries}`);
    }
    return entries;
  } finally {
    await storage.close();
  }
}

/** How far a device has read the log, or was told that its pushes have come. */
function knownLog(path: string): number {
  const db = openFile(path);
  try {
    return db
      .prepare(
        `SELECT coalesce(max(n), 0) FROM (SELECT CAST(value AS INTEGER) AS n FROM sync_state WHERE key = 'highest_cursor'
         UNION ALL SELECT json_extract(place.value, '$[0]') FROM sync_state, json_each(sync_state.value) AS place WHERE sync_state.key = 'unread_pushes')`,
      )
      .pluck()
      .get() as number;
  } finally {
    db.close();
  }
}

function contentOf(db: ReturnType<typeof openFile>): readonly string[] {
  return [
    "SELECT 'projects ' || id || ' ' || name FROM projects ORDER BY id",
    "SELECT 'tasks ' || id || ' ' || json_array(project, title, done) FROM tasks ORDER BY id",
  ].flatMap((sql) => db.prepare(sql).pluck().all() as string[]);
}
