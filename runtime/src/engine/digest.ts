/** What a device tells the others about its rows, sealed: for each table a count, a hash of all rows, and a sketch. */
import { base64ToBytes, bytesToBase64, limits } from "@synckit-gen/schemas/protocol";
import type { Store } from "../store/store.ts";
import type { TableRows } from "../store/table-rows.ts";
import { fingerprint } from "./fingerprint.ts";
import { hashText, mix, type RowHash, Sketch } from "./sketch.ts";

/** A keyed hash's key, the same on every device of the account. */
export type DigestKey = readonly [number, number];

export interface TableDigest {
  /** Columns and their types: rows of other columns cannot be compared. */
  readonly shape: string;
  readonly rows: number;
  /** Of all rows, whatever their order. */
  readonly hash: string;
  /** Null: left out, because the digest would have become too large. */
  readonly sketch: Sketch | null;
}

export interface Digest {
  readonly device: string;
  /** How far the device had read the log, having nothing of its own to push. */
  readonly cursor: number;
  /** Only tables of which every device has all rows. */
  readonly tables: ReadonlyMap<string, TableDigest>;
}

/** Bytes of sketches that fit a sealed digest: base64 twice, with room for the rest. */
const MAX_SKETCH_BYTES = Math.floor((limits.MAX_DIGEST_LENGTH * 9) / 16 / 1.1);

/** Reads every row once. Null: something waits to be pushed, so that the rows are not those of any place in the log. */
export function takeDigest(store: Store, device: string, key: DigestKey): Digest | null {
  const tables = new Map<string, TableDigest>();
  const cursor = store.readAll((table, rows) => void tables.set(table.spec.name, digestOf(table, rows, key)));
  return cursor === null ? null : { device, cursor, tables };
}

function digestOf({ spec }: TableRows, rows: Iterable<readonly [rowId: string, payload: string]>, key: DigestKey): TableDigest {
  const sketch = new Sketch();
  let count = 0;
  let [a, b] = [0, 0];
  for (const [rowId, payload] of rows) {
    const row = hashRow(rowId, payload, key);
    sketch.add(row);
    count += 1;
    a ^= mix(row.id[0], row.content[0], 1);
    b ^= mix(row.id[1], row.content[1], 2);
  }
  return {
    shape: fingerprint(JSON.stringify(spec.columns.map(({ name, type }) => [name, type]))),
    rows: count,
    hash: hex(a) + hex(b),
    sketch,
  };
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");

function hashRow(rowId: string, payload: string, key: DigestKey): RowHash {
  return { id: hashRowId(rowId, key), content: hashText(payload, key) };
}

export const hashRowId = (rowId: string, key: DigestKey): RowHash["id"] => hashText(rowId, [key[1], key[0]]);

/** JSON text. */
export function encodeDigest({ device, cursor, tables }: Digest): string {
  let left = MAX_SKETCH_BYTES;
  const texts = Array.from(tables, ([name, { shape, rows, hash, sketch }]) => {
    const bytes = sketch?.toBytes() ?? new Uint8Array();
    const fits = bytes.length <= left;
    if (fits) left -= bytes.length;
    return [name, shape, rows, hash, fits ? bytesToBase64(bytes) : null];
  });
  return JSON.stringify({ v: 1, d: device, c: cursor, t: texts });
}

/** Null: not a digest of this version. */
export function decodeDigest(text: string): Digest | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const { v, d, c, t } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  if (v !== 1 || typeof d !== "string" || !Number.isSafeInteger(c) || !Array.isArray(t)) return null;
  const tables = new Map<string, TableDigest>();
  for (const table of t as readonly (readonly unknown[])[]) {
    const [name, shape, rows, hash, sketch] = table;
    if (typeof name !== "string" || typeof shape !== "string" || typeof rows !== "number" || typeof hash !== "string") return null;
    const bytes = typeof sketch === "string" ? base64ToBytes(sketch) : null;
    tables.set(name, { shape, rows, hash, sketch: bytes === null ? null : Sketch.fromBytes(bytes) });
  }
  return { device: d, cursor: c as number, tables };
}
