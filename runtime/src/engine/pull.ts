/** Pull: pages are decrypted as they come, and several are applied in one transaction, which costs half of one each. */
import type { PulledEntry } from "../client/entries.ts";
import { forgetSnapshots } from "../store/snapshot-facts.ts";
import type { RemoteChange } from "../store/remote-change.ts";
import type { Store } from "../store/store.ts";
import type { ReportProgress } from "../events/progress.ts";
import { decodeEntry, type DecodedEntry, type EntryFormat, type Refusal, type RefusalReason } from "./entry.ts";
import type { QuarantineReason } from "../store/quarantine.ts";
import { becomeTooOld, refuseTooOld } from "./too-old.ts";
import { KnownLog, reseed, tellForgotten } from "./recovery.ts";
import { refuseIfAwayTooLong } from "./away.ts";
import type { PulledPage, Relay } from "./relay.ts";

export interface PullReport {
  /** Entries that other devices have pushed since the last pull. This device's own, which come back too, do not count. */
  readonly pulled: number;
  readonly merged: number;
  /** Entries pushed because the server's log had lost them: it was restored from a backup. */
  readonly reseeded: number;
  /** Entries that were not applied, with the reason. */
  readonly refused: readonly Refusal[];
}

/** Changes gathered before a transaction: about 50 ms of work, so that an app's window does not stall. */
const MAX_GATHERED = 2_000;
/** The same for a first pull or a long backlog, which show their progress: few dirty pages per commit are worth a factor of two. */
const MAX_GATHERED_OF_MANY = 20_000;
/** State key: something was pulled that only a newer version of the app understands. */
export const REPLAY_ON_UPGRADE = "replay_on_upgrade";

export async function pullChanges(
  store: Store,
  relay: Relay,
  format: EntryFormat,
  device: string,
  report: ReportProgress = () => {},
): Promise<PullReport> {
  refuseTooOld(store);
  refuseIfAwayTooLong(store);
  let known = new KnownLog(store, device);
  let page = await relay.pullPayloads(device, known.start);
  let reseeded = 0;
  let isReseeded = false;
  const refused: Refusal[] = [];
  let pulled = 0;
  let merged = 0;
  let cursor = store.state.getNumber("pull_cursor", 0);
  let highest = Math.max(cursor, store.highestCursor());
  let mostGathered = cursor === 0 ? MAX_GATHERED_OF_MANY : MAX_GATHERED;
  let gathered: RemoteChange[] = [];
  let facts: Record<string, string> = {};
  let start = cursor;
  // How much there is to come is worth a request only where it is more than a page.
  const head = page.hasMore ? ((await relay.status?.())?.latestCursor ?? null) : page.cursor;
  const flush = (): void => {
    merged += store.applyRemote(device, gathered, cursor, facts).merged;
    gathered = [];
    facts = {};
    mostGathered = Math.min(mostGathered * 2, MAX_GATHERED_OF_MANY);
  };

  for (;;) {
    // The first page begins with the last entry read.
    const before = gathered.length;
    const news = page.entries.filter(({ seq }) => seq === null || seq > cursor);
    for (const entry of news) {
      const decoded = decode(store, format, entry);
      if (!isDecoded(decoded) && decoded.reason === "later-epoch") {
        // The cursor stays before this page: what comes is for the version after this one.
        gathered = gathered.slice(0, before);
        if (gathered.length > 0) flush();
        becomeTooOld(store, entry.table);
      }
      const isPartly = isDecoded(decoded) ? decoded.hasUnknownColumns : decoded.reason === "unknown-table";
      if (isPartly) facts[REPLAY_ON_UPGRADE] = "1";
      if (!isDecoded(decoded)) refused.push(decoded);
      else
        for (const change of decoded.changes) gathered.push((entry.seq ?? page.cursor) > highest ? change : { ...change, isFresh: false });
      if (entry.deviceId !== device) pulled += 1;
    }
    // A log that cannot be put right in one go is left as it is until the next pull.
    const read = known.read(page);
    Object.assign(facts, read);
    const isMoved = (read !== null || isReseeded) && page.cursor > cursor;
    if (isMoved) cursor = page.cursor;
    if (gathered.length >= mostGathered || read === null || (!page.hasMore && (isMoved || gathered.length > 0))) flush();
    if (cursor > start) report({ phase: "pull", unit: "entries", done: cursor - start, total: head === null ? null : head - start });
    if (read === null && !isReseeded) {
      reseeded += await reseed(store, relay, format, device);
      known = new KnownLog(store, device);
      [cursor, start, highest, isReseeded] = [0, 0, store.highestCursor(), true];
    } else if (!page.hasMore) break;
    page = await nextPage(relay, device, cursor, () => gathered.length > 0 && flush());
  }
  store.endStartOver(device);
  store.resolveHeld(device);
  if (format.compat === "full") store.withdrawDead();
  await tellForgotten(store, relay, format, device);
  store.noteWholePull();
  return { pulled, merged, reseeded, refused };
}

/** Where the connection breaks, what has come so far is applied: the next pull goes on from there. */
async function nextPage(relay: Relay, device: string, cursor: number, onFailure: () => void): Promise<PulledPage> {
  try {
    return await relay.pullPayloads(device, cursor);
  } catch (error) {
    onFailure();
    throw error;
  }
}

/** Reads quarantined entries again: after the right key has come, or the server has been repaired. Returns how many could be applied. */
export async function retryQuarantine(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<number> {
  let applied = 0;
  let page: PulledPage = { entries: [], cursor: 0, hasMore: false };
  for (const { seq } of store.quarantined(store.quarantineCount())) {
    if (seq > page.cursor) page = await relay.pullPayloads(device, seq - 1); // many may stand on one page
    const entry = page.entries.find((candidate) => candidate.seq === seq);
    const decoded = entry === undefined ? null : decode(store, format, entry);
    if (decoded === null || !isDecoded(decoded)) continue;
    const again = decoded.changes.map((change) => ({ ...change, isLate: true }));
    store.applyRemote(device, again, null);
    store.unquarantine(seq);
    applied += 1;
  }
  if (applied > 0) store.retryHeld(device); // rules are for the next pull: the log may not be read to its end
  return applied;
}

/** After an upgrade, the log is read again from its start if an older version skipped parts of it: merging twice changes nothing. */
export function replayAfterUpgrade(store: Store, modelHash: string): void {
  const { state } = store;
  if (state.get("model_hash") === modelHash) return;
  forgetSnapshots(state);
  store.noteUpgrade();
  // Stamped now, what was captured says how far its author had read: the cursor is about to go back.
  const device = state.get("device_id");
  if (device !== null) store.foldLocal(device);
  if (state.get(REPLAY_ON_UPGRADE) === "1") {
    state.set("pull_cursor", "0");
    state.set(REPLAY_ON_UPGRADE, "0");
  }
  state.set("model_hash", modelHash);
}

function decode(store: Store, format: EntryFormat, entry: PulledEntry): DecodedEntry | Refusal {
  const decoded = decodeEntry(format, entry);
  if (!isDecoded(decoded) && decoded.seq !== null && isWorthRetrying(decoded.reason))
    store.quarantine({ seq: decoded.seq, table: decoded.table, rowId: decoded.rowId, reason: decoded.reason });
  return decoded;
}

const isWorthRetrying = (reason: RefusalReason): reason is QuarantineReason =>
  reason !== "unknown-table" && reason !== "later-epoch" && reason !== "earlier-epoch";

const isDecoded = (decoded: DecodedEntry | Refusal): decoded is DecodedEntry => "changes" in decoded;
