/** What must hold when every device has read the whole log and has nothing left to say. */
import type { Table } from "@synckit-gen/schemas/model";
import type { HeldRow } from "../../runtime/src/store/held.ts";
import { SNAPSHOT_DOWNLOAD } from "../../runtime/src/store/snapshot-facts.ts";
import { SimulationFailure } from "./failure.ts";
import { editedOf, isAlive, lostEdits, mergeLog, type OracleRow, readLog, valuesOf, type Written } from "./oracle.ts";
import { quoted } from "./actions.ts";
import { ownColumns } from "./plan.ts";
import { type Participant, rowsOn, type SeenRow, type World } from "./world.ts";
import { CANARY } from "./schema.ts";

export function checkQuiet(world: World): void {
  const { model, names } = world.app;
  const entries = readLog(world.server.log, model, world.server.lives, names);
  const strays = world.overlaysDiffer ? model.tables.filter(({ apply }) => apply === "update").map(({ name }) => name) : [];
  const views = world.participants.map(
    (participant) => new Map([...rowsOn(participant)].filter(([key]) => !strays.some((name) => key.startsWith(`${name} `)))),
  );
  const oracle = withRowsThatAreBack(world, mergeLog(entries, model), entries, views);
  for (const participant of world.participants) checkDevice(world, participant);
  world.participants.forEach((participant, index) =>
    checkRows(participant, views[index] as ReadonlyMap<string, SeenRow>, oracle, model.tables, names !== null),
  );
  checkEqual(world, views);
  checkCanaries(world);
  if (world.isServerRestored) return;
  // A device whose clock went back before it was restored gives stamps twice; its rows are equal all the same.
  if (!world.participants.some(({ isRestored }) => isRestored)) checkStamps(world, entries);
  for (const participant of world.participants) checkArrived(world, participant, entries);
  if (model.compat === "full") checkConflicts(world, entries, oracle);
}

/**
 * A device that begins with a snapshot, and has an old copy of a row whose delete is in an earlier part of the log and forgotten by
 * everybody, brings the row back, with what is said of it from then on (docs/merge.md, "What is given up"): on all devices alike.
 */
function withRowsThatAreBack(
  { app, server, havePassedMonths }: World,
  oracle: ReadonlyMap<string, OracleRow>,
  entries: readonly Written[],
  views: readonly ReadonlyMap<string, SeenRow>[],
): ReadonlyMap<string, OracleRow> {
  if (!havePassedMonths || (server.snapshots?.texts() ?? []).length === 0) return oracle;
  const rows = new Map(oracle);
  for (const [key, row] of oracle) {
    if (isAlive(row) || !views.every((view) => view.has(key))) continue;
    const since = entries.filter((entry) => entry.key === key && entry.seq > row.life.seq);
    const again = mergeLog(since, app.model).get(key);
    if (again !== undefined && since.some(({ seen }) => seen === 0)) rows.set(key, again);
  }
  return rows;
}

