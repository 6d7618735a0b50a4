/**
 * Blobs as files of one folder, served by this server under signed URLs. A file is whole or not there: bytes go to a file
 * beside it, on the disk, and get their name last. Neither direction holds more than a buffer in memory.
 */
import { codec, limits } from "@synckit-gen/schemas/protocol";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { codeOf } from "../error-code.ts";
import { systemClock, systemRandom, type Clock } from "../system.ts";
import type { BlobStore } from "./port.ts";
import { readRange } from "./read-range.ts";
import { createUrlSigner, type Grant } from "./signed-url.ts";

const SECRET_FILE = "url-secret";
const SECRET_BYTES = 32;

export interface FolderOptions {
  readonly clock?: Clock;
}

/** Accounts are spread over folders: some file systems are slow in one that holds very many. */
export const blobFile = (folder: string, name: string): string => join(folder, name.slice(0, 2), name);

/** Makes the folder, for its owner's eyes only. Servers that share it share the secret in it, and so each other's URLs. */
export function openFolderBlobs(folder: string, { clock = systemClock }: FolderOptions = {}): BlobStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const signer = createUrlSigner(readSecret(folder), clock);
  const fileOf = (name: string): string => blobFile(folder, name);
  return {
    uploadUrl: async (name, sizeBytes, origin) => signer.sign({ method: "PUT", name, sizeBytes }, origin, limits.BLOB_URL_LIFETIME_SECONDS),
    downloadUrl: async (name, origin) => signer.sign({ method: "GET", name, sizeBytes: 0 }, origin, limits.BLOB_URL_LIFETIME_SECONDS),
    sizeOf: async (name) => (await orNull(stat(fileOf(name))))?.size ?? null,
    remove: (name) => remove(fileOf(name)),
    names: () => listNames(folder),
    content: {
      answer: async (request) => {
        const grant = signer.read(request);
        if (grant === null) return refuse(403, "the URL is not valid, or no more");
        return grant.method === "PUT" ? receive(fileOf(grant.name), grant, request) : send(fileOf(grant.name), request);
      },
    },
  };
}

function readSecret(folder: string): Uint8Array {
  const file = join(folder, SECRET_FILE);
  try {
    // Exclusive: of two first starts at once, one makes it and the other reads it.
    writeFileSync(file, Buffer.from(systemRandom(SECRET_BYTES)).toString("base64"), { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  const secret = Buffer.from(readFileSync(file, "utf8").trim(), "base64");
  if (secret.length < SECRET_BYTES) throw new Error(`${file} holds no secret; remove it to have one made`);
  return secret;
}

const refuse = (status: number, error: string): Response => Response.json(codec.encodeError({ error }), { status });

async function receive(file: string, { sizeBytes }: Grant, request: Request): Promise<Response> {
  const wrongSize = `expected ${sizeBytes} bytes`;
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) !== sizeBytes) return refuse(400, wrongSize);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}.${randomUUID()}.part`;
  const handle = await open(part, "wx", 0o600);
  try {
    const isWhole = await write(handle, request.body, sizeBytes);
    if (!isWhole) return refuse(400, wrongSize);
    await handle.sync();
    await rename(part, file);
    await syncFolder(dirname(file));
    return new Response(null, { status: 200 });
  } finally {
    await handle.close();
    await rm(part, { force: true });
  }
}

/** False: there were more or fewer. */
async function write(handle: FileHandle, body: ReadableStream<Uint8Array> | null, sizeBytes: number): Promise<boolean> {
  let written = 0;
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      written += chunk.length;
      if (written > sizeBytes) return false;
      await handle.writeFile(chunk);
    }
  } catch (error) {
    // The client went away; what the disk says is ours.
    if (["ENOSPC", "EIO", "EDQUOT", "EROFS", "EFBIG"].includes(codeOf(error) ?? "")) throw error;
    return false;
  }
  return written === sizeBytes;
}

/** The new name is on the disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Windows cannot, and need not.
    if (codeOf(error) !== "EPERM") throw error;
  } finally {
    await handle.close();
  }
}

async function send(file: string, request: Request): Promise<Response> {
  const handle = await orNull(open(file, "r"));
  if (handle === null) return refuse(404, "no such blob");
  let isPassedOn = false;
  try {
    const { size } = await handle.stat();
    const range = readRange(request.headers.get("range"), size);
    if (range === "unsatisfiable") return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${size}` } });
    const { start, end } = range ?? { start: 0, end: size - 1 };
    const headers = {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(end - start + 1),
      "Accept-Ranges": "bytes",
      ...(range === null ? {} : { "Content-Range": `bytes ${start}-${end}/${size}` }),
    };
    const status = range === null ? 200 : 206;
    if (request.method === "HEAD" || size === 0) return new Response(null, { status, headers });
    isPassedOn = true;
    return new Response(Readable.toWeb(handle.createReadStream({ start, end })) as ReadableStream<Uint8Array>, { status, headers });
  } finally {
    // The stream closes it otherwise, also when the client goes away.
    if (!isPassedOn) await handle.close();
  }
}

/** With what uploads of this name have left behind, each cut off by the end of its server. */
async function remove(file: string): Promise<void> {
  const folder = dirname(file);
  const names = (await orNull(readdir(folder))) ?? [];
  const mine = names.filter((name) => name === basename(file) || (name.startsWith(`${basename(file)}.`) && name.endsWith(".part")));
  await Promise.all(mine.map((name) => rm(join(folder, name), { force: true })));
}

/** Uploads under way have none yet. */
async function* listNames(folder: string): AsyncIterable<string> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.parentPath === folder || entry.name.endsWith(".part")) continue;
    yield `${basename(entry.parentPath)}/${entry.name}`;
  }
}

async function orNull<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
