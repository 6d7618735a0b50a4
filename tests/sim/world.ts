/** The devices of a run, what the steps of a plan do to them, and what can be seen of them afterwards. */
import { RowRefusedError } from "@synckit-gen/runtime";
import type Database from "better-sqlite3";
import type { Table } from "@synckit-gen/schemas/model";
import { localColumns, syncedColumns } from "@synckit-gen/schemas/model";
import type { PulledEntry } from "../../runtime/src/client/entries.ts";
import type { Conflict } from "../../runtime/src/store/conflicts.ts";
import { SimulatedSnapshots } from "../support/simulated-snapshots.ts";
import { type Faults, quiesce, SimulatedDevice, SimulatedServer } from "../support/simulation.ts";
import { AppUser, quoted } from "./actions.ts";
import type { Action, Plan, PlannedAction, Step, Weather } from "./plan.ts";
import { type App, openFile } from "./pool.ts";
import { isAlive, mergeLog, readLog, rowKey } from "./oracle.ts";
import { seededRandom } from "./random.ts";
import { SimulationFailure } from "./failure.ts";
import { FIRST_OF_LIVES, FIRST_OF_LONG_TIMES } from "./schema.ts";

const START_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const CLEAR: Weather = { pageSize: 500 };

/** One device of a run: the engine's device, its user, and what a check wants to know later. */
export class Participant {
  readonly device: SimulatedDevice<Database.Database>;
  /** Its version of the app. */
  app: App;
  user: AppUser;
  skewMs: number;
  hasJoined = false;
  isRestored = false;
  /** By life of its database, the latest stamp that it had at its beginning. */
  readonly firstStamps = [0];
  backup: Buffer | null = null;
  /** Conflicts that its user has looked at. */
  readonly seenConflicts: Conflict[] = [];
  /** Per row, the last thing that was captured here: it must reach the server. */
  readonly lastCaptured = new Map<string, { readonly op: string; readonly data: string | null }>();
  /** Per row, how far the device had read when that was captured. Its entries say less of it until it has read the whole log once. */
  readonly readAtCapture = new Map<string, number>();

  constructor(name: string, app: App, server: SimulatedServer, skewMs: number, nowMs: () => number) {
    this.app = app;
    this.skewMs = skewMs;
    this.user = new AppUser(app.model, name);
    this.device = new SimulatedDevice(
      name,
      app.model,
      app.loaded,
      server,
      () => nowMs() + this.skewMs,
      app.open(),
      app.versions.length > 0,
    );
  }

  /** The version that is so much later, or the last. */
  async upgrade(by: number, crashAt?: number): Promise<void> {
    const { versions } = this.app;
    const next = versions[Math.min(versions.indexOf(this.app) + by, versions.length - 1)];
    if (next === undefined || next === this.app) return;
    this.app = next;
    this.user = new AppUser(next.model, this.device.name, this.user);
    await this.device.upgrade(next.loaded, crashAt === undefined ? {} : { crashAt });
  }

  /** What its user does in this version. */
  inVersion(action: PlannedAction): Action {
    const version = this.app.versions.indexOf(this.app);
    return version < 1 ? action : (action.later?.[version - 1] ?? action);
  }
}

export class World {
  /** The last version of it. */
  readonly app: App;
  readonly server = new SimulatedServer();
  readonly participants: readonly Participant[];
  /** The log has lost entries: what devices say again of them is not what was said first. */
  isServerRestored = false;
  /**
   * Update-only tables hold what the app fetches, alike everywhere, and edits that are told. Edits that were given up, or
   * made while sync was off, stay there, and nobody hears of them.
   */
  overlaysDiffer = false;
  /** Devices that started over, or had sync taken off: what they know of the log begins anew, and so do their conflicts. */
  readonly begunAnew = new Set<string>();
  /** Long enough, perhaps, for deleted rows to be forgotten. */
  havePassedMonths = false;
  #serverBackup: readonly PulledEntry[] = [];
  #nowMs = START_MS;

