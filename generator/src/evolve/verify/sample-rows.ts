/** Random rows that a model allows, and every model that comes after it. */
import type { Column, ModelSteps, SyncModel, Table } from "@synckit-gen/schemas/model";
import { NULL_CELL } from "./cells.ts";
import type { Cell } from "./cells.ts";
import { predictRows, refusedRows } from "./predict-rows.ts";
import type { Sample, SampleRow, Storage } from "./predict-rows.ts";
import { randomCell } from "./random.ts";
import type { Random } from "./random.ts";

/** `most`: rows of a table, at most. */
export function sampleRows(
  model: SyncModel,
  later: readonly ModelSteps[],
  most: ReadonlyMap<string, number>,
  random: Random,
  storage: Storage,
): Sample {
  const sample = new Map<string, readonly SampleRow[]>();
  let origin = 0;
  for (const table of model.tables) {
    const rows: SampleRow[] = [];
    sample.set(table.name, rows);
    const references = [table, ...laterForms(table, later)].flatMap((form) => form.references.filter(({ synced }) => synced));
    for (let i = 0; i < (most.get(table.name) ?? 0); i++) {
      const cells = new Map<string, Cell>(table.columns.map((column) => [column.name, cellFor(column, table, random, storage)]));
      for (const { columns, table: parent, to } of references) {
        const parents = sample.get(parent) ?? [];
        if (parents.length === 0 || random.chance(0.2)) continue;
        const row = random.pick(parents);
        columns.forEach((name, at) => {
          const value = row.cells.get(to[at] ?? "");
          if (value !== undefined && cells.has(name)) cells.set(name, value);
        });
      }
      rows.push({ origin: origin++, cells });
    }
  }
  return withoutRefused(sample, model, later, storage);
}

/** The table as later models have it, while it keeps its name. */
const laterForms = (table: Table, later: readonly ModelSteps[]): readonly Table[] =>
  later.flatMap(({ after }) => after.tables.filter(({ name }) => name === table.name));

function cellFor(column: Column, table: Table, random: Random, storage: Storage): Cell {
  const isKey = [table.key, table.identity.columns, ...table.references.map(({ columns }) => columns)].flat().includes(column.name);
  const isReference = table.references.some(({ columns }) => columns.includes(column.name));
  if (column.nullable && random.chance(isReference ? 0.7 : 0.25)) return NULL_CELL;
  return storage.stored(randomCell(random, column.type, isKey), column.type);
}

/** Dropping a parent drops its children, so this goes on until nobody is refused. */
function withoutRefused(sample: Sample, model: SyncModel, later: readonly ModelSteps[], storage: Storage): Sample {
  let rows = sample;
  for (;;) {
    const refused = new Set(refusedRows(rows, model));
    let predicted = rows;
    for (const steps of later) {
      predicted = predictRows(predicted, steps, storage);
      for (const origin of refusedRows(predicted, steps.after)) refused.add(origin);
    }
    if (refused.size === 0) return rows;
    rows = new Map([...rows].map(([table, list]) => [table, list.filter(({ origin }) => !refused.has(origin))]));
  }
}
