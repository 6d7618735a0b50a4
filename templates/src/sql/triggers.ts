/**
 * Capture: the triggers that write a table's changes to sync_changelog. Pure SQL, so that every
 * writer in every process is seen. Nothing in a trigger can fail: an
 * error in a trigger is an error of the user's own write.
 */
import { syncedColumns, type SyncedColumn, type Table } from "@synckit-gen/schemas/model";
import { indent, quoteName, quoteNames, quoteText } from "../text/sql.ts";
import { identityColumns, isNamedInTriggerSql, rowIdSql } from "../text/row-id-sql.ts";
import { perTable } from "../text/per-table.ts";
import { payloadSql, quickPayloadSql } from "../text/value-sql.ts";

/** A missing flag row must mean "capture": compared with <> it would be NULL, and every edit would go unlogged. */
const GUARD = `NOT EXISTS (SELECT 1 FROM "sync_state" WHERE "key" = 'applying_remote' AND "value" = '1')`;

/** Microseconds since 1970 with a millisecond clock: julianday works on every SQLite, unixepoch('subsec') only since 3.42. */
export const NOW = `CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) * 1000`;

const INTEGERS: ReadonlySet<string> = new Set(["integer", "bigint", "boolean"]);

type Row = "NEW" | "OLD";

/** Drops and creates the table's triggers, so that running it again brings them up to date. */
export function triggerStatements(table: Table, modelHash: string): readonly string[] {
  const drops = TRIGGER_KINDS.map((kind) => `DROP TRIGGER IF EXISTS ${quoteName(triggerName(table.name, kind))}`);
  return [...drops, ...createTriggers(table).map(({ sql }) => sql(modelHash))];
}

/** A trigger of a table, but for the hash of the model that it was made for. */
export interface TriggerText {
  readonly name: string;
  /** Without the model: what decides whether the trigger must be made again. */
  readonly bare: string;
  readonly sql: (modelHash: string) => string;
}

export const createTriggers: (table: Table) => readonly TriggerText[] = perTable((table) => {
  const capture = captureOf(table);
  const triggers = [
    insertTrigger(capture),
    updateTrigger(capture),
    keyTrigger(capture),
    deleteTrigger(capture),
    arriveTrigger(capture),
    leaveTrigger(capture),
  ];
  return triggers.flatMap((trigger) => {
    if (trigger === null) return [];
    const [first, last] = triggerSql(table, trigger);
    const sql = (modelHash: string): string => first + modelHash + last;
    return [{ name: triggerName(table.name, trigger.kind), bare: withoutModel(sql("")), sql }];
  });
});

