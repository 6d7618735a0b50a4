/**
 * A real S3 server: Ceph's object gateway over one monitor, one manager and one storage daemon that keeps its objects in
 * memory. Everything lies in one directory and listens on loopback; what it holds is gone when it stops.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./postgres.ts";
import type { S3Service } from "./running.ts";

const PROGRAMS = ["ceph", "ceph-authtool", "ceph-mon", "ceph-mgr", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"];
/** Daemons in the order in which they are stopped: each before what it talks to. */
const DAEMONS = ["client.rgw.gateway", "mgr.only", "osd.0", "mon.only"];
const READY_MS = 60_000;

/** Whether every program is on the PATH. */
export const hasCeph = (): boolean =>
  PROGRAMS.every((program) => (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program))));

interface Ports {
  readonly monitor: number;
  readonly legacyMonitor: number;
  readonly gateway: number;
}

const configuration = (directory: string, cluster: string, { monitor, legacyMonitor, gateway }: Ports): string => `
[global]
fsid = ${cluster}
mon host = [v2:127.0.0.1:${monitor},v1:127.0.0.1:${legacyMonitor}]
mon initial members = only
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = ${directory}/keyring
pid file = ${directory}/$name.pid
log file = ${directory}/$name.log
run dir = ${directory}
admin socket = ${directory}/$name.sock
auth allow insecure global id reclaim = false
# One daemon holds the only copy of everything.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd objectstore = memstore
memstore device bytes = 4294967296
# A laptop's disk is often nearly full; nothing of weight is written there.
mon data avail warn = 2
mon data avail crit = 1
mon data = ${directory}/mon
mgr data = ${directory}/mgr
osd data = ${directory}/osd
[client.rgw.gateway]
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw data = ${directory}/gateway
`;

/** Ready when it returns; about ten seconds. */
export async function startCeph(directory: string): Promise<S3Service> {
  for (const folder of ["mon", "mgr", "osd", "gateway"]) mkdirSync(join(directory, folder), { recursive: true });
  const ports: Ports = { monitor: await freePort(), legacyMonitor: await freePort(), gateway: await freePort() };
  const [cluster, disk] = [randomUUID(), randomUUID()];
  const config = join(directory, "ceph.conf");
  const keyring = join(directory, "keyring");
  const monitors = join(directory, "monitors");
  writeFileSync(config, configuration(directory, cluster, ports));

  const run = async (program: string, ...args: readonly string[]): Promise<void> => {
    await promisify(execFile)(program, args, { cwd: directory, timeout: READY_MS });
  };
  const withConfig = (program: string, ...args: readonly string[]): Promise<void> => run(program, "-c", config, ...args);

  const everything = ["mon", "osd", "mgr"].flatMap((kind) => ["--cap", kind, "allow *"]);
  await run("ceph-authtool", "--create-keyring", keyring);
  for (const name of ["mon.", "client.admin", "mgr.only", "osd.0", "client.rgw.gateway"])
    await run("ceph-authtool", keyring, "--gen-key", "--name", name, ...everything);
  const address = `[v2:127.0.0.1:${ports.monitor},v1:127.0.0.1:${ports.legacyMonitor}]`;
  await run("monmaptool", "--create", "--fsid", cluster, "--addv", "only", address, monitors);
  await withConfig("ceph-mon", "--mkfs", "--id", "only", "--monmap", monitors, "--keyring", keyring);
  await withConfig("ceph-mon", "--id", "only");
  await withConfig("ceph", "osd", "new", disk, "0");
  await withConfig("ceph-mgr", "--id", "only");
  await withConfig("ceph-osd", "--id", "0", "--mkfs", "--osd-uuid", disk);
  await withConfig("ceph-osd", "--id", "0");
  await withConfig("radosgw", "--name", "client.rgw.gateway");

  const service: S3Service = { endpoint: `http://127.0.0.1:${ports.gateway}`, accessKeyId: "synckit", secretAccessKey: randomUUID() };
  const { accessKeyId, secretAccessKey } = service;
  const user = ["--uid=synckit", "--display-name=synckit", `--access-key=${accessKeyId}`, `--secret=${secretAccessKey}`];
  await withConfig("radosgw-admin", "user", "create", ...user);
  await untilAnswering(service.endpoint);
  return service;
}

async function untilAnswering(url: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    if (Date.now() > until) throw new Error("ceph: the gateway does not answer");
    await pause(100);
  }
}

/** Ends every daemon of the directory, whatever state it is in. */
export async function stopCeph(directory: string): Promise<void> {
  const found = DAEMONS.map((name) => join(directory, `${name}.pid`)).filter((file) => existsSync(file));
  for (const file of found) await end(Number(readFileSync(file, "utf8")), directory);
}

async function end(pid: number, directory: string): Promise<void> {
  if (!belongsHere(pid, directory)) return;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    process.kill(pid, signal);
    for (let waited = 0; waited < 50; waited++) {
      if (!belongsHere(pid, directory)) return;
      await pause(100);
    }
  }
}

/** A pid file may be older than the process that has its number now. */
function belongsHere(pid: number, directory: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(directory);
  } catch {
    return false;
  }
}
