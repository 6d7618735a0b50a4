/**
 * The thread in which passwords are hashed: 64 MiB and about 90 ms each, which would otherwise hold up
 * every other request. Started by `password-hash.ts`, one job after another.
 */
import sodium from "libsodium-wrappers-sumo";
import { parentPort } from "node:worker_threads";
import type { PasswordJob, PasswordOutcome } from "./password-job.ts";

await sodium.ready;

function perform(job: PasswordJob): PasswordOutcome {
  if (job.kind === "verify") return { kind: "verified", matches: sodium.crypto_pwhash_str_verify(job.hash, job.password) };
  const hash = sodium.crypto_pwhash_str(job.password, sodium.crypto_pwhash_OPSLIMIT_INTERACTIVE, sodium.crypto_pwhash_MEMLIMIT_INTERACTIVE);
  return { kind: "hashed", hash };
}

parentPort?.on("message", (job: PasswordJob) => parentPort?.postMessage(perform(job)));