/** A trigger's text without the model that it was made for. */
export const withoutModel = (sql: string): string => sql.replace(/\/\* synckit-gen [^*]* \*\//u, "");

const TRIGGER_KINDS = ["insert", "update", "key", "delete", "arrive", "leave"] as const;
type TriggerKind = (typeof TRIGGER_KINDS)[number];

const triggerName = (table: string, kind: TriggerKind): string => `sync_${table}_${kind}`;

interface Capture {
  readonly table: Table;
  readonly identity: readonly SyncedColumn[];
  /** The columns an UPDATE can change, each with its place in the mask. */
  readonly masked: readonly (SyncedColumn & { readonly bit: number })[];
  readonly rowId: (row: Row) => string;
  readonly payload: (row: Row) => string;
  /** What an entry says of a row that is there; with `capture: keys` nothing, since the row itself can be asked. */
  readonly data: { readonly data?: string };
}

interface Trigger {
  readonly kind: TriggerKind;
  readonly event: string;
  /** Joined by AND, after the guard. */
  readonly conditions: readonly string[];
  /** Statements of the body. */
  readonly body: readonly string[];
}

function captureOf(table: Table): Capture {
  const synced = syncedColumns(table);
  const identity = identityColumns(table);
  const reference =
    (row: Row) =>
    (name: string): string =>
      `${row}.${quoteName(name)}`;
  return {
    table,
    identity,
    masked: synced.filter((column): column is SyncedColumn & { readonly bit: number } => column.bit !== null),
    rowId: (row) => rowIdSql(identity, reference(row)),
    payload: (row) => payloadSql(synced, reference(row)),
    data: table.capture === "keys" ? {} : { data: quickPayloadSql(synced, reference("NEW")) },
  };
}

function insertTrigger(capture: Capture): Trigger | null {
  if (capture.table.apply === "update") return null; // an app that fetches a row again must not overwrite another device's state
  return {
    kind: "insert",
    event: "INSERT",
    conditions: identified(capture, "NEW"),
    body: [entry(capture, { op: "INSERT", row: "NEW", ...capture.data })],
  };
}

function updateTrigger(capture: Capture): Trigger | null {
  const { masked, identity } = capture;
  if (masked.length === 0) return null; // UPDATE OF an empty list is a syntax error
  const mask = masked.map((column) => `(${changed(column)} << ${column.bit})`).join("\n| ");
  return {
    kind: "update",
    event: updateOf(capture.table, masked),
    conditions: [
      ...identified(capture, "NEW"),
      ...identity.map((column) => `OLD.${quoteName(column.name)} IS NEW.${quoteName(column.name)} COLLATE BINARY`),
      anyOf(masked),
    ],
    body: [entry(capture, { op: "UPDATE", row: "NEW", ...capture.data, mask })],
  };
}

/** A changed identity is another row: the old one goes, the new one comes. */
function keyTrigger(capture: Capture): Trigger | null {
  const { table, identity } = capture;
  if (table.apply === "update") return null;
  const gone = entry(capture, { op: "DELETE", row: "OLD", old: capture.payload("OLD"), when: identified(capture, "OLD") });
  const data = table.capture === "keys" ? {} : { data: capture.payload("NEW") }; // fires rarely, but its text is read at each open
  const come = entry(capture, { op: "INSERT", row: "NEW", ...data, when: identified(capture, "NEW") });
  return {
    kind: "key",
    event: updateOf(table, identity),
    conditions: [anyOf(identity)],
    body: table.deletes === "ignore" ? [...keepValues(capture), come] : [gone, come],
  };
}

function deleteTrigger(capture: Capture): Trigger | null {
  if (capture.table.deletes === "ignore") return null;
  return {
    kind: "delete",
    event: "DELETE",
    conditions: identified(capture, "OLD"),
    body: [entry(capture, { op: "DELETE", row: "OLD", old: capture.payload("OLD") })],
  };
}

/**
 * A row whose delete is ignored lives on elsewhere, and may come back: an app drops an item and fetches it again. The
 * two triggers below keep what is known of it meanwhile: leaving, its values go to its clocks; an update-only row that
 * arrives again is held, so that the next cycle gives them back.
 */
function leaveTrigger(capture: Capture): Trigger | null {
  const { table } = capture;
  if (table.deletes !== "ignore") return null;
  return { kind: "leave", event: "DELETE", conditions: identified(capture, "OLD"), body: keepValues(capture) };
}

function keepValues(capture: Capture): readonly string[] {
  const table = quoteText(capture.table.name);
  const rowId = capture.rowId("OLD");
  // A row that the initial snapshot told of has no clock of its own; without one, an equal claim of another device would win here alone.
  const baseline = `INSERT INTO "sync_row_clock" ("table_name", "row_id", "stamp") SELECT ${table}, ${rowId}, 0
  WHERE EXISTS (SELECT 1 FROM "sync_state" WHERE "key" = 'initial_snapshot_done' AND "value" = '1')
  ON CONFLICT DO NOTHING;`;
  const keep = `UPDATE "sync_row_clock" SET "data" = ${capture.payload("OLD")}
  WHERE "table_name" = ${table} AND "row_id" = ${rowId} AND "data" IS NULL;`;
  // Update-only rows are fetched and dropped all the time: only those that somebody has marked are worth remembering.
  return capture.table.apply === "update" ? [keep] : [baseline, keep];
}

function arriveTrigger(capture: Capture): Trigger | null {
  const { table } = capture;
  if (table.apply !== "update") return null;
  const hold = `INSERT OR IGNORE INTO "sync_held" ("table_name", "row_id", "reason", "since")
  SELECT "table_name", "row_id", 'missing', ${NOW} / 1000 FROM "sync_row_clock"
  WHERE "table_name" = ${quoteText(table.name)} AND "row_id" = ${capture.rowId("NEW")} AND "data" IS NOT NULL;`;
  return { kind: "arrive", event: "INSERT", conditions: identified(capture, "NEW"), body: [hold] };
}

/** A row whose identity is NULL, or of another kind than its type says, cannot be recognised on another device; it stays here, and its write goes through. */
const identified = ({ table, identity }: Capture, row: Row): readonly string[] => [isNamedInTriggerSql(table.name, identity, row)];

/** COLLATE BINARY: under a NOCASE column a change from x to X would count as none. */
const changed = (column: SyncedColumn): string => `(OLD.${quoteName(column.name)} IS NOT NEW.${quoteName(column.name)} COLLATE BINARY)`;

const anyOf = (columns: readonly SyncedColumn[]): string =>
  columns.length === 1 ? columns.map(changed).join("") : `(${columns.map(changed).join("\n  OR ")})`;

function updateOf(table: Table, columns: readonly SyncedColumn[]): string {
  // An integer key may be the rowid, and UPDATE t SET rowid = … changes it without naming it.
  const [key, ...more] = table.key;
  const isRowid = more.length === 0 && columns.some((column) => column.name === key && INTEGERS.has(column.type));
  return isRowid ? "UPDATE" : `UPDATE OF ${quoteNames(columns.map((column) => column.name))}`;
}

interface Entry {
  readonly op: "INSERT" | "UPDATE" | "DELETE";
  readonly row: Row;
  readonly data?: string;
  readonly mask?: string;
  readonly old?: string;
  readonly when?: readonly string[];
}

function entry(capture: Capture, { op, row, data, mask, old, when }: Entry): string {
  const extra = Object.entries({ data, mask, old }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const names = ["table_name", "op", "row_id", "timestamp", ...extra.map(([name]) => name)];
  const values = [quoteText(capture.table.name), quoteText(op), capture.rowId(row), NOW, ...extra.map(([, value]) => value)];
  const list = values.map((value) => indent(value, "    ")).join(",\n    ");
  const source = when === undefined ? `VALUES (\n    ${list}\n  )` : `SELECT\n    ${list}\n  WHERE ${when.join(" AND ")}`;
  return `INSERT INTO "sync_changelog" (${quoteNames(names)})\n  ${source};`;
}

/** What stands before and after the hash of the model. */
const triggerSql = (table: Table, trigger: Trigger): readonly [first: string, last: string] => [
  `CREATE TRIGGER ${quoteName(triggerName(table.name, trigger.kind))}
AFTER ${trigger.event} ON ${quoteName(table.name)}
WHEN ${[GUARD, ...trigger.conditions].map((condition) => indent(condition, "  ")).join("\n  AND ")}
BEGIN
  /* synckit-gen `,
  ` */
  ${trigger.body.join("\n  ")}
END`,
];
