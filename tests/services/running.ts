/**
 * The real services that tests use: what `npm run services` has started, or what the environment names. A test that needs
 * one that is not there skips, and says how to start it.
 */
import { AwsClient } from "aws4fetch";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import pg from "pg";

export interface S3Service {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Services {
  /** URL of a superuser's database; null: none. */
  readonly postgres: string | null;
  readonly s3: S3Service | null;
}

/** One set for all checkouts of a user, unless told otherwise. */
export const servicesDirectory = process.env["SYNCKIT_SERVICES_DIR"] ?? join(tmpdir(), `synckit-services-${userInfo().uid}`);
export const addressesFile = join(servicesDirectory, "addresses.json");

export const services: Services = {
  ...(existsSync(addressesFile) ? (JSON.parse(readFileSync(addressesFile, "utf8")) as Services) : { postgres: null, s3: null }),
  ...(process.env["SYNCKIT_TEST_POSTGRES"] === undefined ? {} : { postgres: process.env["SYNCKIT_TEST_POSTGRES"] }),
};

/** Where tests keep their objects, each under a prefix of its own. */
export const TEST_BUCKET = "synckit-test";

export async function createBucket({ endpoint, accessKeyId, secretAccessKey }: S3Service): Promise<void> {
  const client = new AwsClient({ accessKeyId, secretAccessKey, region: "us-east-1", service: "s3" });
  const reply = await client.fetch(`${endpoint}/${TEST_BUCKET}`, { method: "PUT" });
  if (!reply.ok) throw new Error(`createBucket: ${reply.status} ${await reply.text()}`);
}

/** The name of a group of tests, with what to do when they skip. */
export const needing = (service: keyof Services, name: string): string =>
  services[service] === null ? `${name} (skipped: start it with \`npm run services\`)` : name;

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database of the running PostgreSQL, gone after `drop`, whoever is still connected. */
export async function createTestDatabase(server: string | null = services.postgres): Promise<TestDatabase> {
  if (server === null) throw new Error("createTestDatabase: no PostgreSQL is running");
  const name = `synckit_${randomUUID().replaceAll("-", "")}`;
  const onServer = async (text: string): Promise<void> => {
    const client = new pg.Client(server);
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  await onServer(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}
