/** The schema's steps on PostgreSQL, under a lock that all servers of one database share. */
import pg from "pg";
import type { Dialect } from "../sql/dialect.ts";
import { missingSteps, SEEN_STEPS, type SeenStep } from "../sql/schema.ts";
import { connectionOf, unavailable, type PostgresOptions } from "./open-postgres-database.ts";

const PARTITIONS = 16;
/** Any number that no other program takes in this database. */
const MIGRATION_LOCK = 7_266_318_114;

/** Bytes order names and ids: the same on every machine, and faster than a language's rules. */
const TEXT = `TEXT COLLATE "C"`;

const dialectOf = (partitions: number): Dialect => ({
  text: TEXT,
  integer: "BIGINT",
  bytes: "BYTEA",
  end: ";",
  byAccount: (table) => {
    if (partitions === 0) return ";";
    const parts = Array.from(
      { length: partitions },
      (_, i) => `CREATE TABLE ${table}_${i} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${i});`,
    );
    return ` PARTITION BY HASH (account);\n${parts.join("\n")}`;
  },
  incompressible: (table, column) => `ALTER TABLE ${table} ALTER COLUMN ${column} SET STORAGE EXTERNAL;`,
});

/** All missing steps in one transaction; a second server waits and then finds nothing missing. */
export async function migrate(options: PostgresOptions): Promise<void> {
  const client = new pg.Client(connectionOf(options));
  await client.connect().catch(unavailable);
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS ${SEEN_STEPS} (number BIGINT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL)`);
    const { rows } = await client.query<SeenStep>(`SELECT number, hash FROM ${SEEN_STEPS} ORDER BY number`);
    for (const { number, name, hash, text } of missingSteps(rows, dialectOf(options.partitions ?? PARTITIONS))) {
      await client.query(text);
      await client.query(`INSERT INTO ${SEEN_STEPS} (number, name, hash) VALUES ($1, $2, $3)`, [number, name, hash]);
    }
    await client.query("COMMIT");
  } finally {
    await client.end();
  }
}
