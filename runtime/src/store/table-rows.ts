/**
 * Rows of one synced table, as the app stores them. Writes go through the statements that Kysely compiled
 * from generated code; reads through the same SQL expression as the triggers.
 */
import { isTextLike, rowIdToSql, rowIdToWire, wireToSql, type SqlValue } from "@synckit-gen/schemas/protocol";
import type { ColumnType } from "@synckit-gen/schemas/model";
import type { Driver, Statement } from "../driver/driver.ts";
import { type CompiledStatement, compileRemove, compileUpdate, compileUpsert, isSlot } from "../generated/compile.ts";
import type { ColumnSpec, TableSpec } from "../generated/spec.ts";
import { quoteName } from "./quote-name.ts";
import type { Values } from "./registers.ts";
import { pick } from "./values.ts";

export interface TableRows {
  readonly spec: TableSpec;
  readonly identity: readonly ColumnSpec[];
  /** Names of the synced columns outside the identity: those that have registers. */
  readonly columns: readonly string[];
  readonly columnSet: ReadonlySet<string>;
  readonly typeOf: (column: string) => ColumnType;
  /** The row's synced columns, identity included; null where there is no such row. */
  readonly read: (rowId: string) => Values | null;
  /** The same as JSON text, exactly as a trigger would have written it. */
  readonly readPayload: (rowId: string) => string | null;
  /** JSON text of a row with these values. What a later version of the app has besides is not this device's to say, and is left out. */
  readonly payloadOf: (rowId: string, values: Values) => string;
  /** Writes every synced column; local ones get their `on_insert` values when the row is new. Returns the rows changed. */
  readonly upsert: (rowId: string, values: Values) => number;
  /** Writes some columns of a row that exists. Returns the rows changed: 0 where it does not. */
  readonly update: (rowId: string, values: Values, columns: readonly string[]) => number;
  /**
   * Writes every synced column of a row that exists and whose references stay as they are. Returns the rows changed.
   * SQLite looks for parents, and writes indexes anew, for a reference that is set, even to what it was.
   */
  readonly rewrite: (rowId: string, values: Values) => number;
  readonly remove: (rowId: string) => void;
  /** Gives these columns the default of the table's definition, in a row that exists. */
  readonly reset: (rowId: string, columns: readonly string[]) => void;
  /** Gives one of these columns NULL, or a value of the row's own. False: none of them can take either. */
  readonly stepAside: (rowId: string, columns: readonly string[]) => boolean;
  /** Row ids of the rows in which these columns equal these values. */
  readonly find: (columns: readonly string[], values: readonly SqlValue[]) => readonly string[];
  readonly exists: (columns: readonly string[], values: readonly SqlValue[]) => boolean;
}

const allEqual = (columns: readonly string[]): string => columns.map((column) => `${quoteName(column)} = ?`).join(" AND ");

