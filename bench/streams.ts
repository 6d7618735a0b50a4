/**
 * What streams of notices cost while nothing happens, and how long one push takes while many devices push:
 * `node bench/streams.ts [streams] [devices]`; 0 streams: the pushes alone. The server is a process of its own; its resident memory counts.
 */
import { strictEqual } from "node:assert";
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ready } from "./server/worker.ts";

const STREAMS = Number(process.argv[2] ?? 10_000);
const DEVICES = Number(process.argv[3] ?? 200);
const PUSHES = 20;
/** Of one app and user. */
const STREAMS_PER_ACCOUNT = 10;
/** At once, while the streams are opened. */
const OPENING = 100;

const directory = mkdtempSync(join(tmpdir(), "synckit-bench-"));
const child = fork(join(import.meta.dirname, "server/worker.ts"), [
  "accounts",
  join(directory, "server.db"),
  String(Math.max(STREAMS / STREAMS_PER_ACCOUNT, DEVICES)),
]);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

const memory = (): number => Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, "utf8"))?.[1]) / 1024;
/** Of the server's process, in seconds; says the same whatever else the machine does. */
function processorTime(): number {
  const fields =
    readFileSync(`/proc/${child.pid ?? 0}/stat`, "utf8")
      .split(") ")[1]
      ?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
const quantile = (sorted: readonly number[], part: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);

function send(url: string, token: string, method: string, body?: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const sent = request(url, { method, headers, agent }, resolve);
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function post<Reply>(url: string, token: string, body: object): Promise<Reply> {
  const reply = await send(url, token, "POST", body);
  const text = Buffer.concat(await reply.toArray()).toString();
  if (reply.statusCode !== 200) throw new Error(`${url}: ${reply.statusCode ?? 0} ${text}`);
  return JSON.parse(text) as Reply;
}

const entry = () => ({
  table: "tasks",
  op: "UPDATE",
  row_id: randomUUID(),
  timestamp: "2026-01-02T03:04:05.678901Z",
  data: "A".repeat(456),
});

async function idle(sync: string, accounts: NonNullable<Ready["accounts"]>): Promise<void> {
  const before = memory();
  const left = Array.from({ length: STREAMS }, (_, i) => accounts[i % accounts.length]);
  const open: IncomingMessage[] = [];
  let told = 0;
  const opener = async (): Promise<void> => {
    for (let account = left.pop(); account !== undefined; account = left.pop()) {
      const stream = await send(`${sync}/subscribe?app_id=${account.appId}`, account.token, "GET");
      strictEqual(stream.statusCode, 200);
      stream.on("data", (text: Buffer) => void (told += text.toString().includes("changed") ? 1 : 0));
      stream.on("error", () => {});
      open.push(stream);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, opener));
  process.stdout.write(
    `${STREAMS} streams, node ${process.version}: ${before.toFixed(0)} MB before, ${memory().toFixed(0)} MB with them\n`,
  );
  // Past the first two comments of every stream, with their looks at the session.
  await new Promise((resolve) => void setTimeout(resolve, 65_000));
  const each = ((memory() - before) * 1024) / STREAMS;
  process.stdout.write(`after two comments each: ${memory().toFixed(0)} MB, ${each.toFixed(1)} KB a stream\n`);
  const [first] = accounts;
  if (first === undefined) throw new Error("streams: there is no account");
  const { id } = await post<{ readonly id: string }>(`${sync}/devices`, first.token, { device_name: "d", platform: "linux" });
  await post(`${sync}/push`, first.token, { device_id: id, changes: [entry()] });
  await new Promise((resolve) => void setTimeout(resolve, 500));
  strictEqual(told, Math.ceil(STREAMS / accounts.length));
  for (const stream of open) stream.destroy();
}

try {
  const [{ url, accounts = [] }] = (await once(child, "message")) as [Ready];
  const sync = `${url}/api/sync`;
  if (STREAMS > 0) await idle(sync, accounts);
  const devices = await Promise.all(
    accounts.slice(0, DEVICES).map(async (account) => ({
      ...account,
      id: (await post<{ readonly id: string }>(`${sync}/devices`, account.token, { device_name: "d", platform: "linux" })).id,
    })),
  );
  for (const [what, pauseMs] of [
    ["as fast as they can", 0],
    ["one a second each", 1000],
  ] as const) {
    const times: number[] = [];
    const [started, processorBefore] = [performance.now(), processorTime()];
    await Promise.all(
      devices.map(async (device, i) => {
        for (let push = 0; push < PUSHES; push++) {
          if (pauseMs > 0) {
            const at = started + push * pauseMs + (i * pauseMs) / DEVICES;
            await new Promise((resolve) => void setTimeout(resolve, Math.max(0, at - performance.now())));
          }
          const from = performance.now();
          await post(`${sync}/push`, device.token, { device_id: device.id, changes: [entry()] });
          times.push(performance.now() - from);
        }
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    const perCore = times.length / (processorTime() - processorBefore);
    times.sort((a, b) => a - b);
    process.stdout.write(
      `${DEVICES} devices push one change each, ${what}: median ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, ${(times.length / seconds).toFixed(0)} a second, ${perCore.toFixed(0)} a second of processor time\n`,
    );
  }
} finally {
  agent.destroy();
  child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
}
