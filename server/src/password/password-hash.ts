/**
 * Argon2id hashes of login passwords, computed in a thread. The thread is started for the first waiting
 * job and ended when none is left: logins come once a week per device, and its 64 MiB are better free.
 */
import { Worker } from "node:worker_threads";
import type { PasswordJob, PasswordOutcome } from "./password-job.ts";

/** Logins that may wait: three seconds of work. Past that a caller is told to come again. */
const MAX_WAITING = 32;

/** Too many logins at once. */
export class PasswordQueueFullError extends Error {
  override readonly name = "PasswordQueueFullError";
}

/** The hash of a random password that nobody has, at the cost of `hashPassword`: an unknown user takes as long as a known one. */
const NOBODY = "$argon2id$v=19$m=65536,t=2,p=1$Rv5+KLxNpiz8kFSqiwcc5g$3lOkdfDEUH3+0fapn88crX2JU97L5qWP78hwDDvUOvg";

/** Argon2id in its encoded form, with a random salt. */
export async function hashPassword(password: string): Promise<string> {
  const outcome = await submit({ kind: "hash", password: normalize(password) });
  if (outcome.kind !== "hashed") throw new Error("hashPassword: the thread did another job");
  return outcome.hash;
}

/** Whether the password has this hash. Null is nobody's: false, after the same work. */
export async function verifyPassword(hash: string | null, password: string): Promise<boolean> {
  const outcome = await submit({ kind: "verify", hash: hash ?? NOBODY, password: normalize(password) });
  return outcome.kind === "verified" && outcome.matches && hash !== null;
}

/** One keyboard composes "é", another sends two code points. */
const normalize = (password: string): string => password.normalize("NFC");

interface Waiting {
  readonly job: PasswordJob;
  readonly resolve: (outcome: PasswordOutcome) => void;
  readonly reject: (error: Error) => void;
}

const queue: Waiting[] = [];
let worker: Worker | null = null;

function submit(job: PasswordJob): Promise<PasswordOutcome> {
  if (queue.length >= MAX_WAITING) return Promise.reject(new PasswordQueueFullError("too many logins are waiting"));
  return new Promise((resolve, reject) => {
    queue.push({ job, resolve, reject });
    if (worker === null) worker = startWorker();
  });
}

function startWorker(): Worker {
  // Run from sources (tests) the thread is a .ts file, built it is .js.
  const file = import.meta.url.endsWith(".ts") ? "./password-worker.ts" : "./password-worker.js";
  const started = new Worker(new URL(file, import.meta.url));
  const next = (): void => {
    const first = queue[0];
    if (first !== undefined) started.postMessage(first.job);
    else {
      worker = null;
      void started.terminate();
    }
  };
  started.on("message", (outcome: PasswordOutcome) => {
    queue.shift()?.resolve(outcome);
    next();
  });
  started.on("error", (error: Error) => {
    worker = null;
    for (const waiting of queue.splice(0)) waiting.reject(error);
  });
  next();
  return started;
}
