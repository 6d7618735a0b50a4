/**
 * `npm run services [stop]`: starts the real services that tests use, once for all checkouts of a user, or stops them. Needs
 * nothing but the programs; starting what runs already changes nothing.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPostgres, findPostgres, freePort } from "./postgres.ts";
import { addressesFile, services, servicesDirectory, type Services } from "./running.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function start(): Promise<void> {
  if (services.postgres !== null) return say(`running already: ${JSON.stringify(services)}`);
  mkdirSync(servicesDirectory, { recursive: true });
  const bin = findPostgres();
  if (bin === null) return say("PostgreSQL: not installed (Debian: apt-get install postgresql); its tests will skip");
  const postgres = createPostgres(bin, join(servicesDirectory, "postgres"), await freePort());
  postgres.start();
  const addresses: Services = { postgres: postgres.url, s3: null };
  writeFileSync(addressesFile, `${JSON.stringify(addresses)}\n`);
  say(`PostgreSQL: ${postgres.url}`);
}

function stop(): void {
  const bin = findPostgres();
  if (bin !== null) createPostgres(bin, join(servicesDirectory, "postgres"), 0).stop();
  rmSync(servicesDirectory, { recursive: true, force: true });
  say("stopped");
}

if (process.argv[2] === "stop") stop();
else await start();
