/** The schema's steps on SQLite. */
import type { Database } from "better-sqlite3";
import type { Dialect } from "../sql/dialect.ts";
import { missingSteps, SEEN_STEPS, type SeenStep } from "../sql/schema.ts";

const dialect: Dialect = {
  text: "TEXT",
  integer: "INTEGER",
  bytes: "BLOB",
  end: " STRICT, WITHOUT ROWID;",
  byAccount: () => " STRICT, WITHOUT ROWID;",
  incompressible: () => "",
};

/** Brings the file to the newest step, all missing ones in one transaction. */
export function migrate(db: Database): void {
  const run = db.transaction(() => {
    db.exec(`CREATE TABLE IF NOT EXISTS ${SEEN_STEPS} (number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL) STRICT`);
    const seen = db.prepare<[], SeenStep>(`SELECT number, hash FROM ${SEEN_STEPS} ORDER BY number`).all();
    const remember = db.prepare(`INSERT INTO ${SEEN_STEPS} (number, name, hash) VALUES (?, ?, ?)`);
    for (const { number, name, hash, text } of missingSteps(seen, dialect)) {
      db.exec(text);
      remember.run(BigInt(number), name, hash);
    }
  });
  run.immediate();
}
