/** What SQLite itself can say: damaged pages, and references to rows that are not there. */
import { isSameName, numberOf, SqliteError, textOf } from "../sqlite/database.ts";
import { findTable, isSameColumns } from "../sqlite/read-shape.ts";
import { finding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

/** Damage comes in hundreds of lines, of which the first few say all. */
const MAX_DAMAGES = 5;

export function* checkIntegrity({ database, places }: Pick<Subject, "database" | "places">): Iterable<Finding> {
  for (const row of database.rows(`PRAGMA integrity_check(${MAX_DAMAGES})`)) {
    const reason = textOf(row["integrity_check"]);
    if (reason !== "ok")
      yield finding("doctor/damaged", places.database, { reason: reason.replaceAll(/\s+/gu, " ").replace(/[.\s]+$/u, "") });
  }
}

export function* checkDangling({ database, shape, model, places }: Subject): Iterable<Finding> {
  for (const table of model.tables) {
    if (findTable(shape, table.name)?.kind !== "table") continue;
    try {
      const rows = database.rows(
        `SELECT "parent", "fkid", count(*) AS n FROM pragma_foreign_key_check(?) GROUP BY "parent", "fkid" ORDER BY "fkid"`,
        table.name,
      );
      for (const row of rows) {
        const columns = database
          .rows(`SELECT "from" FROM pragma_foreign_key_list(?) WHERE "id" = ? ORDER BY "seq"`, table.name, row["fkid"] ?? null)
          .map((column) => textOf(column["from"]));
        const parent = textOf(row["parent"]);
        const isTolerated = table.references.some(
          (reference) => !reference.synced && isSameName(reference.table, parent) && isSameColumns(reference.columns, columns),
        );
        if (!isTolerated)
          yield finding("doctor/reference-dangling", places.reference(table.name, columns), {
            table: table.name,
            parent,
            count: numberOf(row["n"]),
          });
      }
    } catch (error) {
      if (!(error instanceof SqliteError)) throw error;
      yield finding("doctor/reference-unusable", places.table(table.name), { table: table.name, reason: error.message });
    }
  }
}