  constructor(app: App, plan: Plan) {
    this.app = app.versions.at(-1) ?? app;
    if (app.number >= FIRST_OF_LIVES) this.server.snapshots = new SimulatedSnapshots();
    if (app.number >= FIRST_OF_LONG_TIMES) this.server.nowMs = () => this.#nowMs;
    this.participants = plan.skewsMs.map((skew, index) => new Participant(`device-${index}`, app, this.server, skew, () => this.#nowMs));
  }

  async step(step: Step): Promise<void> {
    if (step.kind === "deliver") return this.server.deliver();
    if (step.kind === "wait") return this.#wait(step.days);
    if (!("device" in step)) return this.#serverFile(step.kind);
    const participant = this.participants[step.device];
    if (participant === undefined) return; // a run that is being shrunk
    const { device } = participant;
    switch (step.kind) {
      case "existing":
        if (participant.hasJoined) return;
        this.#edit(participant, [step.action], "each");
        device.db.exec("DELETE FROM sync_changelog"); // written before there were triggers
        participant.lastCaptured.clear();
        return;
      case "edit":
        this.#nowMs += step.tickMs;
        return this.#edit(participant, step.actions, step.end);
      case "sync":
        this.#nowMs += step.tickMs;
        return this.#sync(participant, step.parts, step.weather);
      case "clock":
        participant.skewMs += step.deltaMs;
        return;
      case "cleanup":
        return void device.store.cleanup();
      case "take-back":
      case "dismiss": {
        const conflicts = device.store.conflicts(1_000);
        const conflict = conflicts[Math.floor(step.conflict * conflicts.length)];
        if (conflict === undefined) return;
        if (step.kind === "take-back") return this.#app(participant, () => takeBack(participant, conflict));
        participant.seenConflicts.push(conflict);
        return void device.store.dismissConflict(conflict.id);
      }
      case "backup":
        participant.backup = device.db.serialize();
        return;
      case "restore":
        if (participant.backup === null) return;
        participant.isRestored = true; // what it had not pushed is gone
        device.replaceDatabase(openFile(participant.backup));
        participant.firstStamps.push(device.db.prepare(LATEST_STAMP).pluck().get() as number);
        return;
      case "upgrade":
        return participant.upgrade(step.by, step.crashAt);
      case "upload-snapshot":
        await this.#attached(participant);
        return device.uploadSnapshot(faultsOf(step.weather, () => this.#edit(participant, step.weather.meanwhile ?? [], "each")));
      case "start-over":
        await this.#attached(participant);
        participant.hasJoined = true;
        return this.#givingUp(participant, (faults) => device.startOver(step.force, faults), step.weather);
      case "detach":
        return this.#detach(participant, step.force, step.weather);
      case "replace-server":
        return this.#replaceServer(participant, step.weather);
      case "return":
        return this.#return(participant);
    }
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Before what was noticed is forgotten, somebody has looked at it: conflicts, and entries that could not be opened. */
  async #wait(days: number): Promise<void> {
    this.server.deliver(); // no request is on its way for days
    for (const { device, seenConflicts } of this.participants) {
      await device.retryQuarantine();
      seenConflicts.push(...device.store.conflicts(100_000));
    }
    this.#nowMs += days * DAY_MS;
    this.havePassedMonths = true;
  }

  async #return(participant: Participant): Promise<void> {
    const { device } = participant;
    if (device.store.isDetached() || !device.isAwayTooLong()) return;
    await this.#givingUp(participant, (faults) => device.startOver(true, faults), CLEAR);
  }

  async settle(): Promise<void> {
    this.server.deliver();
    this.#nowMs += 1_000;
    const isAsProduct = this.server.nowMs !== null;
    for (const participant of this.participants) await this.#sync(participant, isAsProduct ? "cycle" : "all", CLEAR);
    for (const participant of this.participants) await participant.upgrade(Infinity);
    for (const participant of this.participants) await this.#return(participant);
    for (const { device } of this.participants) await device.retryQuarantine();
    const devices = this.participants.map(({ device }) => device);
    await (isAsProduct ? quiesce(this.server, devices, (device) => device.cycle()) : quiesce(this.server, devices));
  }

  /** What the device had not pushed, and has not afterwards, nobody will hear of. */
  async #givingUp(participant: Participant, work: (faults: Faults) => Promise<void>, weather: Weather): Promise<void> {
    const { device, lastCaptured } = participant;
    const before = new Set(this.#pendingRows(participant));
    const faults = faultsOf(weather, () => {
      this.#edit(participant, weather.meanwhile ?? [], "each");
      for (const row of this.#pendingRows(participant)) before.add(row);
    });
    await work(faults);
    this.begunAnew.add(device.name);
    const after = new Set(this.#pendingRows(participant));
    for (const row of before)
      if (!after.has(row)) {
        lastCaptured.delete(row);
        this.overlaysDiffer = true;
      }
  }

  /** Rows of which something is not pushed. */
  #pendingRows({ device }: Participant): readonly string[] {
    const rows = device.db.prepare("SELECT DISTINCT table_name, row_id FROM sync_changelog WHERE pushed IN (0, 2)").raw().all();
    return (rows as [string, string][]).map(([table, rowId]) => this.#present(table, rowId));
  }

  async #detach(participant: Participant, force: boolean, weather: Weather): Promise<void> {
    const { device, seenConflicts } = participant;
    if (!participant.hasJoined) return;
    const rows = tableRowsOf(participant);
    const conflicts = device.store.conflicts(100_000);
    await this.#givingUp(participant, (faults) => device.detach(force, faults), weather);
    if (device.store.isDetached()) seenConflicts.push(...conflicts);
    if (tableRowsOf(participant) !== rows) throw new SimulationFailure("detach", `${device.name}: taking sync off has changed rows`);
  }

  /** As the product does before it asks the server for anything. */
  async #attached({ device }: Participant): Promise<void> {
    if (device.store.isDetached()) await device.attach();
  }

  async #replaceServer(participant: Participant, weather: Weather): Promise<void> {
    await this.#attached(participant);
    const { device } = participant;
    participant.hasJoined = true;
    const isDone = await device.replaceServer(faultsOf(weather, () => this.#edit(participant, weather.meanwhile ?? [], "each")));
    if (!isDone || weather.damage !== undefined) return;
    await device.push();
    if (device.store.heldCount() === 0 && this.app.names === null) this.#checkReplaced(participant);
  }

  /** What the log says now is what the device has. */
  #checkReplaced(participant: Participant): void {
    const { model } = this.app;
    const here = rowsOn(participant);
    const there = mergeLog(readLog(this.server.log, model, this.server.lives), model);
    for (const table of model.tables) {
      if (table.apply === "update" || table.deletes === "ignore") continue;
      const alive = [...there.values()].filter((row) => row.table === table.name && isAlive(row)).map(({ key }) => key);
      const own = [...here.keys()].filter((key) => key.startsWith(`${table.name} `));
      const difference = [...alive.filter((key) => !here.has(key)), ...own.filter((key) => !alive.includes(key))];
      if (difference.length > 0)
        throw new SimulationFailure(
          "replaced server",
          `${participant.device.name} has replaced the server, and they differ in ${difference.join(", ")}`,
        );
    }
  }

  close(): void {
    for (const { device } of this.participants) device.db.close();
  }

  #serverFile(kind: "server-backup" | "server-restore"): void {
    if (kind === "server-backup") {
      this.#serverBackup = [...this.server.log];
      return;
    }
    this.isServerRestored = true;
    this.server.log.splice(0, Infinity, ...this.#serverBackup);
  }

  #edit(participant: Participant, planned: readonly PlannedAction[], end: "each" | "commit" | "rollback"): void {
    const { device, user } = participant;
    const actions = planned.map((action) => participant.inVersion(action));
    if (device.store.isDetached()) this.overlaysDiffer = true;
    this.#app(participant, () => {
      if (end === "each") {
        for (const action of actions) user.act(device.db, action);
        return;
      }
      device.db.exec("BEGIN");
      for (const action of actions) user.act(device.db, action);
      if (device.db.inTransaction) device.db.exec(end === "commit" ? "COMMIT" : "ROLLBACK");
    });
  }

