/** A request's body as text or JSON: never more of it in memory than its limit, and never waited for without end. */
import { HttpError } from "./http-error.ts";

/** Bodies other than a push: the largest is a key envelope of 4 KiB, escaped, or a filter of many tables. */
export const MAX_SMALL_BODY_BYTES = 64 * 1024;

/** What the largest body may take on a slow line; whoever sends a byte now and then is cut off. */
const BODY_TIMEOUT_MS = 120_000;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const text = await readText(request, maxBytes, "the body is not JSON in UTF-8");
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "the body is not JSON in UTF-8");
  }
}

export async function readText(request: Request, maxBytes: number, otherwise = "the body is not UTF-8"): Promise<string> {
  const bytes = await readBytes(request, maxBytes);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new HttpError(400, otherwise);
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HttpError(408, "the body took too long", { Connection: "close" })), BODY_TIMEOUT_MS);
  });
  try {
    return await Promise.race([collect(request, maxBytes), late]);
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, "the body ended early");
  } finally {
    clearTimeout(timer);
  }
}

async function collect(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new HttpError(413, `the body is larger than ${maxBytes} bytes`);
  const declared = request.headers.get("content-length");
  // Node cuts a body at its declared length, so a declared one needs no counting.
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge;
  if (declared !== null) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
