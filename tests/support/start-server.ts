/**
 * The server that a test's devices talk to, over HTTP on loopback: on SQLite and a folder, or, in the project that says so
 * (vitest.config.ts), on a real PostgreSQL and a real S3 server.
 */
import {
  openPostgresNotices,
  openPostgresStorage,
  openS3Blobs,
  startEmbeddedServer,
  type EmbeddedOptions,
  type EmbeddedServer,
} from "@synckit-gen/server";
import { AwsClient } from "aws4fetch";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase, services, TEST_BUCKET } from "../services/running.ts";

export interface TestServer extends EmbeddedServer {
  readonly blobs: StoredBlobs;
}

/** What the blob store holds, behind the server's back. */
export interface StoredBlobs {
  /** The name of what has so many bytes. */
  find(size: number): Promise<string | undefined>;
  read(name: string): Promise<Buffer>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

type Options = Omit<EmbeddedOptions, "path" | "blobFolder" | "stores">;

export const startServer = (options: Options = {}): Promise<TestServer> =>
  process.env["SYNCKIT_TEST_STORES"] === "postgres+s3" ? onPostgresAndS3(options) : onSqliteAndFolder(options);

async function onSqliteAndFolder(options: Options): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-blobs-test-"));
  const server = await startEmbeddedServer({ ...options, blobFolder: folder });
  const isOfSize = (file: string, size: number): boolean => statSync(file).isFile() && statSync(file).size === size;
  return {
    ...server,
    blobs: {
      find: async (size) =>
        readdirSync(folder, { recursive: true, encoding: "utf8" })
          .map((name) => join(folder, name))
          .find((file) => isOfSize(file, size)),
      read: async (file) => readFileSync(file),
      write: async (file, bytes) => writeFileSync(file, bytes),
    },
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function onPostgresAndS3(options: Options): Promise<TestServer> {
  const { s3 } = services;
  if (s3 === null) throw new Error("startServer: no S3 server is running");
  const prefix = `${randomUUID()}/`;
  const database = await createTestDatabase();
  const { url } = database;
  // Few parts: each is a table that is made for every test.
  const storage = await openPostgresStorage({ url, partitions: 2 });
  const notices = await openPostgresNotices({ url });
  const blobs = openS3Blobs({ ...s3, bucket: TEST_BUCKET, region: "us-east-1", prefix });
  const server = await startEmbeddedServer({ ...options, stores: { storage, notices, blobs } });

  const client = new AwsClient({ ...s3, region: "us-east-1", service: "s3" });
  const send = async (name: string, init: { readonly method?: string; readonly body?: Buffer<ArrayBuffer> } = {}): Promise<Response> => {
    const reply = await client.fetch(`${s3.endpoint}/${TEST_BUCKET}${name}`, init);
    if (!reply.ok) throw new Error(`startServer: S3 answered ${reply.status}`);
    return reply;
  };
  return {
    ...server,
    blobs: {
      find: async (size) => {
        const list = await (await send(`?list-type=2&prefix=${encodeURIComponent(prefix)}`)).text();
        const found = list.split("<Contents>").find((object) => object.includes(`<Size>${size}</Size>`));
        const key = found === undefined ? undefined : /<Key>([^<]+)<\/Key>/.exec(found)?.[1];
        return key === undefined ? undefined : `/${key}`;
      },
      read: async (name) => Buffer.from(await (await send(name)).arrayBuffer()),
      write: async (name, bytes) => void (await send(name, { method: "PUT", body: Buffer.from(bytes) })),
    },
    close: async () => {
      await server.close();
      await database.drop();
    },
  };
}