export function tableRows(driver: Driver, spec: TableSpec): TableRows {
  const byName = new Map(spec.columns.map((column) => [column.name, column]));
  const column = (name: string): ColumnSpec => {
    const found = byName.get(name);
    if (found === undefined) throw new Error(`table-rows: ${spec.name} has no synced column ${name}`);
    return found;
  };
  const identity = spec.identity.map(column);
  const columns = spec.columns.filter((candidate) => !spec.identity.includes(candidate.name)).map((candidate) => candidate.name);
  const referring = columns.filter((name) => isReference(spec, name));
  const own = columns.filter((name) => !referring.includes(name));
  // Equal texts are the same value; equal numbers may be of two kinds.
  const isRewritable = own.length > 0 && referring.every((name) => isTextLike(column(name).type));
  const isWhole = (values: Values): boolean => columns.every((name) => values[name] !== undefined);
  const prepared = new Map<string, BoundStatement>();

  /** Statements are made on first use: an app with a thousand tables touches a few. */
  function statement(key: string, compile: () => CompiledStatement): BoundStatement {
    let made = prepared.get(key);
    if (made === undefined) prepared.set(key, (made = bind(driver, compile(), readerOf)));
    return made;
  }
  /** Kept by the list itself: lists of columns come from the spec, and a text for each lookup would cost more than the lookup. */
  const selector = (what: string): ((where: readonly string[]) => Statement) => {
    const kept = new Map<readonly string[], Statement>();
    return (where) => {
      let made = kept.get(where);
      if (made === undefined)
        kept.set(where, (made = driver.prepare(`SELECT ${what} FROM ${quoteName(spec.name)} WHERE ${allEqual(where)}`)));
      return made;
    };
  };
  const payloads = selector(spec.sql.payload);
  const rowIds = selector(spec.sql.rowId);
  const presence = selector("1");
  const readPayload = (rowId: string): string | null =>
    (payloads(spec.identity).get(...rowIdToSql(identity, rowId))?.[0] as string | undefined) ?? null;
  /** How a parameter gets its value: the identity from the row id, the other columns from the payload. */
  function readerOf(name: string): Reader {
    const at = spec.identity.indexOf(name);
    if (at !== -1) return (ids) => ids[at] as SqlValue;
    const { type } = column(name);
    return (_ids, values) => wireToSql(type, values[name] ?? null);
  }

  return {
    spec,
    identity,
    columns,
    columnSet: new Set(columns),
    typeOf: (name) => column(name).type,
    readPayload,
    payloadOf: (rowId, values) => JSON.stringify({ ...rowIdToWire(identity, rowId), ...pick(values, columns) }),
    read(rowId) {
      const text = readPayload(rowId);
      return text === null ? null : (JSON.parse(text) as Values);
    },
    upsert(rowId, values) {
      // A payload of another version may lack columns: they keep their value, or get their default.
      const given = isWhole(values) ? columns : columns.filter((name) => values[name] !== undefined);
      const key = given === columns ? "upsert" : `upsert ${given.join("\0")}`;
      return statement(key, () => compileUpsert(spec.statements, [...spec.identity, ...given])).run(rowIdToSql(identity, rowId), values);
    },
    update: (rowId, values, changed) =>
      statement(`update ${changed.join("\0")}`, () => compileUpdate(spec.statements, spec.identity, changed)).run(
        rowIdToSql(identity, rowId),
        values,
      ),
    rewrite(rowId, values) {
      if (!isRewritable || !isWhole(values)) return 0;
      return statement("rewrite", () => compileRewrite(spec, own, referring)).run(rowIdToSql(identity, rowId), values);
    },
    remove: (rowId) => void statement("remove", () => compileRemove(spec.statements, spec.identity)).run(rowIdToSql(identity, rowId), {}),
    reset(rowId, names) {
      const compile = (): CompiledStatement => {
        const ofColumn = driver.prepare("SELECT dflt_value FROM pragma_table_info(?) WHERE name = ?");
        const sets = names.map((name) => `${quoteName(name)} = (${(ofColumn.get(spec.name, name)?.[0] as string | null) ?? "NULL"})`);
        return { sql: `UPDATE ${quoteName(spec.name)} SET ${sets.join(", ")} WHERE ${allEqual(spec.identity)}`, parameters: [] };
      };
      statement(`reset ${names.join("\0")}`, compile).statement.run(...rowIdToSql(identity, rowId));
    },
    stepAside(rowId, candidates) {
      const known = candidates.filter((name) => columns.includes(name));
      const name = known.find((candidate) => column(candidate).nullable) ?? known.find((candidate) => !isReference(spec, candidate));
      if (name === undefined) return false;
      const { type, nullable } = column(name);
      const value = nullable ? "CASE WHEN ? IS NULL THEN 0 END" : ownValueSql(type, quoteName(name), quoteName(spec.name));
      const sql = `UPDATE ${quoteName(spec.name)} SET ${quoteName(name)} = ${value} WHERE ${allEqual(spec.identity)}`;
      const { statement: made } = statement(sql, () => ({ sql, parameters: [] }));
      return made.run(rowId, ...rowIdToSql(identity, rowId)) > 0;
    },
    find: (where, values) =>
      rowIds(where)
        .all(...values)
        .flatMap(([rowId]) => (rowId === null ? [] : [rowId as string])), // one without a name is this device's alone
    exists: (where, values) => presence(where).get(...values) !== undefined,
  };
}

function compileRewrite({ statements, identity }: TableSpec, columns: readonly string[], kept: readonly string[]): CompiledStatement {
  const { sql, parameters } = compileUpdate(statements, identity, columns);
  return {
    sql: [sql, ...kept.map((name) => `${quoteName(name)} IS ? COLLATE BINARY`)].join(" AND "),
    parameters: [...parameters, ...kept.map((name) => ({ slot: name }))],
  };
}

const isReference = (spec: TableSpec, name: string): boolean => spec.references.some(({ columns }) => columns.includes(name));

/** Made of the row id, which is bound, or below all that the column has: what no other row of the table has. */
function ownValueSql(type: ColumnType, name: string, table: string): string {
  switch (type) {
    case "integer":
    case "bigint":
    case "boolean":
    case "real":
      return `(SELECT min(${name}) - 1 FROM ${table} WHERE ? IS NOT NULL)`;
    case "json":
      return "json_array(?)";
    case "blob":
      return "CAST('moving ' || ? AS BLOB)";
    default:
      return "'moving ' || ?";
  }
}

type Reader = (ids: readonly SqlValue[], values: Values) => SqlValue;

interface BoundStatement {
  readonly statement: Statement;
  readonly run: (ids: readonly SqlValue[], values: Values) => number;
}

function bind(driver: Driver, { sql, parameters }: CompiledStatement, readerOf: (name: string) => Reader): BoundStatement {
  const statement = driver.prepare(sql);
  const readers = parameters.map((parameter): Reader => (isSlot(parameter) ? readerOf(parameter.slot) : () => parameter));
  return { statement, run: (ids, values) => statement.run(...readers.map((read) => read(ids, values))) };
}
