/**
 * The bytes of files, to and from where the server says. Those URLs carry their own permission, so no token goes with them,
 * and they may lead to another host; neither direction holds more than a buffer where the platform can stream.
 */
import { limits } from "@synckit-gen/schemas/protocol";
import type { Bytes } from "../crypto/blob.ts";
import { SyncError } from "./errors.ts";
import { refusalOf } from "./http.ts";
import { watchIdle, type IdleWatch } from "./idle-watch.ts";
import type { Clock, Timers } from "./ports.ts";
import { readContentUrl } from "./server-url.ts";

export interface TransportPorts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A transfer may take hours; one in which less than that comes in so long is over. */
const IDLE_MS = 60_000;
const LEAST_BYTES = 16 * 1024;

export interface Content {
  /** Where it begins in the whole: 0 where the server does not give parts. */
  readonly start: number;
  /** Bytes of the whole; null: not said. */
  readonly total: number | null;
  readonly bytes: Bytes;
}

/** Sends exactly `size` bytes. What reading the content throws is thrown as it is. */
export async function putContent(ports: TransportPorts, url: string, size: number, content: Bytes): Promise<void> {
  const watch = watchIdle(ports.timers, IDLE_MS);
  let broken: { readonly error: unknown } | null = null;
  async function* noting(): Bytes {
    watch.rest();
    try {
      for await (const chunk of content) {
        watch.resume();
        watch.touch();
        yield chunk;
        watch.rest();
      }
    } catch (error) {
      broken = { error };
      throw error;
    }
    watch.resume();
  }
  try {
    const response = await request(ports, watch, readContentUrl(url), {
      method: "PUT",
      // Not followed either way; but to keep what it would send to the next address, Node's fetch holds all of a stream in memory.
      redirect: "error",
      headers: { "content-type": "application/octet-stream", "content-length": String(size) },
      ...(await bodyOf(noting(), size)),
    });
    if (!response.ok) throw await refusalOf(response, ports.clock);
    await response.body?.cancel();
  } catch (error) {
    throw (broken as { readonly error: unknown } | null)?.error ?? error;
  } finally {
    watch.stop();
  }
}

/** From byte `from` on, where the server can; otherwise from the start. Whoever stops reading ends the transfer. */
export async function getContent(ports: TransportPorts, url: string, from: number): Promise<Content> {
  const watch = watchIdle(ports.timers, IDLE_MS, LEAST_BYTES);
  try {
    const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
    const response = await request(ports, watch, readContentUrl(url), { method: "GET", headers, redirect: "manual" });
    if (response.status === 416) {
      await response.body?.cancel();
      watch.stop();
      return { start: from, total: from, bytes: nothing() };
    }
    if (!response.ok) throw await refusalOf(response, ports.clock);
    const { start, total } = placeOf(response);
    if (start !== 0 && start !== from) throw new SyncError("reply/malformed", { detail: "another part of the file than was asked for" });
    if (total !== null && total > limits.MAX_BLOB_BYTES) throw new SyncError("blob/too-large");
    return { start, total, bytes: read(response, watch, start) };
  } catch (error) {
    watch.stop();
    throw error;
  }
}

async function request(ports: TransportPorts, watch: IdleWatch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await ports.fetch(url, { ...init, credentials: "omit", cache: "no-store", signal: watch.signal });
  } catch (cause) {
    throw failureOf(cause, watch);
  }
}

const failureOf = (cause: unknown, watch: IdleWatch): SyncError =>
  new SyncError(watch.isLate() ? "network/timeout" : isRedirect(cause) ? "server/redirected" : "network/offline", { cause });

/** What Node's fetch says of a redirect that it was told to take for an error; others say nothing that differs from a broken line. */
const isRedirect = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message === "unexpected redirect";

async function* read(response: Response, watch: IdleWatch, start: number): Bytes {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  if (reader === undefined) return;
  const announced = response.headers.get("content-length");
  let taken = 0;
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw failureOf(error, watch);
      });
      if (done) break;
      watch.touch(value.length);
      taken += value.length;
      if (start + taken > limits.MAX_BLOB_BYTES) throw new SyncError("blob/too-large");
      watch.rest();
      yield value;
      watch.resume();
    }
    if (announced !== null && response.headers.get("content-encoding") === null && Number(announced) !== taken)
      throw new SyncError("network/offline", { detail: "the file was cut off" });
    isWhole = true;
  } finally {
    watch.stop();
    if (!isWhole) await reader.cancel().catch(() => undefined);
  }
}

function placeOf(response: Response): { readonly start: number; readonly total: number | null } {
  if (response.status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/u.exec(response.headers.get("content-range") ?? "") ?? [];
    if (start === undefined) throw new SyncError("reply/malformed", { detail: "a part of a file that does not say which" });
    return { start: Number(start), total: Number(total) };
  }
  const length = response.headers.get("content-length");
  return { start: 0, total: length === null ? null : Number(length) };
}

/**
 * Stores want to know the length beforehand. Where a program may name it (Node, Bun), the bytes are streamed; a browser takes the
 * length from a Blob, whose parts it may keep on disk.
 */
async function bodyOf(content: Bytes, size: number): Promise<Pick<RequestInit, "body"> & { readonly duplex?: "half" }> {
  if (mayNameLength()) return { body: streamOf(content), duplex: "half" };
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of content) parts.push(new Uint8Array(part));
  const body = new Blob(parts);
  if (body.size !== size) throw new SyncError("blob/changed");
  return { body };
}

const mayNameLength = (): boolean =>
  new Request("https://localhost/", { method: "PUT", body: "1", headers: { "content-length": "1" } }).headers.has("content-length");

function streamOf(content: Bytes): ReadableStream<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}

async function* nothing(): Bytes {}
