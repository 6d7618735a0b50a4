/** What the rows of the application's tables must be after a migration, said by the models and not by its SQL. */
import { SQL_TYPES } from "@synckit-gen/templates/emitter-kit";
import type { Column, ColumnType, ModelSteps, SyncModel, Table, TableStep } from "@synckit-gen/schemas/model";
import type { Database } from "../../sqlite/database.ts";
import { cellSql, comparableOf, literalOf, NULL_CELL } from "./cells.ts";
import type { Cell } from "./cells.ts";

export interface SampleRow {
  /** Its number in the sample that all begins with. */
  readonly origin: number;
  readonly cells: ReadonlyMap<string, Cell>;
}

/** Rows by table. */
export type Sample = ReadonlyMap<string, readonly SampleRow[]>;

/** What SQLite makes of a value in a column of a type: asked of an empty database, once for each. */
export interface Storage {
  readonly stored: (cell: Cell, type: ColumnType | null) => Cell;
  /** Of an SQL expression. */
  readonly evaluate: (expression: string, type: ColumnType | null) => Cell;
}

export function storageOf(database: Database): Storage {
  const known = new Map<string, Cell>();
  const evaluate = (expression: string, type: ColumnType | null): Cell => {
    const affinity = type === null ? "" : SQL_TYPES[type];
    const key = `${affinity} ${expression}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    database.exec(`CREATE TEMP TABLE probe (value ${affinity}); INSERT INTO probe VALUES (${expression})`);
    const found = String(database.rows(`SELECT ${cellSql("value")} AS cell FROM probe`)[0]?.["cell"]);
    database.exec("DROP TABLE probe");
    known.set(key, found);
    return found;
  };
  return { evaluate, stored: (cell, type) => (cell === NULL_CELL ? cell : evaluate(literalOf(cell), type)) };
}

/** One step. Tables that are made by the step are empty, unless the application had them before they began to sync. */
export function predictRows(sample: Sample, steps: ModelSteps, storage: Storage): Sample {
  const kept = steps.kept.map((step) => {
    const rows = sample.get(step.before.name) ?? [];
    return [step.after.name, rows.map((row) => ({ ...row, cells: predictRow(row.cells, step, storage) }))] as const;
  });
  return new Map<string, readonly SampleRow[]>([...steps.added.map(({ name }) => [name, []] as const), ...kept]);
}

function predictRow(cells: ReadonlyMap<string, Cell>, { after, columns }: TableStep, storage: Storage): ReadonlyMap<string, Cell> {
  const kept = columns.kept.map((pair) => {
    const cell = cells.get(pair.before.name) ?? NULL_CELL;
    const isFilled = cell === NULL_CELL && pair.before.nullable && isRequired(pair.after, after);
    return [pair.after.name, isFilled ? defaultOf(pair.after, storage) : storage.stored(cell, pair.after.type)] as const;
  });
  return new Map([...kept, ...columns.added.map((column) => [column.name, defaultOf(column, storage)] as const)]);
}

const isRequired = (column: Column, table: Table): boolean => !column.nullable || table.key.includes(column.name);

const defaultOf = (column: Column, storage: Storage): Cell =>
  column.default === null ? NULL_CELL : storage.evaluate(`(${column.default})`, column.type);

/** Rows of a sample that the model's own rules refuse: what is required, unique, or must have a parent. */
export function refusedRows(sample: Sample, model: SyncModel): ReadonlySet<number> {
  const refused = new Set<number>();
  for (const table of model.tables) {
    const rows = sample.get(table.name) ?? [];
    const required = table.columns.filter((column) => isRequired(column, table));
    const lists = [table.key, table.identity.columns, ...table.unique];
    const seen = lists.map(() => new Set<string>());
    for (const { origin, cells } of rows) {
      const valuesOf = (names: readonly string[]): readonly Cell[] => names.map((name) => comparableOf(cells.get(name) ?? NULL_CELL));
      if (required.some(({ name }) => (cells.get(name) ?? NULL_CELL) === NULL_CELL)) refused.add(origin);
      lists.forEach((list, i) => {
        const values = valuesOf(list);
        if (values.includes(NULL_CELL)) return;
        const key = JSON.stringify(values);
        if (seen[i]?.has(key) === true) refused.add(origin);
        seen[i]?.add(key);
      });
      for (const { columns, table: parent, to, synced } of table.references) {
        const values = valuesOf(columns);
        if (!synced || values.includes(NULL_CELL)) continue;
        const wanted = JSON.stringify(values);
        const parents = sample.get(parent) ?? [];
        if (!parents.some((row) => JSON.stringify(to.map((name) => comparableOf(row.cells.get(name) ?? NULL_CELL))) === wanted))
          refused.add(origin);
      }
    }
  }
  return refused;
}
