/** The stores that a command works on: the data directory, or what `--database` and `--blobs` name in its place. */
import { join } from "node:path";
import { openFolderBlobs } from "../blobs/folder-blobs.ts";
import type { BlobStore } from "../blobs/port.ts";
import { openS3Blobs } from "../blobs/s3-blobs.ts";
import { readS3Url, S3UrlError } from "../blobs/s3-url.ts";
import { createMemoryNotices } from "../notices/memory-notices.ts";
import type { Notices } from "../notices/port.ts";
import { openPostgresNotices } from "../notices/postgres-notices.ts";
import type { Storage } from "../storage/port.ts";
import { openPostgresStorage } from "../storage/postgres/open-postgres-storage.ts";
import type { PostgresOptions } from "../storage/postgres/open-postgres-database.ts";
import { CliError, EXIT_USAGE } from "./cli-error.ts";
import { openDataDirectory, useDirectory } from "./data-directory.ts";

export interface StoreOptions {
  readonly data: string;
  /** `postgres://…`; null: the SQLite file of the data directory. */
  readonly database: string | null;
  /** Of tables that are made now. */
  readonly partitions: number;
  /** `s3://…` or a folder; null: the folder of the data directory. */
  readonly blobs: string | null;
}

export const openStorage = async (options: StoreOptions): Promise<Storage> => {
  const postgres = postgresOf(options);
  return postgres === null ? openDataDirectory(options.data).storage : openPostgresStorage(postgres);
};

export const openNotices = async (options: StoreOptions): Promise<Notices> => {
  const postgres = postgresOf(options);
  return postgres === null ? createMemoryNotices() : openPostgresNotices(postgres);
};

export function openBlobs({ data, blobs }: StoreOptions): BlobStore {
  if (blobs === null || !/^[a-z][a-z0-9+.-]+:/iu.test(blobs)) {
    const folder = blobs ?? join(data, "blobs");
    return useDirectory(folder, () => openFolderBlobs(folder));
  }
  try {
    return openS3Blobs(readS3Url(blobs, process.env));
  } catch (error) {
    if (error instanceof S3UrlError) throw new CliError(EXIT_USAGE, `blobs: ${error.message}.`);
    throw error;
  }
}

/** What a person may see of where data is: never a password. */
export function describeStores({ data, database, blobs }: StoreOptions): { readonly data: string; readonly blobs: string } {
  const url = database === null ? null : URL.parse(database);
  return {
    data: url === null ? data : `postgres://${url.host}${url.pathname}`,
    blobs: blobs === null ? join(data, "blobs") : (blobs.split("?")[0] ?? ""),
  };
}

function postgresOf({ database, partitions }: StoreOptions): PostgresOptions | null {
  if (database === null) return null;
  // The message must not repeat it: it may hold a password.
  if (!/^postgres(?:ql)?:\/\//u.test(database) || !URL.canParse(database))
    throw new CliError(EXIT_USAGE, "database: expected postgres://user@host:port/name.");
  return { url: database, partitions };
}