  #app(participant: Participant, work: () => void): void {
    const { db } = participant.device;
    const last = db.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog").pluck().get();
    const cursor = participant.device.store.state.getNumber("pull_cursor", 0);
    participant.device.app(work);
    for (const [table, rowId, op, data] of db
      .prepare("SELECT table_name, row_id, op, data FROM sync_changelog WHERE id > ? ORDER BY id")
      .raw()
      .all(last) as [string, string, string, string | null][]) {
      participant.lastCaptured.set(this.#present(table, rowId), { op, data: this.#presentData(table, data) });
      participant.readAtCapture.set(this.#present(table, rowId), cursor);
    }
  }

  /** A row under the names of the last version, or under its own where that has none. */
  #present(table: string, rowId: string): string {
    return `${this.app.names?.table(table) ?? table} ${rowId}`;
  }

  #presentData(table: string, data: string | null): string | null {
    const { names } = this.app;
    const present = names?.table(table) ?? null;
    if (names === null || present === null || data === null) return data;
    const values = Object.entries(JSON.parse(data) as Record<string, unknown>);
    return JSON.stringify(
      Object.fromEntries(values.flatMap(([column, value]) => [names.column(present, column) ?? []].flat().map((name) => [name, value]))),
    );
  }

  async #sync(participant: Participant, parts: "cycle" | "all" | "push" | "pull", weather: Weather): Promise<void> {
    const { device } = participant;
    const before = localValues(participant);
    const read = device.store.state.getNumber("pull_cursor", 0);
    const lastEntry = device.db.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog").pluck().get();
    let isBusy = false;
    const faults = faultsOf(weather, () => {
      isBusy = true;
      this.#edit(participant, weather.meanwhile ?? [], "each");
    });
    participant.hasJoined = true;
    await this.#attached(participant);
    const isWhole = parts === "cycle" ? await device.cycle(faults) : await inParts(device, parts, faults);
    if (isBusy) return;
    const unstamped = device.db.prepare("SELECT count(*) FROM sync_changelog WHERE stamp IS NULL").pluck().get();
    const tooOld = JSON.parse(device.store.state.get("too_old") ?? "[]") as readonly string[];
    const isOutdated = tooOld[0] === device.store.state.get("model_hash");
    if (isWhole && weather.crashAt === undefined && unstamped !== 0 && !isOutdated)
      throw new SimulationFailure("echo", `${device.name} captured ${String(unstamped)} entries while it synced`);
    // A row that was deleted and made again, one page after the other, is another row; so is one that a rule here deleted.
    const ruled = device.db.prepare("SELECT table_name, row_id FROM sync_changelog WHERE id > ? AND op = 'DELETE'").raw().all(lastEntry);
    const deleted = new Set([
      ...this.server.log
        .slice(this.isServerRestored ? 0 : read)
        .filter(({ op }) => op === "DELETE")
        .map(({ table, rowId }) => this.#present(table, rowId.replace(`hash:${table}:`, ""))), // of a hidden row id, what it was made of
      ...(ruled as [string, string][]).map(([table, rowId]) => this.#present(table, rowId)),
    ]);
    for (const [key, values] of localValues(participant)) {
      const [table = "", rowId = ""] = JSON.parse(key) as string[];
      if (deleted.has(this.#present(table, rowId))) continue;
      const was = before.get(key);
      if (was !== undefined && was !== values)
        throw new SimulationFailure("local columns", `${device.name}: sync changed local columns of ${key}: ${was} is now ${values}`);
    }
  }
}

/** False: less than a push, a pull and a push. */
async function inParts(device: SimulatedDevice, parts: "all" | "push" | "pull", faults: Faults): Promise<boolean> {
  await device.snapshot();
  if (parts !== "pull") await device.push(faults);
  if (parts !== "push") await device.pull(faults);
  if (parts === "all") await device.push();
  return parts === "all";
}

/** Every row of the app's tables, as one text. */
const tableRowsOf = ({ device, app }: Participant): string =>
  app.model.tables
    .map(({ name }) =>
      JSON.stringify(
        device.db
          .prepare(`SELECT rowid, * FROM ${quoted(name)} ORDER BY rowid`)
          .raw()
          .all(),
      ),
    )
    .join("\n");

/** What a row refers to may be gone meanwhile: then the conflict stays. */
function takeBack({ device, seenConflicts }: Participant, conflict: Conflict): void {
  try {
    device.store.takeBack(device.name, conflict.id);
    seenConflicts.push(conflict);
  } catch (error) {
    if (!(error instanceof RowRefusedError)) throw error;
  }
}

function faultsOf(weather: Weather, meanwhile: () => void): Faults {
  const { push, pageSize, maxPages, shuffle, repeat, crashAt, damage } = weather;
  const random = seededRandom(shuffle ?? 0);
  const harm = seededRandom(damage ?? 0);
  const arriving = (entry: PulledEntry): PulledEntry =>
    damage !== undefined && harm.chance(0.2) ? { ...entry, payload: null, failure: "decryption" } : entry;
  return {
    pageSize,
    ...(push === undefined ? {} : { push }),
    ...(maxPages === undefined ? {} : { maxPages }),
    ...(crashAt === undefined ? {} : { crashAt }),
    ...(weather.meanwhile === undefined ? {} : { meanwhile }),
    shuffle: (page: readonly PulledEntry[]) => {
      const order =
        shuffle === undefined
          ? page
          : page
              .map((entry) => ({ entry, at: random.next() }))
              .toSorted((a, b) => a.at - b.at)
              .map(({ entry }) => entry);
      return (repeat === true ? [...order, ...page] : order).map(arriving);
    },
  };
}

/** Entries that were not stamped yet get stamps past this device's last one, or their time. */
const LATEST_STAMP = `SELECT max(
    coalesce((SELECT CAST(value AS INTEGER) FROM sync_state WHERE key = 'last_stamp'), 0), coalesce(max(timestamp), 0), coalesce(max(stamp), 0)
  ) + count(*) - count(stamp) FROM sync_changelog`;

/** Local columns by row: only this device's user may change them. */
function localValues({ device, app }: Participant): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  for (const table of app.model.tables) {
    const columns = localColumns(table);
    if (columns.length === 0) continue;
    const sql = `SELECT ${columns.map(({ name }) => quoted(name)).join(", ")}, ${identitySql(app, table)} FROM ${quoted(table.name)}`;
    for (const row of device.db.prepare(sql).raw().all() as unknown[][])
      rows.set(JSON.stringify([table.name, row.at(-1)]), JSON.stringify(row.slice(0, -1)));
  }
  return rows;
}

const identitySql = (app: App, table: Table): string => {
  const spec = app.loaded.spec.tables.find(({ name }) => name === table.name);
  if (spec === undefined) throw new Error(`run: the spec has no table ${table.name}`);
  return spec.sql.rowId;
};

/** One synced row on one device: as a payload has it, and byte for byte as SQLite has it. */
export interface SeenRow {
  readonly values: Readonly<Record<string, unknown>>;
  readonly raw: string;
  readonly isHeld: boolean;
}

/** What a device has of every synced row: in its tables, or held. Dead rows that stay in their tables for others' sake are none of these. */
export function rowsOn({ device, app }: Participant): ReadonlyMap<string, SeenRow> {
  const rows = new Map<string, SeenRow>();
  for (const table of app.model.tables) {
    const spec = app.loaded.spec.tables.find(({ name }) => name === table.name);
    if (spec === undefined) throw new Error(`run: the spec has no table ${table.name}`);
    const raw = syncedColumns(table).map(
      ({ name }) =>
        `typeof(${quoted(name)}) || CASE typeof(${quoted(name)}) WHEN 'text' THEN hex(${quoted(name)}) ELSE quote(${quoted(name)}) END`,
    );
    for (const [rowId, payload, bytes] of device.db
      .prepare(
        `SELECT ${spec.sql.rowId}, ${spec.sql.payload}, ${raw.join(" || ' ' || ")} FROM ${quoted(table.name)}
         WHERE ${spec.sql.rowId} NOT IN (SELECT held.row_id FROM sync_held AS held WHERE held.table_name = ? AND held.reason = 'children')`,
      )
      .raw()
      .all(table.name) as [string, string, string][]) {
      const values = JSON.parse(payload) as Record<string, unknown>;
      rows.set(rowKey(table, rowId, values), { values, raw: bytes, isHeld: false });
    }
    const held = device.db.prepare(
      "SELECT row_id, data FROM sync_row_clock JOIN sync_held USING (table_name, row_id) WHERE table_name = ? AND alive = 1 AND data IS NOT NULL AND reason <> 'missing'",
    );
    for (const [rowId, data] of held.raw().all(table.name) as [string, string][]) {
      const values = JSON.parse(data) as Record<string, unknown>;
      rows.set(rowKey(table, rowId, values), {
        values: Object.fromEntries(syncedColumns(table).map(({ name }) => [name, values[name]])),
        raw: "",
        isHeld: true,
      });
    }
  }
  return rows;
}
