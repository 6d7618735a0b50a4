/** Holds the database's cycle lease while something runs, and waits for it where another window or process has it. */
import { SyncError } from "../client/errors.ts";
import type { Sleep, Timers } from "../client/ports.ts";
import { LEASE_MS, type CycleLease } from "../store/lease.ts";

const ASK_EVERY_MS = 250;
const RENEW_EVERY_MS = LEASE_MS / 3;

/** Throws `cycle/elsewhere` where somebody else has it for longer than a lease lasts, so that nobody was killed in the middle. */
export async function exclusively<T>(
  lease: CycleLease,
  owner: string,
  ports: { readonly sleep: Sleep; readonly timers: Timers },
  work: () => Promise<T>,
): Promise<T> {
  for (let waitedMs = 0; !lease.take(owner); waitedMs += ASK_EVERY_MS) {
    if (waitedMs > LEASE_MS) throw new SyncError("cycle/elsewhere");
    await ports.sleep(ASK_EVERY_MS);
  }
  let cancel = (): void => {};
  const renew = (): void => {
    lease.take(owner);
    cancel = ports.timers.after(RENEW_EVERY_MS, renew);
  };
  cancel = ports.timers.after(RENEW_EVERY_MS, renew);
  try {
    return await work();
  } finally {
    cancel();
    lease.release(owner);
  }
}
