/**
 * Changes that one core of the server takes and gives in batches of 500, beside a bare handler that only parses and stores:
 * `node bench/server.ts [changes] [devices]`. The server is a process of its own; its CPU time counts, and PostgreSQL's beside
 * it. Medians of three runs; that every change is there is checked.
 */
import { strictEqual } from "node:assert";
import { fork, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "../tests/services/running.ts";
import { findPostgres, freePort, postgresIn } from "../tests/services/postgres.ts";
import type { Ready } from "./server/worker.ts";

const BATCH = 500;
const CHANGES = Number(process.argv[2] ?? 50_000);
/** That push at the same time, all to one account. */
const DEVICES = Number(process.argv[3] ?? 4);
const RUNS = 3;
/** As a row of some three hundred characters: 340 random bytes, 456 in base64. */
const DATA_BYTES = 340;

interface Costs {
  /** Milliseconds. */
  readonly wall: number;
  readonly server: number;
  readonly database: number;
}
interface Run {
  readonly push: Costs;
  readonly pull: Costs;
}

const batches = Array.from({ length: CHANGES / BATCH }, () =>
  Array.from({ length: BATCH }, () => ({
    table: "tasks",
    op: "UPDATE",
    row_id: randomUUID(),
    timestamp: "2026-01-02T03:04:05.678901Z",
    data: randomBytes(DATA_BYTES).toString("base64"),
  })),
);

async function post<Reply>(url: string, body: object, token: string): Promise<Reply> {
  const reply = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
  return (await reply.json()) as Reply;
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [ms] = (await once(child, "message")) as [number];
  return ms;
}

/** Of the processes of one PostgreSQL; 0 without one. Linux counts in hundredths of a second. */
function databaseCpu(postmaster: number | null): number {
  if (postmaster === null) return 0;
  const stats = readdirSync("/proc").flatMap((name) => {
    try {
      const stat = /^\d+$/u.test(name) ? readFileSync(`/proc/${name}/stat`, "utf8") : "";
      return stat === "" ? [] : [stat.slice(stat.lastIndexOf(")") + 2).split(" ")];
    } catch {
      return [];
    }
  });
  const mine = stats.filter((fields) => Number(fields[1]) === postmaster);
  return mine.reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) * 10, 0);
}

async function measure(kind: string, where: string, postmaster: number | null): Promise<Run> {
  const child = fork(join(import.meta.dirname, "server/worker.ts"), [kind, where]);
  try {
    const [{ url, signIn }] = (await once(child, "message")) as [Ready];
    const sync = `${url}/api/sync`;
    const token = signIn === null ? "" : (await post<{ readonly token: string }>(`${sync}/auth`, signIn, "")).token;
    const devices = await Promise.all(
      Array.from({ length: DEVICES }, async (_, i) =>
        signIn === null
          ? ""
          : (await post<{ readonly id: string }>(`${sync}/devices`, { device_name: `d${i}`, platform: "linux" }, token)).id,
      ),
    );
    const during = async (action: () => Promise<void>): Promise<Costs> => {
      const [server, database, wall] = [await cpuOf(child), databaseCpu(postmaster), performance.now()];
      await action();
      const took = performance.now() - wall;
      return { wall: took, server: (await cpuOf(child)) - server, database: databaseCpu(postmaster) - database };
    };
    const push = await during(async () => {
      const left = [...batches];
      await Promise.all(
        devices.map(async (id) => {
          for (let changes = left.pop(); changes !== undefined; changes = left.pop())
            await post(`${sync}/push`, { device_id: id, changes }, token);
        }),
      );
    });
    let pulled = 0;
    const pull = await during(async () => {
      for (let cursor = 0, isMore = true; isMore;) {
        const page = await post<{ readonly changes: readonly unknown[]; readonly cursor: number; readonly has_more: boolean }>(
          `${sync}/pull`,
          { device_id: devices[0], cursor },
          token,
        );
        pulled += page.changes.length;
        [cursor, isMore] = [page.cursor, page.has_more];
      }
    });
    strictEqual(pulled, CHANGES);
    return { push, pull };
  } finally {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const perSecond = (ms: number): string => String(Math.round((CHANGES / ms) * 1000)).padStart(8);

const directory = mkdtempSync(join(tmpdir(), "synckit-bench-"));
// PostgreSQL runs as another user, who must get there.
chmodSync(directory, 0o755);
const bin = findPostgres();
const postgres = bin === null ? null : postgresIn(bin, join(directory, "postgres"), await freePort());
try {
  await postgres?.create();
  await postgres?.start();
  const postmaster =
    postgres === null ? null : Number(readFileSync(join(directory, "postgres/data/postmaster.pid"), "utf8").split("\n")[0]);
  const runs = new Map<string, Run[]>();
  for (let run = 0; run < RUNS; run++)
    for (const kind of ["bare", "sqlite", ...(postgres === null ? [] : ["postgres"])]) {
      const database = kind === "postgres" ? await createTestDatabase(postgres?.url ?? null) : null;
      const where = database?.url ?? join(directory, `${kind}-${run}.db`);
      runs.set(kind, [...(runs.get(kind) ?? []), await measure(kind, where, database === null ? null : postmaster)]);
      await database?.drop();
    }
  if (postgres === null) process.stdout.write("PostgreSQL: not installed, not measured\n");
  process.stdout.write(`${CHANGES} changes in batches of ${BATCH}, ${DEVICES} devices, node ${process.version}; changes a second\n`);
  for (const what of ["push", "pull"] as const) {
    const serverMs = (kind: string): number => median((runs.get(kind) ?? []).map((run) => run[what].server));
    for (const [kind, all] of runs) {
      const wall = median(all.map((run) => run[what].wall));
      const both = median(all.map((run) => run[what].server + run[what].database));
      process.stdout.write(
        `${what} ${kind.padEnd(9)} ${perSecond(serverMs(kind))} a core of the server, ${perSecond(both)} a core with the database's, ` +
          `${perSecond(wall)} by the clock, ${(serverMs(kind) / serverMs("bare")).toFixed(2)} of bare\n`,
      );
    }
  }
} finally {
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
}
