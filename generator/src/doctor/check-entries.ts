/** The log: entries that could not be pushed, or that would say something which the schema does not. */
import { syncedColumns } from "@synckit-gen/schemas/model";
import type { Table } from "@synckit-gen/schemas/model";
import { numberOf, quoteText, textOf } from "../sqlite/database.ts";
import type { Database } from "../sqlite/database.ts";
import { hasColumns } from "../sqlite/read-shape.ts";
import { finding, fixable } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

const COLUMNS = ["id", "table_name", "op", "row_id", "timestamp", "data", "pushed", "mask"];
const OPS = `('INSERT', 'UPDATE', 'DELETE')`;
/** What is pushed is history: only what waits can still be said. */
const WAITING = `"pushed" = 0`;

/** True where the log has the columns that are asked about here. */
export const hasLog = ({ shape }: Pick<Subject, "shape">): boolean => hasColumns(shape, "sync_changelog", COLUMNS);

export function* checkEntries(subject: Subject): Iterable<Finding> {
  if (!hasLog(subject)) return;
  const { database, model, places } = subject;
  const log = counter(database);
  const isStrange = `"pushed" NOT IN (0, 1, 2, 3) OR typeof("pushed") <> 'integer'`;
  const strange = log(isStrange);
  if (strange > 0)
    yield fixable(
      finding("doctor/entry-pushed", places.database, { count: strange }),
      `UPDATE "sync_changelog" SET "pushed" = 0 WHERE ${isStrange}`,
    );

  const isOtherOp = `${WAITING} AND "op" NOT IN ${OPS}`;
  const others = log(isOtherOp);
  if (others > 0) yield fixable(finding("doctor/entry-op", places.database, { count: others }), setAside(isOtherOp));

  const known = new Set(model.tables.map((table) => table.name));
  for (const row of database.rows(
    `SELECT "table_name", count(*) AS n FROM "sync_changelog" WHERE ${WAITING} GROUP BY "table_name" ORDER BY "table_name"`,
  )) {
    const table = textOf(row["table_name"]);
    if (known.has(table)) continue;
    yield fixable(
      finding("doctor/entry-table", places.database, { table, count: numberOf(row["n"]) }),
      setAside(`${WAITING} AND "table_name" = ${quoteText(table)}`),
    );
  }
  for (const table of model.tables) yield* checkTable(subject, table, log);
}

type Count = (where: string) => number;

const counter =
  (database: Database): Count =>
  (where) =>
    numberOf(database.rows(`SELECT count(*) AS n FROM "sync_changelog" WHERE ${where}`)[0]?.["n"]);

/** Kept, counted, and never sent. */
const setAside = (where: string): string => `UPDATE "sync_changelog" SET "pushed" = 2 WHERE ${where}`;

/** A CASE, because the functions on JSON raise an error on what is none. */
const isObject = (column: string): string =>
  `CASE WHEN ${column} IS NULL OR typeof(${column}) <> 'text' OR NOT json_valid(${column}) THEN 0 ELSE json_type(${column}) = 'object' END`;
const IS_OBJECT = isObject(`"data"`);

function* checkTable(subject: Subject, table: Table, log: Count): Iterable<Finding> {
  const at = subject.places.table(table.name);
  const mine = `${WAITING} AND "table_name" = ${quoteText(table.name)}`;
  yield* brokenJson(subject, table, mine, log);
  yield* strayColumns(subject, table, mine);

  const bits = syncedColumns(table).reduce((sum, { bit }) => (bit === null ? sum : sum | (1n << BigInt(bit))), 0n);
  const isOff = `${mine} AND "mask" IS NOT NULL AND ("mask" & ~${bits}) <> 0`;
  const off = log(isOff);
  if (off > 0)
    yield fixable(
      finding("doctor/entry-mask", at, { table: table.name, count: off }),
      `UPDATE "sync_changelog" SET "mask" = "mask" & ${bits} WHERE ${isOff}`,
    );

  const isLost = `${mine} AND NOT (${rowIdCondition(table)})`;
  const lost = log(isLost);
  if (lost > 0) yield fixable(finding("doctor/entry-row-id", at, { table: table.name, count: lost }), setAside(isLost));
}

/** NULL is whole: with `capture: keys` an entry holds no data, and what holds none is read from its row when it is pushed. */
function* brokenJson({ places }: Subject, table: Table, mine: string, log: Count): Iterable<Finding> {
  const broken = ["data", "old"].map((name) => ({ name, where: `${mine} AND "${name}" IS NOT NULL AND NOT (${isObject(`"${name}"`)})` }));
  const count = log(broken.map(({ where }) => `(${where})`).join(" OR "));
  if (count === 0) return;
  yield fixable(
    finding("doctor/entry-data", places.table(table.name), { table: table.name, count }),
    ...broken.map(({ name, where }) => `UPDATE "sync_changelog" SET "${name}" = NULL WHERE ${where}`),
  );
}

function* strayColumns({ database, places }: Subject, table: Table, mine: string): Iterable<Finding> {
  const names = syncedColumns(table).map((column) => quoteText(column.name));
  const rows = database.rows(
    `SELECT member.key AS name, count(*) AS n FROM "sync_changelog", json_each(CASE WHEN ${IS_OBJECT} THEN "data" ELSE '{}' END) AS member
     WHERE ${mine} AND member.key NOT IN (${names.join(", ")}) GROUP BY member.key ORDER BY member.key`,
  );
  for (const row of rows) {
    const column = textOf(row["name"]);
    const stray = finding("doctor/entry-columns", places.table(table.name), { table: table.name, column, count: numberOf(row["n"]) });
    // A path cannot spell every name in every version of SQLite.
    yield /["\\]/u.test(column)
      ? stray
      : fixable(
          stray,
          `UPDATE "sync_changelog" SET "data" = json_remove("data", ${quoteText(`$."${column}"`)}) WHERE ${mine} AND ${IS_OBJECT}`,
        );
  }
}

function rowIdCondition(table: Table): string {
  const { columns } = table.identity;
  const isText = `typeof("row_id") = 'text' AND "row_id" <> ''`;
  if (columns.length > 1)
    return `${isText} AND CASE WHEN json_valid("row_id") THEN json_type("row_id") = 'array' AND json_array_length("row_id") = ${columns.length} ELSE 0 END`;
  const type = syncedColumns(table).find((column) => column.name === columns[0])?.type;
  // An empty text and no bytes at all are values like others.
  if (type === "blob") return `typeof("row_id") = 'text' AND "row_id" NOT GLOB '*[^0-9A-F]*'`;
  return type === "integer" || type === "bigint" ? isText : `typeof("row_id") = 'text'`;
}
