/** The worker's side of `argon2id.ts`: one request, one answer. Runs in Node and Bun only. */
import { parentPort } from "node:worker_threads";
import { argon2idInline, type Argon2idRequest } from "./argon2id-inline.ts";

export type Argon2idAnswer = { readonly kind: "hash"; readonly hash: Uint8Array } | { readonly kind: "refused"; readonly message: string };

parentPort?.once("message", (request: Argon2idRequest) => {
  const answer = (found: Argon2idAnswer): void => parentPort?.postMessage(found);
  argon2idInline(request)
    .then(
      (hash) => answer({ kind: "hash", hash }),
      (error: unknown) => answer({ kind: "refused", message: error instanceof Error ? error.message : "argon2id" }),
    )
    .finally(() => request.password.fill(0));
});
