/**
 * The initial snapshot: rows that existed before this device joined enter the changelog once, at the baseline
 * clock, so that joining with an old copy can never undo another device's work.
 */
import type { AppSpec, TableSpec } from "../generated/spec.ts";
import { hasOwnBaseline } from "./clock.ts";
import { quoteName, quoteText } from "./quote-name.ts";

/** One statement a table, parents first; each binds the time of capture in microseconds. */
export const snapshotStatements = (spec: AppSpec): readonly string[] => spec.tables.map(snapshotStatement);

/** Rows that were edited before joining have registers already: of what no edit wrote, the baseline is about to be told. */
export const RAISE_TO_BASELINE = "UPDATE sync_row_clock SET stamp = 0, device = 0 WHERE stamp < 0 AND alive = 1 AND data IS NULL";

/** For tables whose rows have this device in their baseline: one statement each, to run after those; binds the device's number. */
export const baselineStatements = (spec: AppSpec): readonly string[] =>
  spec.tables.filter(hasOwnBaseline).map(
    ({ name, sql }) => `INSERT INTO sync_row_clock (table_name, row_id, stamp, device)
   SELECT ${quoteText(name)}, row_id, 0, ? FROM (SELECT ${sql.rowId} AS row_id FROM ${quoteName(name)}) AS candidate WHERE row_id IS NOT NULL
   ON CONFLICT (table_name, row_id) DO UPDATE SET device = excluded.device WHERE stamp = 0`,
  );

/**
 * Rows whose INSERT is already in the log, from here or from elsewhere, have a clock past the baseline and are left out, but for
 * those in which a column has begun to sync since: nobody has told it. Rows with a NULL key cannot be named.
 */
const snapshotStatement = ({ name, sql, capture }: TableSpec): string =>
  // The expressions stand in a query of their own: there, only the app's columns are in scope.
  `INSERT INTO sync_changelog (table_name, op, row_id, timestamp, data, stamp)
   SELECT ${quoteText(name)}, 'INSERT', candidate.row_id, ?, candidate.payload, 0
   FROM (SELECT ${sql.rowId} AS row_id, ${capture === "keys" ? "NULL" : sql.payload} AS payload FROM ${quoteName(name)}) AS candidate
   WHERE candidate.row_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sync_row_clock AS known
     WHERE known.table_name = ${quoteText(name)} AND known.row_id = candidate.row_id AND known.stamp > 0
       AND (known.columns IS NULL OR instr(known.columns, '[0,0]') = 0))`;