function checkDevice(world: World, participant: Participant): void {
  const { device } = participant;
  const fail = (check: string, message: string): never => {
    throw new SimulationFailure(check, `${device.name}: ${message}`);
  };
  const { unsyncedParents } = world.app.model;
  const dangling = (device.db.pragma("foreign_key_check") as { table: string; parent: string }[]).filter(
    ({ parent }) => !unsyncedParents.includes(parent),
  );
  if (dangling.length > 0)
    fail("foreign keys", `${dangling.length} rows refer to nothing, the first one from ${dangling[0]?.table} to ${dangling[0]?.parent}`);
  if (device.store.state.get("applying_remote") !== "0") fail("flag", "capture is still suppressed");
  if (device.db.inTransaction) fail("transaction", "a transaction is open");
  if (device.db.pragma("foreign_keys", { simple: true }) !== 1) fail("enforcement", "foreign keys are off");
  if (device.store.pendingCount() !== 0) fail("pending", `${device.store.pendingCount()} entries wait to be pushed`);
  // A parent that is gone for good may keep a row waiting, or a row that others need its unique value, where the schema says so, or where a
  // restored log lost it and who could have told it again has started over with that log; nothing else may.
  const isLostForGood = world.isServerRestored && world.begunAnew.size > 0;
  const mayHold =
    isLostForGood ||
    world.app.model.tables.some(({ references }) =>
      references.some(({ onDelete, synced }) => synced && onDelete !== "cascade" && onDelete !== "set null"),
    );
  const all = device.store.heldRows(1_000).filter(({ reason }) => reason !== "missing");
  const mayClash = world.app.model.tables.some(cannotGiveUp) || all.some(({ reason }) => reason === "parent");
  const mayWait = ({ reason, detail }: HeldRow): boolean =>
    reason === "parent" || (mayClash && reason === "constraint" && detail === "UNIQUE");
  const held = mayHold && all.some(mayWait) ? all.filter((row) => !mayWait(row) && !staysForAnother(participant, row)) : all;
  if (held.length > 0)
    fail("held", `${held.length} rows are held, the first one of ${held[0]?.table} because of ${held[0]?.reason} ${held[0]?.detail ?? ""}`);
  const stamps = device.db.prepare("SELECT stamp FROM sync_changelog WHERE stamp IS NOT 0 ORDER BY id").pluck().all() as (number | null)[];
  if (stamps.some((stamp, i) => i > 0 && (stamp ?? 0) <= (stamps[i - 1] ?? 0))) fail("rising stamps", `stamps ${stamps.join(", ")}`);
}

/** A dead row that a row which is held itself has not left: its table has that one as it was before. */
function staysForAnother({ device, app }: Participant, { reason, table, rowId }: HeldRow): boolean {
  if (reason !== "children") return false;
  const rowsOf = (name: string): string => {
    const spec = app.loaded.spec.tables.find((candidate) => candidate.name === name);
    return `(SELECT *, ${spec?.sql.rowId ?? ""} AS row_id FROM ${quoted(name)})`;
  };
  return app.model.tables.some(({ name, references }) =>
    references
      .filter((reference) => reference.table === table)
      .some(({ columns, to }) => {
        const refers = columns.map((column, part) => `child.${quoted(column)} = parent.${quoted(to[part] as string)}`).join(" AND ");
        const found = `SELECT 1 FROM ${rowsOf(table)} AS parent JOIN ${rowsOf(name)} AS child ON ${refers}
          WHERE parent.row_id = ? AND child.row_id IN (SELECT row_id FROM sync_held WHERE table_name = ?)`;
        return device.db.prepare(found).get(rowId, name) !== undefined;
      }),
  );
}

/** A loser that others need has no column in which to take another value. */
const cannotGiveUp = (table: Table): boolean =>
  table.unique.some(
    (columns) => !ownColumns(table).some(({ name, nullable, type }) => columns.includes(name) && (nullable || type === "text")),
  );

/** Tables whose rows a device may lack: sync does not insert them, or does not delete them. */
const isPartial = (table: Table): boolean => table.apply === "update" || table.deletes === "ignore";

function checkRows(
  { device }: Participant,
  view: ReadonlyMap<string, SeenRow>,
  oracle: ReadonlyMap<string, OracleRow>,
  tables: readonly Table[],
  hasVersions: boolean,
): void {
  const tableOf = (key: string): Table => tables.find(({ name }) => key.startsWith(`${name} `)) as Table;
  for (const [key, row] of oracle)
    if (isAlive(row) && !view.has(key) && !isPartial(tableOf(key)))
      throw new SimulationFailure("missing row", `${device.name} lacks ${key}, which the log has alive by ${described(row.life)}`);
  for (const [key, { values }] of view) {
    const table = tableOf(key);
    const row = oracle.get(key);
    const isUntouched = row === undefined || row.columns.size === 0;
    if (table.apply === "update") {
      // Columns that nobody has marked are what the app has fetched, in whichever version.
      const marked = row === undefined ? {} : hasVersions ? editedOf(row) : valuesOf(row);
      checkValues("values of an overlay", device.name, key, values, { ...values, ...marked });
      continue;
    }
    if (row === undefined || !isAlive(row) || (isUntouched && table.identity.columns.length === 0))
      throw new SimulationFailure(
        "extra row",
        `${device.name} has ${key}, which the log ${row === undefined ? "does not know" : `has dead by ${described(row.life)}`}`,
      );
    // A column that nobody wrote whose version had it has its default; that it is the same everywhere is checked below.
    const unsaid = hasVersions ? values : {};
    const expected = { ...unsaid, ...valuesOf(row) };
    checkValues(isPartial(table) ? "values where deletes are ignored" : "values", device.name, key, values, expected);
  }
}

