/**
 * The rows that stand for files: which of them are wanted on the server or on this device, and what is known of each file.
 * That the server has one is a fact of `sync_state`, `blob:` and the hash, so that a process that was killed does not ask again.
 */
import { hexToBytes } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import type { AppSpec, BlobSpec, ReferenceSpec, TableSpec } from "../generated/spec.ts";
import { quoteName } from "./quote-name.ts";

/** State key: milliseconds since 1970 until which nothing is uploaded, since a quota or a plan was used up. */
export const PAUSED_UNTIL = "blobs_paused_until_ms";

/** The server may have lost them, or is another one: they are asked for again. In a transaction of the caller's, or not. */
export const forgetBlobs = (driver: Driver): void => driver.exec(`DELETE FROM sync_state WHERE key >= 'blob:' AND key < 'blob;'`);

export interface BlobRow {
  /** 64 hex digits. */
  readonly hash: string;
  /** Bytes of the file, as the row says. */
  readonly size: number;
}

export interface BlobRows {
  /** Files of enabled rows that the server is not known to have, by hash. `after`: the last one that was looked at. */
  readonly toUpload: (after: string, limit: number) => readonly BlobRow[];
  /** Files of enabled rows that are not here, by hash. Where no column says so: all. */
  readonly toDownload: (after: string, limit: number) => readonly BlobRow[];
  /** How many there are of each, and their bytes. */
  readonly waiting: (direction: "upload" | "download") => { readonly files: number; readonly bytes: number };
  readonly sizeOf: (hash: string) => number | null;
  /** The file is in its place. */
  readonly markHere: (hash: string) => void;
  readonly markStored: (hash: string) => void;
}

/** Null: no table of the app has files. */
export function blobRows(driver: Driver, spec: AppSpec): BlobRows | null {
  const tables = spec.tables.flatMap((table) =>
    table.blob === undefined ? [] : [{ table, blob: table.blob, hash: hashOf(table, table.blob) }],
  );
  if (tables.length === 0) return null;

  const select = (direction: "upload" | "download"): string =>
    tables
      .map(({ table, blob, hash }) => {
        const isHere = blob.cloudOnly === null ? "" : ` AND ${direction === "upload" ? "NOT " : ""}row.${quoteName(blob.cloudOnly)}`;
        return `SELECT ${hash.text} AS hash, row.${quoteName(blob.size)} AS size FROM ${quoteName(table.name)} AS row
          WHERE length(${hash.text}) = 64 AND ${hash.text} NOT GLOB '*[^0-9a-f]*'${isHere} AND ${enabled(spec, table, blob)}`;
      })
      .join("\nUNION ALL\n");
  const isStored = "EXISTS (SELECT 1 FROM sync_state WHERE key = 'blob:' || hash)";
  const sources = { upload: `SELECT hash, size FROM (${select("upload")}) WHERE NOT ${isStored}`, download: select("download") };
  const page = (direction: "upload" | "download") => {
    const statement = driver.prepare(
      `SELECT hash, max(size) FROM (${sources[direction]}) WHERE hash > ? GROUP BY hash ORDER BY hash LIMIT ?`,
    );
    return (after: string, limit: number): readonly BlobRow[] =>
      statement.all(after, BigInt(limit)).map(([hash, size]) => ({ hash: String(hash), size: Number(size) }));
  };
  const counts = (direction: "upload" | "download") =>
    driver.prepare(`SELECT count(*), coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM (${sources[direction]}) GROUP BY hash)`);
  const waiting = { upload: counts("upload"), download: counts("download") };
  const sizes = tables.map(({ table, blob, hash }) => ({
    hash,
    statement: driver.prepare(`SELECT ${quoteName(blob.size)} FROM ${quoteName(table.name)} WHERE ${quoteName(blob.hash)} = ?`),
  }));
  const marks = tables.flatMap(({ table, blob, hash }) => {
    if (blob.cloudOnly === null) return [];
    const flag = quoteName(blob.cloudOnly);
    const sql = `UPDATE ${quoteName(table.name)} SET ${flag} = 0 WHERE ${quoteName(blob.hash)} = ? AND ${flag} <> 0`;
    return [{ hash, statement: driver.prepare(sql) }];
  });
  const store = driver.prepare("INSERT OR IGNORE INTO sync_state (key, value) VALUES (?, 'stored')");

  return {
    toUpload: page("upload"),
    toDownload: page("download"),
    waiting(direction) {
      const [files, bytes] = waiting[direction].get() ?? [];
      return { files: Number(files), bytes: Number(bytes) };
    },
    sizeOf(hash) {
      for (const { statement, hash: column } of sizes) {
        const row = statement.get(column.bind(hash));
        if (row !== undefined) return Number(row[0]);
      }
      return null;
    },
    markHere(hash) {
      for (const { statement, hash: column } of marks) statement.run(column.bind(hash));
    },
    markStored: (hash) => void store.run(`blob:${hash}`),
  };
}

interface HashColumn {
  /** SQL, over `row`. */
  readonly text: string;
  readonly bind: (hash: string) => string | Uint8Array;
}

function hashOf(table: TableSpec, { hash }: BlobSpec): HashColumn {
  const column = `row.${quoteName(hash)}`;
  const isBytes = table.columns.find(({ name }) => name === hash)?.type === "blob";
  return isBytes ? { text: `lower(hex(${column}))`, bind: hexToBytes } : { text: column, bind: (text) => text };
}

function enabled(spec: AppSpec, table: TableSpec, { enabledBy }: BlobSpec): string {
  if (enabledBy === null) return "1";
  const { through, flagTable, flag } = enabledBy;
  const link = spec.tables.find(({ name }) => name === through);
  const toRow = through === table.name ? same(table, "row", "via") : joined(link, "via", table.name, "row");
  const toFlag =
    through === flagTable
      ? `via.${quoteName(flag)}`
      : `EXISTS (SELECT 1 FROM ${quoteName(flagTable)} AS owner
          WHERE owner.${quoteName(flag)} AND ${joined(link, "via", flagTable, "owner")})`;
  return `EXISTS (SELECT 1 FROM ${quoteName(through)} AS via WHERE ${toRow} AND ${toFlag})`;
}

/** By any of the references that lead there. */
function joined(from: TableSpec | undefined, alias: string, to: string, toAlias: string): string {
  const on = ({ columns, to: targets }: ReferenceSpec): string =>
    columns.map((column, at) => `${alias}.${quoteName(column)} = ${toAlias}.${quoteName(targets[at] ?? "")}`).join(" AND ");
  const references = from?.references.filter(({ table }) => table === to) ?? [];
  return `(${references.length === 0 ? "0" : references.map((reference) => `(${on(reference)})`).join(" OR ")})`;
}

const same = (table: TableSpec, a: string, b: string): string =>
  table.identity.map((column) => `${a}.${quoteName(column)} = ${b}.${quoteName(column)}`).join(" AND ");
