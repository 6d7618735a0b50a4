/** What is wrong with a server's data, in words: the database, its counters, and blobs that are here or there only. */
import type { BlobStore } from "../blobs/port.ts";
import type { Storage } from "../storage/port.ts";

const AT_ONCE = 500;

export interface Fault {
  readonly part: "database" | "blobs";
  readonly what: string;
}

export async function findFaults(storage: Storage, blobs: BlobStore): Promise<readonly Fault[]> {
  const database = await storage.findFaults();
  return [
    ...database.map((what) => ({ part: "database" as const, what })),
    ...(await missing(storage, blobs)),
    ...(await orphans(storage, blobs)),
  ];
}

async function missing(storage: Storage, blobs: BlobStore): Promise<readonly Fault[]> {
  const found: Fault[] = [];
  for (let after = ""; ;) {
    const page = await storage.listBlobs(after, AT_ONCE);
    for (const { name, sizeBytes } of page) {
      const there = await blobs.sizeOf(name);
      if (there === null) found.push({ part: "blobs", what: `blob ${name}: its ${sizeBytes} bytes are not there` });
      else if (there !== sizeBytes) found.push({ part: "blobs", what: `blob ${name}: has ${there} bytes, not ${sizeBytes}` });
    }
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.name;
  }
}

async function orphans(storage: Storage, blobs: BlobStore): Promise<readonly Fault[]> {
  const found: Fault[] = [];
  for await (const name of blobs.names?.() ?? [])
    if (!(await storage.knowsBlob(name))) found.push({ part: "blobs", what: `${name}: bytes of no blob and of no upload` });
  return found;
}
