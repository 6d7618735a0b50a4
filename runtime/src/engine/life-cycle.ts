/**
 * The turns in a device's life that a user decides on: taking what the server has in place of this device's rows, and the
 * reverse. Each is one transaction after everything that can fail outside of it; the next cycles do the rest.
 */
import { SyncError } from "../client/errors.ts";
import type { Store } from "../store/store.ts";
import type { EntryFormat } from "./entry.ts";
import { readLog } from "./recovery.ts";
import type { Relay } from "./relay.ts";

export interface ForceOption {
  /** Gives up changes that have not reached the server. */
  readonly force?: boolean;
}

/** Begins to start over. The log's first page is read before anything is given up: the server must be there, and the key must fit. */
export async function beginStartOver(
  store: Store,
  relay: Relay,
  { device, account, force = false }: ForceOption & { readonly device: string; readonly account: string },
): Promise<void> {
  const { entries } = await relay.pullPayloads(device, 0);
  if (entries.length === 0 && !force) throw new SyncError("server/empty");
  if (entries.length > 0 && entries.every(({ failure }) => failure !== null)) throw new SyncError("entry/undecryptable");
  refuseUnsynced(store.beginStartOver({ device, account, force }));
}

/** Logs what this device has, as changes made now, and that all else is deleted. Returns the number of entries. */
export async function replaceServer(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<number> {
  const { log, head, lastStamp } = await readLog(relay, format, device);
  return store.relog(device, log, { stamp: lastStamp, head });
}

/** `unsynced`: how many changes stand in the way; null: none do. */
export function refuseUnsynced(unsynced: number | null): void {
  if (unsynced !== null) throw new SyncError("changes/unsynced", { detail: String(unsynced) });
}