function checkValues(
  check: string,
  name: string,
  key: string,
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): void {
  const columns = new Set([...Object.keys(found), ...Object.keys(expected)]);
  for (const column of columns)
    if (JSON.stringify(found[column]) !== JSON.stringify(expected[column]))
      throw new SimulationFailure(
        check,
        `${name}: ${column} of ${key} is ${JSON.stringify(found[column])}, by the log ${JSON.stringify(expected[column])}`,
      );
}

/** Equal by the oracle is equal as JSON; this is equal as SQLite has it. */
function checkEqual({ participants, app }: World, views: readonly ReadonlyMap<string, SeenRow>[]): void {
  const isFetched = (key: string): boolean => app.model.tables.some(({ apply, name }) => apply === "update" && key.startsWith(`${name} `));
  for (const [index, view] of views.entries())
    for (const [key, row] of view) {
      if (app.names !== null && isFetched(key)) continue; // by each in its version
      for (const [other, there] of views.entries()) {
        const same = there.get(key);
        if (same === undefined) continue; // partial tables; all others were checked against the log
        const names = `${participants[index]?.device.name} and ${participants[other]?.device.name}`;
        if (!same.isHeld && !row.isHeld && same.raw !== row.raw)
          throw new SimulationFailure("storage", `${names} store ${key} differently: ${row.raw} and ${same.raw}`);
      }
    }
}

/**
 * By key a row is read when it is pushed, and after a lost reply once more: its values may be newer then, and another entry follows.
 * A push that is repeated after an update of the app, in which rows of the table have begun or ceased to merge whole, is put together
 * of the same edits in another way: an INSERT may stand where an edit of the new row did, or the reverse.
 */
function checkStamps({ app }: World, entries: readonly Written[]): void {
  const byKey = new Set(app.model.tables.filter(({ capture }) => capture === "keys").map(({ name }) => name));
  const modesOf = (table: string): ReadonlySet<string> =>
    new Set(
      app.versions.flatMap(({ model }) =>
        model.tables.filter(({ name }) => app.names?.table(name) === table).map(({ conflicts }) => conflicts),
      ),
    );
  const changing = new Set(app.model.tables.map(({ name }) => name).filter((name) => modesOf(name).size > 1));
  const seen = new Map<string, string>();
  const check = (clock: string, content: string): void => {
    if (seen.has(clock) && seen.get(clock) !== content)
      throw new SimulationFailure("unique stamps", `two entries have the stamp ${clock}: ${seen.get(clock) ?? ""} and ${content}`);
    seen.set(clock, content);
  };
  for (const { clock, key, op, table, columns, values, isRule } of entries) {
    if (clock[0] === 0) continue;
    const [stamp, author] = clock;
    // What is told again, because others may have forgotten it, tells a row's registers, not the edits that they came from.
    if (isRule && seen.has(`${stamp} of ${author} is of`)) continue;
    check(`${stamp} of ${author} is of`, key);
    check(`${stamp} of ${author}`, JSON.stringify([key, changing.has(table) && op !== "DELETE" ? "written" : op]));
    // A push that is repeated may stand for more edits by then: what it wrote at this stamp is the same.
    if (!byKey.has(table)) for (const column of columns) check(`${stamp} of ${author} ${column}`, JSON.stringify(values[column] ?? null));
  }
}

