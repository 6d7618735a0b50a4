/**
 * Argon2id off the event loop: in a worker thread where there are any (Node, Bun), else in this thread. The
 * worker lives for one computation, so its 64 MiB are given back. If its file cannot be started (an
 * application bundled into one file has none), the result is computed here: slower for others, never wrong.
 */
import type { Worker } from "node:worker_threads";
import { argon2idInline, type Argon2id, type Argon2idRequest } from "./argon2id-inline.ts";
import type { Argon2idAnswer } from "./argon2id-worker.ts";

export type { Argon2id } from "./argon2id-inline.ts";

/** For bundled applications: `worker` is where the bundler put `argon2id-worker`. */
export function argon2idIn(worker: URL): Argon2id {
  return async (request) => {
    const answer = await askWorker(worker, request);
    if (answer === null) return argon2idInline(request);
    if (answer.kind === "refused") throw new Error(`argon2id: ${answer.message}`);
    return answer.hash;
  };
}

// The sources run as they are in tests, so the worker's extension is that of this file.
export const argon2id: Argon2id = argon2idIn(
  new URL(import.meta.url.endsWith(".ts") ? "./argon2id-worker.ts" : "./argon2id-worker.js", import.meta.url),
);

/** Null: no worker, or it ended without an answer, so it never ran. */
async function askWorker(file: URL, request: Argon2idRequest): Promise<Argon2idAnswer | null> {
  const worker = startWorker(file);
  if (worker === null) return null;
  try {
    return await new Promise((resolve) => {
      worker.once("message", (answer: Argon2idAnswer) => resolve(answer));
      worker.once("error", () => resolve(null));
      worker.once("exit", () => resolve(null));
      const password = new Uint8Array(request.password); // given away with its memory; the caller's stays for a second form
      worker.postMessage({ ...request, password } satisfies Argon2idRequest, [password.buffer]);
    });
  } finally {
    await worker.terminate();
  }
}

/** Asks the process instead of importing: a browser must be able to load this file. */
function startWorker(file: URL): Worker | null {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return null;
  try {
    return new (process.getBuiltinModule("node:worker_threads").Worker)(file);
  } catch {
    return null; // Node's permission model may forbid workers
  }
}
