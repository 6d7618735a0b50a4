/** Are the synced rows here those of the other devices? Digests are compared, and rows only here, so that no row travels. */
import type { Store } from "../store/store.ts";
import { decodeDigest, type Digest, type DigestKey, encodeDigest, hashRowId, takeDigest, type TableDigest } from "./digest.ts";

/** What verification needs of a server; texts are sealed and opened on the way. */
export interface DigestRelay {
  readonly putDigest: (device: string, text: string) => Promise<void>;
  /** `text` is null where it could not be opened. */
  readonly readDigests: () => Promise<readonly { readonly device: string; readonly text: string | null }[]>;
}

export interface TableDifference {
  readonly table: string;
  /** The first that differs, by row id; where very many differ, one of them. Null: this device has never heard of it, and the other one can name it. */
  readonly rowId: string | null;
  /** `unknown`: the digests have no room to tell. */
  readonly kind: "altered" | "only-here" | "only-there" | "unknown";
  readonly rowsHere: number;
  readonly rowsThere: number;
}

export interface DeviceVerdict {
  readonly device: string;
  /** `elsewhere`: it was at another place of the log when it last verified; let both sync, and verify on both. */
  readonly verdict: "equal" | "different" | "elsewhere" | "unreadable";
  /** Tables that could not be compared: rows are held, rows are on some devices only, or the versions of the app differ. */
  readonly skipped: readonly string[];
  /** One for each table that differs, parents first. */
  readonly differences: readonly TableDifference[];
}

export interface VerifyReport {
  /** `unsupported`: the server keeps no digests. `alone`: no other device has verified at this place of the log yet. `busy`: the app kept writing. */
  readonly outcome: "equal" | "different" | "alone" | "busy" | "unsupported";
  /** The other devices. */
  readonly devices: readonly DeviceVerdict[];
  /** The first table and row that differ from some device. */
  readonly difference: TableDifference | null;
}

/** Leaves this device's digest, and compares it with those of the others. */
export async function verify(store: Store, relay: DigestRelay, device: string, key: DigestKey): Promise<VerifyReport> {
  const mine = takeDigest(store, device, key);
  if (mine === null) return nothingCompared("busy");
  await relay.putDigest(device, encodeDigest(mine));
  const others = (await relay.readDigests()).filter((other) => other.device !== device);
  const devices = others.map(({ device: name, text }): DeviceVerdict => {
    const theirs = text === null ? null : decodeDigest(text);
    if (theirs === null || theirs.device !== name) return { device: name, verdict: "unreadable", skipped: [], differences: [] };
    if (theirs.cursor !== mine.cursor) return { device: name, verdict: "elsewhere", skipped: [], differences: [] };
    return compare(store, mine, theirs, key);
  });
  const order = [...store.tables.keys()];
  const [difference = null] = devices
    .flatMap(({ differences }) => differences)
    .toSorted((a, b) => order.indexOf(a.table) - order.indexOf(b.table) || compareText(a.rowId ?? "\u{10FFFF}", b.rowId ?? "\u{10FFFF}"));
  const isCompared = devices.some(({ verdict }) => verdict === "equal");
  return { outcome: difference !== null ? "different" : isCompared ? "equal" : "alone", devices, difference };
}

export const nothingCompared = (outcome: "busy" | "unsupported"): VerifyReport => ({ outcome, devices: [], difference: null });

function compare(store: Store, mine: Digest, theirs: Digest, key: DigestKey): DeviceVerdict {
  const skipped: string[] = [];
  const differences: TableDifference[] = [];
  for (const table of store.tables.keys()) {
    const [here, there] = [mine.tables.get(table), theirs.tables.get(table)];
    if (here === undefined || there === undefined || here.shape !== there.shape) skipped.push(table);
    else if (here.rows !== there.rows || here.hash !== there.hash) differences.push(differenceOf(store, table, here, there, key));
  }
  return { device: theirs.device, verdict: differences.length === 0 ? "equal" : "different", skipped, differences };
}

function differenceOf(store: Store, table: string, here: TableDigest, there: TableDigest, key: DigestKey): TableDifference {
  const counts = { table, rowsHere: here.rows, rowsThere: there.rows };
  const found = here.sketch === null || there.sketch === null ? [] : here.sketch.differences(there.sketch);
  const sides = new Map<string, Set<"here" | "there">>();
  for (const { id, side } of found) sides.set(id.join(), (sides.get(id.join()) ?? new Set()).add(side));
  if (sides.size === 0) return { ...counts, rowId: null, kind: "unknown" };

  const named = [...store.rowIdsEver(table)].flatMap((rowId) => {
    const at = sides.get(hashRowId(rowId, key).join());
    return at === undefined ? [] : [{ rowId, at }];
  });
  const [first] = named.toSorted((a, b) => compareText(a.rowId, b.rowId));
  if (first === undefined) return { ...counts, rowId: null, kind: "only-there" };
  return { ...counts, rowId: first.rowId, kind: first.at.size === 2 ? "altered" : first.at.has("here") ? "only-here" : "only-there" };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
