/** A request's body as JSON, never more of it in memory than its limit. */
import { HttpError } from "./http-error.ts";

/** Bodies other than a push: the largest is a key envelope of 4 KiB, escaped, or a filter of many tables. */
export const MAX_SMALL_BODY_BYTES = 64 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const bytes = await readBytes(request, maxBytes);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new HttpError(400, "the body is not JSON in UTF-8");
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new HttpError(413, `the body is larger than ${maxBytes} bytes`);
  const declared = request.headers.get("content-length");
  // Node cuts a body at its declared length, so a declared one needs no counting.
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge;
  try {
    if (declared !== null) return new Uint8Array(await request.arrayBuffer());
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error === tooLarge) throw error;
    throw new HttpError(400, "the body ended early");
  }
}
