/** Pull: pages are decrypted as they come, and several are applied in one transaction, which costs half of one each. */
import type { PulledEntry } from "../client/entries.ts";
import type { RemoteChange } from "../store/remote-change.ts";
import type { Store } from "../store/store.ts";
import { decodeEntry, type DecodedEntry, type EntryFormat, type Refusal } from "./entry.ts";
import { checkpoint, rememberEntry, reseed } from "./recovery.ts";
import type { Relay } from "./relay.ts";

export interface PullReport {
  readonly pulled: number;
  readonly merged: number;
  /** Entries pushed because the server's log had lost them: it was restored from a backup. */
  readonly reseeded: number;
  /** Entries that were not applied, with the reason. */
  readonly refused: readonly Refusal[];
}

/** Changes gathered before a transaction: about 50 ms of work, so that an app's window does not stall. */
const MAX_GATHERED = 2_000;
/** The same for a first pull, which shows its progress: few dirty pages per commit are worth a factor of two. */
const MAX_GATHERED_AT_FIRST = 20_000;
/** State key: something was pulled that only a newer version of the app understands. */
const REPLAY_ON_UPGRADE = "replay_on_upgrade";

export async function pullChanges(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<PullReport> {
  const reseeded = await checkLog(store, relay, format, device);
  const refused: Refusal[] = [];
  let pulled = 0;
  let merged = 0;
  let cursor = store.state.getNumber("pull_cursor", 0);
  const mostGathered = cursor === 0 ? MAX_GATHERED_AT_FIRST : MAX_GATHERED;
  const highest = Math.max(cursor, store.highestCursor());
  let gathered: RemoteChange[] = [];
  let isPartly = false;
  const flush = (): void => {
    merged += store.applyRemote(device, gathered, cursor, isPartly ? { [REPLAY_ON_UPGRADE]: "1" } : {}).merged;
    gathered = [];
  };

  for (let hasMore = true; hasMore;) {
    const page = await nextPage(relay, device, cursor, () => gathered.length > 0 && flush());
    for (const entry of page.entries) {
      const decoded = decode(store, format, entry);
      isPartly ||= isDecoded(decoded) ? decoded.hasUnknownColumns : decoded.reason === "unknown-table";
      if (!isDecoded(decoded)) refused.push(decoded);
      else gathered.push((entry.seq ?? page.cursor) > highest ? decoded.change : { ...decoded.change, isFresh: false });
    }
    pulled += page.entries.length;
    rememberEntry(store, page.entries);
    const moved = page.cursor !== cursor;
    cursor = page.cursor;
    hasMore = page.hasMore;
    if (gathered.length >= mostGathered || (!hasMore && (moved || gathered.length > 0))) flush();
  }
  store.resolveHeld(device);
  return { pulled, merged, reseeded, refused };
}

/** Where the connection breaks, what has come so far is applied: the next pull goes on from there. */
async function nextPage(relay: Relay, device: string, cursor: number, onFailure: () => void): ReturnType<Relay["pullPayloads"]> {
  try {
    return await relay.pullPayloads(device, cursor);
  } catch (error) {
    onFailure();
    throw error;
  }
}

/** A log that no longer has the last entry read from it was restored from an older backup. */
async function checkLog(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<number> {
  const check = checkpoint(store);
  if (check === null) return 0;
  const page = await relay.pullPayloads(device, check.cursor);
  return check.holds(page.entries) ? 0 : reseed(store, relay, format, device);
}

/** Reads quarantined entries again: after the right key has come, or the server has been repaired. Returns how many could be applied. */
export async function retryQuarantine(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<number> {
  let applied = 0;
  for (const { seq } of store.quarantined(MAX_GATHERED)) {
    const page = await relay.pullPayloads(device, seq - 1);
    const entry = page.entries.find((candidate) => candidate.seq === seq);
    const decoded = entry === undefined ? null : decodeEntry(format, entry);
    if (decoded === null || !isDecoded(decoded)) continue;
    store.applyRemote(device, [{ ...decoded.change, isFresh: false }], null);
    store.unquarantine(seq);
    applied += 1;
  }
  if (applied > 0) store.resolveHeld(device);
  return applied;
}

/** After an upgrade, the log is read again from its start if an older version skipped parts of it: merging twice changes nothing. */
export function replayAfterUpgrade(store: Store, modelHash: string): void {
  const { state } = store;
  if (state.get("model_hash") === modelHash) return;
  if (state.get(REPLAY_ON_UPGRADE) === "1") {
    state.set("pull_cursor", "0");
    state.set(REPLAY_ON_UPGRADE, "0");
  }
  state.set("model_hash", modelHash);
}

function decode(store: Store, format: EntryFormat, entry: PulledEntry): DecodedEntry | Refusal {
  const decoded = decodeEntry(format, entry);
  if (!isDecoded(decoded) && decoded.reason !== "unknown-table" && decoded.seq !== null)
    store.quarantine({ seq: decoded.seq, table: decoded.table, rowId: decoded.rowId, reason: decoded.reason });
  return decoded;
}

const isDecoded = (decoded: DecodedEntry | Refusal): decoded is DecodedEntry => "change" in decoded;