/** What was captured last of each row has reached the log. */
function checkArrived(world: World, { device, lastCaptured, isRestored, app }: Participant, entries: readonly Written[]): void {
  if (isRestored) return;
  const own = entries.filter(({ author }) => author === device.name);
  for (const [key, { op, data }] of lastCaptured) {
    const table = app.model.tables.find(({ name }) => key.startsWith(`${name} `));
    if (table === undefined || table.rowIds === "hidden") continue; // the log has a hash of it
    const values = data === null ? null : (JSON.parse(data) as Readonly<Record<string, unknown>>);
    const arrived = own.some((entry) => entry.key === key && says(entry, op, values, app.names !== null));
    if (!arrived)
      throw new SimulationFailure(
        "lost edit",
        `${device.name}: the last ${op} of ${key} is not among the ${world.server.log.length} entries of the log`,
      );
  }
}

/** Values of local columns, planted by the app, are on their device and in its own tables only. */
function checkCanaries(world: World): void {
  if (JSON.stringify([world.server.log, world.server.snapshots?.texts() ?? []]).includes(CANARY))
    throw new SimulationFailure("canary", "the server has a value of a local column");
  for (const { device } of world.participants)
    for (const table of ["sync_changelog", "sync_row_clock", "sync_held", "sync_conflicts", "sync_state"])
      if (JSON.stringify(device.db.prepare(`SELECT * FROM ${table}`).all()).includes(CANARY))
        throw new SimulationFailure("canary", `${device.name}: ${table} has a value of a local column`);
}

/** Nothing is lost silently: some device has each losing value. */
function checkConflicts(world: World, entries: readonly Written[], oracle: ReadonlyMap<string, OracleRow>): void {
  const kept = new Set<string>();
  for (const { device, seenConflicts } of world.participants)
    for (const { table, rowId, values } of [...device.store.conflicts(100_000), ...seenConflicts])
      for (const [column, value] of Object.entries(values)) kept.add(JSON.stringify([table, rowId, column, value]));
  const firstStamps = new Map(world.participants.map(({ device, firstStamps: stamps }) => [device.name, stamps]));
  const joinedBySnapshot = new Set(
    world.participants.flatMap(({ device }) => (device.store.state.get(SNAPSHOT_DOWNLOAD) === null ? [] : [device.name])),
  );
  for (const { key, column, value, loser, winner } of lostEdits(entries, oracle, firstStamps)) {
    // What a device noticed about its own past is gone with the database that noticed it.
    const isForgotten =
      loser.author === winner.author && Math.max(loser.life, winner.life) < (firstStamps.get(loser.author)?.length ?? 1) - 1;
    if (isForgotten) continue;
    // A database that began anew with a snapshot met what the device had written before in it, merged already.
    if (loser.author === winner.author && loser.life < winner.life && joinedBySnapshot.has(loser.author)) continue;
    // A restored device that has read its own past has seen what it replaces.
    const author = world.participants.find(({ device }) => device.name === winner.author);
    if (loser.author === winner.author && (author?.readAtCapture.get(key) ?? 0) >= loser.seq) continue;
    const table = world.app.model.tables.find(({ name }) => name === loser.table);
    if (table === undefined || table.rowIds === "hidden") continue;
    if (world.begunAnew.has(loser.author) || world.begunAnew.has(winner.author)) continue;
    const rowId = key.slice(table.name.length + 1);
    if (!kept.has(JSON.stringify([table.name, rowId, column, value])))
      throw new SimulationFailure(
        "conflicts",
        `${column} = ${JSON.stringify(value)} of ${key}, by ${described(loser)}, lost against ${described(winner)}, and no device says so`,
      );
  }
}

/** A DELETE that a rule of the merge took back at once is not sent; by key, the row is read when it is pushed. */
function says(entry: Written, op: string, values: Readonly<Record<string, unknown>> | null, hasVersions: boolean): boolean {
  if (op === "DELETE") return true;
  if (values === null) return entry.op !== "DELETE";
  // What an update has taken from the log, or has added to it, was said by the version that is there now.
  if (hasVersions) return Object.entries(values).every(([name, value]) => JSON.stringify(entry.values[name]) === JSON.stringify(value));
  return JSON.stringify(entry.values) === JSON.stringify(values);
}

const described = ({ author, op, clock, seq, seen }: Written): string =>
  `${op} of ${author} at ${clock[0]} (entry ${seq}, had read ${seen ?? "?"})`;
