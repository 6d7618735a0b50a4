/**
 * `npm run services` starts the real services that tests use, once for all checkouts of a user; `npm run services stop` ends
 * them. Needs nothing but the programs. Starting what runs already changes nothing; a start that is cut short leaves nothing.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCeph, startCeph, stopCeph } from "./ceph.ts";
import { findPostgres, freePort, postgresIn } from "./postgres.ts";
import { addressesFile, createBucket, services, servicesDirectory, type S3Service } from "./running.ts";

const POSTGRES = join(servicesDirectory, "postgres");
const CEPH = join(servicesDirectory, "ceph");

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function start(): Promise<void> {
  if (existsSync(addressesFile)) return say(`running already, see ${addressesFile}\n${JSON.stringify(services, null, 2)}`);
  await stop();
  mkdirSync(servicesDirectory, { recursive: true });
  const [postgres, s3] = await Promise.all([startPostgres(), startGateway()]);
  writeFileSync(addressesFile, `${JSON.stringify({ postgres, s3 })}\n`);
  say(`PostgreSQL: ${postgres ?? "not installed (Debian: apt-get install postgresql); its tests will skip"}`);
  say(`S3: ${s3?.endpoint ?? "not installed (Debian: apt-get install ceph-mon ceph-mgr ceph-osd radosgw); its tests will skip"}`);
}

async function startPostgres(): Promise<string | null> {
  const bin = findPostgres();
  if (bin === null) return null;
  const server = postgresIn(bin, POSTGRES, await freePort());
  await server.create();
  await server.start();
  return server.url;
}

async function startGateway(): Promise<S3Service | null> {
  if (!hasCeph()) return null;
  const service = await startCeph(CEPH);
  // The first bucket of a gateway takes seconds, which no test should count as its own.
  await createBucket(service);
  return service;
}

async function stop(): Promise<void> {
  const bin = findPostgres();
  if (bin !== null) await postgresIn(bin, POSTGRES, 0).stop();
  await stopCeph(CEPH);
  rmSync(servicesDirectory, { recursive: true, force: true });
}

/** A daemon that is just starting has not written its number yet, so the start is waited for and then undone. */
async function startWhole(): Promise<void> {
  let isUnwanted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void (isUnwanted = true));
  try {
    await start();
    if (!isUnwanted) return;
  } catch (error) {
    await stop();
    throw error;
  }
  await stop();
  process.exitCode = 1;
}

if (process.argv[2] === "stop") {
  await stop();
  say("stopped");
} else await startWhole();
