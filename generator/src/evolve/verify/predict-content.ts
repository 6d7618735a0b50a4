/** What sync must keep about rows after a migration, said by the models and not by its SQL. */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { ColumnType, ModelSteps, SyncedColumn, Table, TableStep } from "@synckit-gen/schemas/model";
import { isTextLike } from "@synckit-gen/schemas/protocol";
import { bodyOf, classOf, NULL_CELL, textOfCell } from "./cells.ts";
import type { Cell } from "./cells.ts";
import type { Sample } from "./predict-rows.ts";
import { eachStore, plainOf } from "./stored-content.ts";
import type { Members, Stored, StoredEntry, StoreName } from "./stored-content.ts";

/** `rows`: as they are after the step. `isJoined`: the initial snapshot has been taken. */
export function predictContent(stored: Stored, steps: ModelSteps, rows: Sample, isJoined: boolean): Stored {
  const isCreated = steps.before.create && steps.after.create;
  const stepByTable = new Map(steps.kept.map((step) => [step.before.name, step]));
  const predictStore = (store: StoreName): readonly StoredEntry[] =>
    stored[store].flatMap((entry) => {
      const step = stepByTable.get(entry.table);
      if (step === undefined) return steps.removed.some(({ name }) => name === entry.table) ? [] : [entry];
      return isRestarted(step) ? [] : [predictEntry(store, entry, step, rows, isRestated(step, isCreated))];
    });
  const predicted = eachStore(predictStore);
  if (!isJoined) return predicted;
  return {
    ...predicted,
    sync_changelog: [...predicted.sync_changelog, ...restated(steps, rows)],
    sync_row_clock: [...predicted.sync_row_clock, ...unsaid(steps, rows, predicted.sync_row_clock)],
  };
}

function isRestarted({ before, after, columns }: TableStep): boolean {
  const nameAfter = new Map(columns.kept.map((pair) => [pair.before.name, pair.after.name]));
  const partOf = (table: Table, name: string): string => (typeIn(table, name) === "blob" ? "hex" : "text");
  const was = before.identity.columns.map((name) => `${nameAfter.get(name) ?? ""} ${partOf(before, name)}`);
  const is = after.identity.columns.map((name) => `${name} ${partOf(after, name)}`);
  return was.join() !== is.join();
}

const typeIn = (table: Table, name: string): ColumnType | null => table.columns.find((column) => column.name === name)?.type ?? null;

const formOf = (type: ColumnType): string => (isTextLike(type) ? "text" : type === "boolean" ? "integer" : type);

const pairsOf = ({ columns }: TableStep): readonly { readonly before: SyncedColumn; readonly after: SyncedColumn }[] =>
  columns.kept.flatMap((pair) => (isSynced(pair.before) && isSynced(pair.after) ? [{ before: pair.before, after: pair.after }] : []));

const isReformed = (pair: { readonly before: SyncedColumn; readonly after: SyncedColumn }): boolean =>
  formOf(pair.before.type) !== formOf(pair.after.type);

function predictEntry(store: StoreName, entry: StoredEntry, step: TableStep, rows: Sample, isTold: boolean): StoredEntry {
  const pairs = pairsOf(step);
  const row = (rows.get(step.after.name) ?? []).find(({ cells }) => rowIdOf(step.after, cells) === entry.rowId);
  const isFresh = store === "sync_changelog" && entry.isPending && pairs.some(isReformed) && row !== undefined;
  const objects = Object.fromEntries(
    Object.entries(entry.objects).map(([name, members]) => {
      if (members === null) return [name, null];
      if (isFresh && name === "data") return [name, payloadOf(step.after, row.cells)];
      return [name, predictMembers(members, pairs, name === "columns")];
    }),
  );
  const begun = begunIn(step);
  if (store === "sync_row_clock" && begun.length > 0)
    objects["columns"] = new Map([...(objects["columns"] ?? []), ...clocksOf(begun, isTold ? 0 : -1)]);
  const isParted = step.before.conflicts === "row" && step.after.conflicts === "column";
  const rest = isParted && store === "sync_changelog" ? wholeMask(entry.rest, pairs) : entry.rest;
  return { ...entry, table: step.after.name, objects, rest };
}

/** An UPDATE that waits has written every column of then. `rest`: operation, mask, pushed, stamp. */
function wholeMask(rest: string, pairs: ReturnType<typeof pairsOf>): string {
  const [op = "", , pushed = "", stamp = ""] = rest.split(" ");
  if (textOfCell(op) !== "UPDATE" || pushed === "integer:1") return rest;
  const mask = pairs.reduce((all, { after }) => (after.bit === null ? all : all | (1n << BigInt(after.bit))), 0n);
  return `${op} integer:${mask} ${pushed} ${stamp}`;
}

const begunIn = (step: TableStep): readonly string[] =>
  syncedColumns(step.after).flatMap(({ name }) => (pairsOf(step).some((pair) => pair.after.name === name) ? [] : [name]));

