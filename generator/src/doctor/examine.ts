/** The whole examination: every check, in the order in which repairs must run. */
import { syncTableStatements } from "@synckit-gen/templates";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { SqliteError, textOf } from "../sqlite/database.ts";
import type { Database } from "../sqlite/database.ts";
import { openScratch } from "../sqlite/open-database.ts";
import { readShape } from "../sqlite/read-shape.ts";
import { checkAppTables } from "./check-app-tables.ts";
import { checkEntries } from "./check-entries.ts";
import { checkHeld } from "./check-held.ts";
import { checkDangling, checkIntegrity } from "./check-integrity.ts";
import { checkState } from "./check-state.ts";
import { checkSyncTables, checkTriggers } from "./check-sync-objects.ts";
import { countWaiting } from "./count-waiting.ts";
import type { Counts } from "./count-waiting.ts";
import { finding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Places, Subject, SyncObjects } from "./subject.ts";

export interface Examination {
  readonly findings: readonly Finding[];
  /** Null where the file is too damaged to count anything. */
  readonly counts: Counts | null;
}

export interface Expected {
  readonly model: SyncModel;
  readonly modelHash: string;
  readonly wanted: SyncObjects;
  readonly places: Places;
}

export function examine(database: Database, expected: Expected): Examination {
  const { places } = expected;
  const findings: Finding[] = [];
  try {
    findings.push(...checkIntegrity({ database, places }));
    const subject: Subject = { ...expected, database, shape: readShape(database) };
    findings.push(
      ...checkSyncTables(subject),
      ...checkState(subject),
      ...checkAppTables(subject),
      ...checkTriggers(subject),
      ...checkDangling(subject),
      ...checkEntries(subject),
      ...checkHeld(subject),
    );
    return { findings, counts: countWaiting(subject) };
  } catch (error) {
    if (!(error instanceof SqliteError) || !/^SQLITE_(?:CORRUPT|NOTADB|IOERR)/u.test(error.code)) throw error;
    return {
      findings: findings.length > 0 ? findings : [finding("doctor/damaged", places.database, { reason: error.message })],
      counts: null,
    };
  }
}

/** What the migrations make of an empty database, found out by running them on one. */
export async function wantedObjects(): Promise<SyncObjects> {
  const scratch = await openScratch();
  try {
    const statements = new Map<string, string>();
    let seedStatement = "";
    for (const { sql } of syncTableStatements) {
      const table = /^CREATE TABLE IF NOT EXISTS "([^"]+)"/u.exec(sql)?.[1];
      if (table !== undefined) statements.set(table, sql);
      else if (sql.startsWith('INSERT OR IGNORE INTO "sync_state"')) seedStatement = sql;
      scratch.exec(sql);
    }
    const seeds = scratch.rows(`SELECT "key", "value" FROM "sync_state"`).map((row) => [textOf(row["key"]), textOf(row["value"])] as const);
    return { shape: readShape(scratch), statements, seeds: new Map(seeds), seedStatement };
  } finally {
    scratch.close();
  }
}
