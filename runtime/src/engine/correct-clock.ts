/** A device whose clock is wrong by days must neither win every conflict nor lose each: its stamps follow the server's clock. */
import type { SyncKitClient } from "../client/client.ts";
import { clockOffset } from "../store/changelog.ts";
import type { StateStore } from "../store/state.ts";

/** The server's time comes in whole seconds and takes a while to arrive; two right clocks never differ by this. */
const LEAST_OFFSET_MS = 60_000;

/**
 * Keeps what the last reply said. The server is asked first where a clock is known to be wrong, since it may have been set right
 * meanwhile; and where nothing has been heard from it, or nothing since this clock was set, by a device that has synced before: nobody knows how long ago.
 */
export async function correctClock(state: StateStore, client: Pick<SyncKitClient, "clockOffsetMs" | "status">): Promise<void> {
  const isBack = client.clockOffsetMs() === null && state.get("last_sync_ms") !== null;
  if (isBack || clockOffset(state) !== 0) await client.status();
  noteClock(state, client);
}

/** As `correctClock`, without asking. */
export function noteClock(state: StateStore, client: Pick<SyncKitClient, "clockOffsetMs">): void {
  const offset = client.clockOffsetMs();
  if (offset === null) return;
  const corrected = Math.abs(offset) < LEAST_OFFSET_MS ? 0 : offset;
  // Within a minute of what is known already nothing is written: it is measured anew with each reply.
  if (Math.abs(corrected - clockOffset(state)) >= LEAST_OFFSET_MS) state.set("clock_offset_ms", String(corrected));
}
