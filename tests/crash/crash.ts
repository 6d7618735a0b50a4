/** Two devices over real files and a server process; each turn starts one of them, kills it at some instant, and looks at its file. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { seededRandom } from "../sim/random.ts";
import { type Account, openFile } from "./app.ts";

export interface CrashReport {
  readonly kills: number;
  /** Edits that were said to be committed. */
  readonly acknowledged: number;
  readonly rows: number;
}

/** Milliseconds after the first edit within which a process dies. */
const LONGEST_LIFE = 250;
const NAMES = ["desk", "phone"] as const;

/** Throws where a file is damaged, an edit is missing, or the devices differ in the end. The instants are the clock's, all else the seed's. */
export async function crash(seed: number, kills: number, onKill: (done: number) => void = () => {}): Promise<CrashReport> {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "synckit-crash-"));
  const server = start("server.ts", [join(folder, "server.db")]);
  try {
    const [line] = (await once(createInterface({ input: server.stdout as NodeJS.ReadableStream }), "line")) as [string];
    const account = JSON.parse(line) as Account;
    const device = (name: string, ...more: readonly string[]): ChildProcess =>
      start("device.ts", [join(folder, `${name}.db`), name, JSON.stringify(account), ...more]);
    const alive = new Set<string>();
    let acknowledged = 0;
    await finish(device("desk", "0", "1")); // makes the account's key

    for (let kill = 0; kill < kills; kill++) {
      const name = random.pick(NAMES);
      const child = device(name, String(seed * 10_000 + kill));
      const said = await killed(child, random.below(LONGEST_LIFE));
      acknowledged += said.length;
      for (const [what, table, id] of said.map((edit) => edit.split(" "))) {
        if (what === "insert") alive.add(`${table ?? ""} ${id ?? ""}`);
        else alive.delete(`${table ?? ""} ${id ?? ""}`);
      }
      checkFile(
        join(folder, `${name}.db`),
        [...alive].filter((key) => key.includes(` ${name}-`)),
      );
      onKill(kill + 1);
    }

    for (const name of [...NAMES, ...NAMES]) await finish(device(name, "0", "2"));
    const [desk, phone] = NAMES.map((name) => contentOf(join(folder, `${name}.db`)));
    if (JSON.stringify(desk) !== JSON.stringify(phone)) throw new Error("crash: the devices differ in the end");
    const missing = [...alive].filter((key) => desk?.every((row) => !row.startsWith(`${key} `)));
    if (missing.length > 0) throw new Error(`crash: ${missing.length} acknowledged rows are nowhere, the first one is ${missing[0] ?? ""}`);
    return { kills, acknowledged, rows: desk?.length ?? 0 };
  } finally {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

const start = (program: string, words: readonly string[]): ChildProcess =>
  spawn(process.execPath, ["--conditions=synckit-source", resolve(import.meta.dirname, program), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });

async function finish(child: ChildProcess): Promise<void> {
  const [errors] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), once(child, "close")]);
  if (child.exitCode !== 0) throw new Error(`crash: a device ended with ${child.exitCode ?? "a signal"}: ${errors.slice(-2_000)}`);
}

/** What it said until it was killed, so long after it was ready. */
async function killed(child: ChildProcess, afterMs: number): Promise<readonly string[]> {
  const lines: string[] = [];
  const errors = text(child.stderr as NodeJS.ReadableStream);
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    if (line === "ready") setTimeout(() => child.kill("SIGKILL"), afterMs);
    else lines.push(line);
  });
  await once(child, "close");
  if (child.signalCode !== "SIGKILL") throw new Error(`crash: a device ended by itself: ${(await errors).slice(-2_000)}`);
  return lines;
}

/** The file is whole, capture is on, and every edit of its own that was acknowledged is in it, unless a cascade of the other device took it. */
function checkFile(path: string, own: readonly string[]): void {
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

function contentOf(path: string): readonly string[] {
  const db = openFile(path);
  try {
    return [
      "SELECT 'projects ' || id || ' ' || name FROM projects ORDER BY id",
      "SELECT 'tasks ' || id || ' ' || json_array(project, title, done) FROM tasks ORDER BY id",
    ].flatMap((sql) => db.prepare(sql).pluck().all() as string[]);
  } finally {
    db.close();
  }
}
