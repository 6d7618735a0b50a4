/** One process of the benchmark: the server, or one thing that a device does. Its last word is a report as one line of JSON. */
import { createHash } from "node:crypto";
import { strictEqual } from "node:assert";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { startEmbeddedServer } from "@synckit-gen/server";
import { openAppDevice, signIn } from "../../tests/support/app-devices.ts";
import { loadSpec } from "../../tests/support/load-spec.ts";
import { count, itemOf, insertAll, model, openCaptured } from "../engine/workload.ts";

/** `write`: makes the rows and pushes them. `fill`: makes them with the registers that they would have then. */
export type Role = "write" | "fill" | "upload" | "bootstrap" | "replay";

export interface StepReport {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakRss: number;
  /** Rows of a snapshot, or entries of the log. */
  readonly entries: number;
  /** Bodies of requests and replies. */
  readonly bytes: number;
  /** Over all rows in the order of their ids. */
  readonly digest: string;
}

interface Account {
  readonly url: string;
  readonly apiKey: string;
  readonly email: string;
  readonly password: string;
}

/** Rows that the writer makes between two pushes. */
const PORTION = 50_000;

const [what, folder = "", server = "", number = "0"] = process.argv.slice(2);
if (what === "serve") await serve();
else await work(what as Role, JSON.parse(server) as Account, Number(number));

async function serve(): Promise<void> {
  const host = await startEmbeddedServer({ path: join(folder, "server.db") });
  const { url, apiKey, email, password } = host;
  console.log(JSON.stringify({ url, apiKey, email, password } satisfies Account));
  process.stdin.on("end", () => void host.close()).resume();
}

async function work(role: Role, account: Account, rows: number): Promise<void> {
  let bytes = 0;
  const counted: typeof fetch = async (input, init) => {
    const isHidden = role !== "upload" && role !== "bootstrap" && (input as string).endsWith("/extensions");
    if (isHidden) return Response.json({ error: "no such endpoint" }, { status: 404 });
    bytes += (init?.body as Uint8Array | undefined)?.length ?? 0;
    const reply = await fetch(input, init);
    bytes += Number(reply.headers.get("content-length") ?? 0);
    return reply;
  };
  const name = role === "write" || role === "fill" || role === "upload" ? "author" : role;
  const db = openCaptured(folder, name);
  const device = openAppDevice(account, model, await loadSpec(model), { name, db, fetch: counted });
  await signIn(device, account);
  let entries = 0;
  bytes = 0;
  const before = process.cpuUsage();
  const started = performance.now();
  if (role === "write") await write(db, rows, () => device.sync.syncNow());
  else if (role === "fill") {
    db.exec("INSERT OR REPLACE INTO sync_state (key, value) VALUES ('applying_remote', '1')");
    for (let from = 0; from < rows; from += PORTION)
      insertAll(
        db,
        Array.from({ length: Math.min(PORTION, rows - from) }, (_, i) => itemOf(from + i)),
      );
    db.exec(`UPDATE sync_state SET value = '0' WHERE key = 'applying_remote';
      INSERT INTO sync_device (id, device) VALUES (1, 'a device that has gone');
      INSERT INTO sync_row_clock (table_name, row_id, stamp, device, columns, life_stamp, life_device)
        SELECT 'items', id, 1700000000000000 + rowid, 1, json_object('title', json_array(1710000000000000 + rowid, 1)), 1710000000000000 + rowid, 1 FROM items;
      UPDATE items SET title = title || '!' WHERE rowid = 1`); // one entry for the log, by which it is known again
    await device.sync.syncNow();
  } else if (role === "upload") {
    const { outcome, rows: sent } = await device.sync.uploadSnapshot();
    strictEqual(outcome, "completed");
    entries = sent;
  } else {
    const { bootstrapped, pulled } = await device.sync.syncNow();
    entries = role === "bootstrap" ? bootstrapped : pulled;
  }
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - started;
  const peakRss = process.resourceUsage().maxRSS * 1024;
  strictEqual(count(db, "SELECT count(*) FROM items"), rows);
  const report: StepReport = { cpuMs: (user + system) / 1000, wallMs, peakRss, entries, bytes, digest: digestOf(db) };
  console.log(JSON.stringify(report));
  db.close();
}

async function write(db: Database.Database, rows: number, sync: () => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows; from += PORTION) {
    insertAll(
      db,
      Array.from({ length: Math.min(PORTION, rows - from) }, (_, i) => itemOf(from + i)),
    );
    await sync();
  }
  const update = db.prepare("UPDATE items SET title = title || ', changed' WHERE rowid BETWEEN ? AND ?");
  for (let from = 0; from < rows; from += PORTION) {
    update.run(from + 1, from + PORTION);
    await sync();
  }
}

function digestOf(db: Database.Database): string {
  const hash = createHash("sha256");
  for (const row of db.prepare("SELECT * FROM items ORDER BY id").raw().iterate()) hash.update(JSON.stringify(row));
  return hash.digest("hex");
}