const clocksOf = (columns: readonly string[], stamp: number): NonNullable<Members> =>
  new Map(columns.map((name) => [name, plainOf(`[${stamp},0]`)]));

/** Clocks hold for a column whatever form its values have. */
function predictMembers(members: NonNullable<Members>, pairs: ReturnType<typeof pairsOf>, isClock: boolean): NonNullable<Members> {
  const kept = pairs.filter((pair) => isClock || !isReformed(pair));
  return new Map(
    kept.flatMap((pair) => (members.has(pair.before.name) ? [[pair.after.name, members.get(pair.before.name) ?? ""] as const] : [])),
  );
}

/** Other devices have not seen the table's rows as they are now. */
function isRestated(step: TableStep, isCreated: boolean): boolean {
  const pairs = pairsOf(step);
  const isMade = (name: string): boolean => isCreated && step.columns.added.some((column) => column.name === name);
  return (
    step.before.name !== step.after.name ||
    isRestarted(step) ||
    pairs.some((pair) => pair.before.name !== pair.after.name || pair.before.default !== pair.after.default || isReformed(pair)) ||
    begunIn(step).some((name) => !isMade(name))
  );
}

/** Clocks of rows that had none, where columns come of which nobody has said anything. */
function unsaid(steps: ModelSteps, rows: Sample, known: readonly StoredEntry[]): readonly StoredEntry[] {
  const isCreated = steps.before.create && steps.after.create;
  return steps.kept.flatMap((step) => {
    const begun = begunIn(step);
    const table = step.after;
    if (begun.length === 0 || table.apply === "update" || isRestated(step, isCreated)) return [];
    return (rows.get(table.name) ?? []).flatMap(({ cells }): readonly StoredEntry[] => {
      if (table.identity.columns.some((name) => (cells.get(name) ?? NULL_CELL) === NULL_CELL)) return [];
      const rowId = rowIdOf(table, cells);
      if (known.some((entry) => entry.table === table.name && entry.rowId === rowId)) return [];
      return [
        { table: table.name, rowId, objects: { columns: clocksOf(begun, -1), data: null }, rest: AT_BASELINE, isPending: false, stamp: 0 },
      ];
    });
  });
}

/** A living row, nobody's: stamp and device zero, no life of its own. */
const AT_BASELINE = "integer:0 integer:0 null: null: integer:1";

/** Entries at the baseline, for tables whose rows other devices have not seen as they are now. */
function restated(steps: ModelSteps, rows: Sample): readonly StoredEntry[] {
  const isCreated = steps.before.create && steps.after.create;
  const tables = steps.kept.filter((step) => isRestated(step, isCreated));
  return [...tables.map(({ after }) => after), ...(isCreated ? [] : steps.added)].flatMap((table) =>
    (rows.get(table.name) ?? []).flatMap(({ cells }) =>
      table.identity.columns.some((name) => (cells.get(name) ?? NULL_CELL) === NULL_CELL)
        ? []
        : [
            {
              table: table.name,
              rowId: rowIdOf(table, cells),
              objects: { data: payloadOf(table, cells), old: null },
              rest: BASELINE,
              isPending: true,
              stamp: 0,
            },
          ],
    ),
  );
}

/** INSERT, no mask, not pushed, stamp zero. */
const BASELINE = "text:494E53455254 null: integer:0 integer:0";

/** In hex. */
function rowIdOf(table: Table, cells: ReadonlyMap<string, Cell>): string {
  const parts = table.identity.columns.map((name) => {
    const cell = cells.get(name) ?? NULL_CELL;
    return typeIn(table, name) === "blob" || classOf(cell) === "integer" ? bodyOf(cell) : textOfCell(cell);
  });
  const text = parts.length === 1 ? (parts[0] ?? "") : JSON.stringify(parts);
  return Buffer.from(text, "utf8").toString("hex").toUpperCase();
}

const payloadOf = (table: Table, cells: ReadonlyMap<string, Cell>): NonNullable<Members> =>
  new Map(syncedColumns(table).map(({ name, type }) => [name, plainOf(wireOf(type, cells.get(name) ?? NULL_CELL))]));

/** A value as a payload writes it. */
function wireOf(type: ColumnType, cell: Cell): string {
  const body = bodyOf(cell);
  switch (classOf(cell)) {
    case "text":
      return isTextLike(type) ? JSON.stringify(textOfCell(cell)) : JSON.stringify({ $text: textOfCell(cell) });
    case "integer": {
      if (type === "bigint") return JSON.stringify(body);
      const isSafe = BigInt(body) >= -9007199254740991n && BigInt(body) <= 9007199254740991n;
      return isSafe && type !== "real" ? body : JSON.stringify({ $int: body });
    }
    case "real":
      return type === "real" ? real(body) : `{"$real":${real(body)}}`;
    case "blob":
      return JSON.stringify(type === "blob" ? body : { $blob: body });
    default:
      return "null";
  }
}

/** With a point or an exponent, so that it does not read as an integer. */
const real = (digits: string): string => (/^-?\d+$/u.test(digits) ? `${digits}.0` : digits);
