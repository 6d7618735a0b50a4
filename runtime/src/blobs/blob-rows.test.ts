import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { betterSqlite3Driver } from "../driver/better-sqlite3.ts";
import type { AppSpec, BlobSpec, ReferenceSpec, TableSpec } from "../generated/spec.ts";
import { blobRows } from "../store/blob-rows.ts";

const HASHES = ["0a", "1b", "2c", "3d"].map((byte) => byte.repeat(32)) as [string, string, string, string];

function table(
  name: string,
  identity: readonly string[],
  more: { blob?: BlobSpec; references?: readonly ReferenceSpec[]; hashType?: "text" | "blob" },
): TableSpec {
  const { hashType = "text", ...rest } = more;
  const columns = [{ name: "hash", type: hashType, nullable: false, bit: null }] as const;
  return { name, identity, columns, references: [], ...rest } as unknown as TableSpec;
}

function open(sql: string, tables: readonly TableSpec[]) {
  const database = new Database(":memory:");
  database.exec(`CREATE TABLE sync_state (key TEXT PRIMARY KEY, value TEXT NOT NULL); ${sql}`);
  const rows = blobRows(betterSqlite3Driver(database), { tables } as unknown as AppSpec);
  if (rows === null) throw new Error("no table with files");
  return { database, rows };
}

test("a hash may be bytes, every row may be enabled, and no column need say what is here", () => {
  const blob: BlobSpec = { hash: "hash", size: "size", cloudOnly: null, enabledBy: null };
  const { rows } = open(
    `CREATE TABLE files (id TEXT PRIMARY KEY, hash BLOB, size INTEGER);
     INSERT INTO files VALUES ('1', x'${HASHES[0]}', 10), ('2', x'${HASHES[1]}', 20), ('3', x'${HASHES[0]}', 10), ('4', x'00', 5), ('5', NULL, 6);`,
    [table("files", ["id"], { blob, hashType: "blob" })],
  );

  expect(rows.toUpload("", 10)).toEqual([
    { hash: HASHES[0], size: 10 },
    { hash: HASHES[1], size: 20 },
  ]);
  expect(rows.toUpload(HASHES[0], 10)).toEqual([{ hash: HASHES[1], size: 20 }]);
  expect(rows.sizeOf(HASHES[1])).toBe(20);
  rows.markStored(HASHES[0]);
  expect(rows.waiting("upload")).toEqual({ files: 1, bytes: 20 });
  expect(rows.waiting("download")).toEqual({ files: 2, bytes: 30 });
});

test("the flag may be the row's own, or that of the row that leads to it, by any of its references", () => {
  const own = table("own", ["id"], {
    blob: { hash: "hash", size: "size", cloudOnly: "away", enabledBy: { through: "own", flagTable: "own", flag: "wanted" } },
  });
  const file = table("file", ["id"], {
    blob: { hash: "hash", size: "size", cloudOnly: "away", enabledBy: { through: "note", flagTable: "note", flag: "wanted" } },
  });
  const reference = (column: string): ReferenceSpec => ({
    columns: [column],
    table: "file",
    to: ["id"],
    onDelete: "cascade",
    synced: true,
  });
  const note = table("note", ["id"], { references: [reference("cover"), reference("attachment")] });
  const { database, rows } = open(
    `CREATE TABLE own (id TEXT PRIMARY KEY, hash TEXT, size INTEGER, away INTEGER, wanted INTEGER);
     CREATE TABLE file (id TEXT PRIMARY KEY, hash TEXT, size INTEGER, away INTEGER);
     CREATE TABLE note (id TEXT PRIMARY KEY, cover TEXT, attachment TEXT, wanted INTEGER);
     INSERT INTO own VALUES ('1', '${HASHES[0]}', 1, 0, 1), ('2', '${HASHES[1]}', 1, 0, 0);
     INSERT INTO file VALUES ('c', '${HASHES[2]}', 1, 1), ('a', '${HASHES[3]}', 1, 0), ('none', '${"4e".repeat(32)}', 1, 0);
     INSERT INTO note VALUES ('n', 'c', 'a', 1), ('m', 'none', NULL, 0);`,
    [own, file, note],
  );

  expect(rows.toUpload("", 10).map(({ hash }) => hash)).toEqual([HASHES[0], HASHES[3]]);
  expect(rows.toDownload("", 10).map(({ hash }) => hash)).toEqual([HASHES[2]]);
  rows.markHere(HASHES[2]);
  expect(rows.toDownload("", 10)).toEqual([]);
  database.exec("UPDATE note SET wanted = 0");
  expect(rows.toUpload("", 10).map(({ hash }) => hash)).toEqual([HASHES[0]]);
});
