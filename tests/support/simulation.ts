/**
 * Devices with real SQLite databases and the real engine, a network that loses, repeats and reorders, processes
 * that die at any statement, and clocks that disagree: everything but time and the network is the product.
 */
import type { SyncModel } from "@synckit-gen/schemas/model";
import { isSyncError } from "@synckit-gen/runtime";
import { type AppSpec } from "@synckit-gen/runtime/generated-v1";
import type { Driver } from "../../runtime/src/driver/driver.ts";
import type { EntryFormat } from "../../runtime/src/engine/entry.ts";
import { bootstrap } from "../../runtime/src/engine/bootstrap.ts";
import { noteClock } from "../../runtime/src/engine/correct-clock.ts";
import { type Pulled, runCycle } from "../../runtime/src/engine/cycle.ts";
import { beginStartOver, replaceServer } from "../../runtime/src/engine/life-cycle.ts";
import { applyMigrations } from "../../runtime/src/engine/migrate.ts";
import { pullChanges, replayAfterUpgrade, retryQuarantine } from "../../runtime/src/engine/pull.ts";
import { pushChanges } from "../../runtime/src/engine/push.ts";
import type { Relay } from "../../runtime/src/engine/relay.ts";
import { type SnapshotRelay, uploadSnapshot } from "../../runtime/src/engine/snapshot-upload.ts";
import { openStore, type Store } from "../../runtime/src/store/store.ts";
import type { PayloadEntry, PulledEntry } from "../../runtime/src/client/entries.ts";
import { driverOver, openGenerated, type TestDatabase } from "./drivers.ts";
import type { LoadedSpec } from "./load-spec.ts";
import { SimulatedSnapshots } from "./simulated-snapshots.ts";

export class SimulatedServer {
  readonly log: PulledEntry[] = [];
  /** Null: the server speaks the public protocol and no more. */
  snapshots: SimulatedSnapshots | null = null;
  /** The time that its replies tell. Null: they tell none, and devices go by their own clocks. */
  nowMs: (() => number) | null = null;
  /** Pull requests answered. */
  pulls = 0;
  #sealed = 0;
  /** Requests on their way whose senders have given up waiting. */
  readonly #late: (() => void)[] = [];

  /** By place in the log: in which life of its database its author pushed an entry. A restored backup begins another. */
  readonly lives = new Map<number, number>();

  append(device: string, entries: readonly PayloadEntry[], life = 0): void {
    for (const entry of entries) {
      this.lives.set(this.log.length + 1, life);
      this.log.push({ ...entry, deviceId: device, seq: this.log.length + 1, nonce: String((this.#sealed += 1)), failure: null });
    }
  }
  appendLater(device: string, entries: readonly PayloadEntry[], life: number): void {
    this.#late.push(() => this.append(device, entries, life));
  }
  /** What was on its way arrives. */
  deliver(): void {
    for (const arrive of this.#late.splice(0)) arrive();
  }
}

/** What goes wrong during one push or pull. */
export interface Faults {
  /** The push: never arrives; is stored and its reply lost; arrives long after its sender gave up. */
  readonly push?: "lost" | "reply-lost" | "late";
  /** The server stores a push and its reply is lost. */
  readonly loseReply?: boolean;
  readonly pageSize?: number;
  /** Entries of a page arrive in another order; entries may come twice. */
  readonly shuffle?: (page: readonly PulledEntry[]) => readonly PulledEntry[];
  /** Stop after this many pages, as if the connection broke. */
  readonly maxPages?: number;
  /** The process dies instead of running its n-th SQL statement. */
  readonly crashAt?: number;
  /** The app works on while a request is under way. */
  readonly meanwhile?: () => void;
}

class ConnectionLost extends Error {}
class Crash extends Error {}

/** Of a snapshot, in characters of values: a few rows make several. */
const CHUNK_LENGTH = 120;
const ACCOUNT = "the account";
/** More SQL statements than any call of a test has reason to run. */
const PATIENCE = 300_000;

export class SimulatedDevice<Db extends TestDatabase = TestDatabase> {
  readonly name: string;
  db: Db;
  store: Store;
  /** How often its database was replaced. */
  life = 0;
  #format: EntryFormat;
  readonly #server: SimulatedServer;
  #loaded: LoadedSpec;
  /** The device runs the app's migrations when it starts, as the product does; else its database has had them. */
  readonly #migrates: boolean;
  readonly #nowMs: () => number;
  /** SQL statements until the process dies. */
  #life = Infinity;
  /** SQL statements until a call is taken for one without an end. */
  #patience = PATIENCE;

  constructor(name: string, model: SyncModel, loaded: LoadedSpec, server: SimulatedServer, nowMs: () => number, db?: Db, migrates = false) {
    this.name = name;
    this.#migrates = migrates;
    this.db = db ?? (openGenerated(model) as Db);
    this.#server = server;
    this.#loaded = loaded;
    this.#nowMs = nowMs;
    [this.store, this.#format] = this.#open();
  }

  /** One statement of the app. What it captures carries the simulation's time. */
  edit(sql: string, ...parameters: unknown[]): void {
    this.app(() => void this.db.prepare(sql).run(...parameters));
  }

  /** Work of the app. What triggers capture of it carries the simulation's time. */
  app(work: () => void): void {
    const last = this.db.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog").pluck().get();
    try {
      work();
    } finally {
      this.db.prepare("UPDATE sync_changelog SET timestamp = ? WHERE id > ?").run(this.#nowMs() * 1000, last);
    }
  }

  async snapshot(faults: Faults = {}): Promise<void> {
    await this.#alive(faults, () => Promise.resolve(void this.store.createInitialSnapshot(this.name)));
  }

  async push(faults: Faults = {}): Promise<void> {
    await this.#alive(faults, () => pushChanges(this.store, this.#relay(faults), this.#format, this.name));
  }

  async pull(faults: Faults = {}): Promise<void> {
    await this.#alive(faults, () => this.#pullThrough(this.#relay(faults)));
  }

  /** What the product's `sync()` does. False: it did not come to its end. */
  cycle(faults: Faults = {}): Promise<boolean> {
    return this.#alive(faults, async () => {
      const relay = this.#relay(faults);
      const push = (): Promise<number> => pushChanges(this.store, relay, this.#format, this.name);
      await runCycle(this.store, this.name, { push, pull: () => this.#pullThrough(relay) });
      this.store.cleanup();
    });
  }

  async #pullThrough(relay: Relay & SnapshotRelay): Promise<Pulled> {
    const hasSnapshots = this.#server.snapshots !== null;
    const bootstrapped = hasSnapshots ? await bootstrap(this.store, relay, this.#format, this.name, () => {}) : 0;
    return { ...(await pullChanges(this.store, relay, this.#format, this.name)), bootstrapped };
  }

  /** Of what is here, after a push and a pull, as the product does it. */
  async uploadSnapshot(faults: Faults = {}): Promise<void> {
    await this.#alive(faults, async () => {
      const relay = this.#relay(faults);
      const store: Store = { ...this.store, exportRows: (device, place) => this.store.exportRows(device, place, CHUNK_LENGTH) };
      const sync = async (): Promise<void> => {
        await pushChanges(this.store, relay, this.#format, this.name);
        await pullChanges(this.store, relay, this.#format, this.name);
      };
      await uploadSnapshot({ store, relay, device: this.name, sync, report: () => {} });
    });
  }

  /** Begins to; pulls do the rest. What the engine refuses is refused. */
  async startOver(force: boolean, faults: Faults = {}): Promise<void> {
    await this.#alive(faults, async () => {
      this.store.state.set("account", ACCOUNT);
      await beginStartOver(this.store, this.#relay(faults), { device: this.name, account: ACCOUNT, force }).catch(ifRefused);
    });
  }

  /** False: it did not come to its end. */
  replaceServer(faults: Faults = {}): Promise<boolean> {
    return this.#alive(faults, () => replaceServer(this.store, this.#relay(faults), this.#format, this.name));
  }

  async detach(force: boolean, faults: Faults = {}): Promise<void> {
    await this.#alive(faults, () => Promise.resolve(this.store.detach(this.#loaded.migrations, force)));
  }

  async attach(faults: Faults = {}): Promise<void> {
    await this.#alive(faults, () => Promise.resolve(this.store.attach(this.#loaded.migrations)));
  }

  retryQuarantine(): Promise<number> {
    return retryQuarantine(this.store, this.#relay({}), this.#format, this.name);
  }

  /** The app is updated: the next version starts on the device's file. */
  async upgrade(loaded: LoadedSpec, faults: Faults = {}): Promise<void> {
    this.#loaded = loaded;
    await this.#alive(faults, () => {
      [this.store, this.#format] = this.#open();
      return Promise.resolve();
    });
  }

  /** The device's file is replaced, by a backup of it for instance. */
  replaceDatabase(db: Db): void {
    this.db.close();
    this.db = db;
    this.life += 1;
    [this.store, this.#format] = this.#open();
  }

  /** Rows of every synced table that can be named elsewhere, as the app sees them: table and row id to the synced columns. */
  view(spec: AppSpec): ReadonlyMap<string, unknown> {
    const rows = new Map<string, unknown>();
    for (const { name, sql } of spec.tables)
      for (const [rowId, payload] of this.db
        .prepare(`SELECT ${sql.rowId}, ${sql.payload} FROM ${quoted(name)} WHERE (${sql.rowId}) IS NOT NULL`)
        .raw()
        .all() as [string, string][])
        rows.set(`${name} ${rowId}`, JSON.parse(payload));
    return new Map([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A process starts on the device's file. */
  #open(): [Store, EntryFormat] {
    const { spec, migrations } = this.#loaded;
    const driver = this.#mortal(driverOver(this.db));
    if (this.#migrates) applyMigrations(driver, migrations);
    const store = openStore(driver, spec, this.#nowMs);
    if (this.#migrates && store.isDetached()) store.stayDetached(migrations);
    if (this.#migrates) store.state.set("device_id", this.name);
    if (this.#migrates) replayAfterUpgrade(store, spec.modelHash);
    return [store, { compat: spec.compat, tables: store.tables, rowHash: (table, rowId) => `hash:${table}:${rowId}` }];
  }

  /**
   * False: the process died, its connection broke, its version of the app is too old for the log; or, by the time that the
   * server tells, it was away for too long.
   */
  async #alive(faults: Faults, call: () => Promise<unknown>): Promise<boolean> {
    const isTold = this.#hearTime();
    this.#life = faults.crashAt ?? Infinity;
    this.#patience = PATIENCE;
    try {
      await call();
      return true;
    } catch (error) {
      if (error instanceof Crash) this.#restart();
      else if (isSyncError(error) && error.code === "app/outdated") return false;
      else if (isTold && isSyncError(error) && error.code === "device/away-too-long") return false;
      else if (!(error instanceof ConnectionLost)) throw error;
      return false;
    } finally {
      this.#life = Infinity;
    }
  }

  /** By the time that the server tells. */
  isAwayTooLong(): boolean {
    this.#hearTime();
    return this.store.isAwayTooLong();
  }

  #hearTime(): boolean {
    const serverMs = this.#server.nowMs?.() ?? null;
    if (serverMs !== null) noteClock(this.store.state, { clockOffsetMs: () => serverMs - this.#nowMs() });
    return serverMs !== null;
  }

  /** What a dead process leaves: nothing uncommitted, no setting of its connection, nothing in memory. */
  #restart(): void {
    if (this.db.inTransaction) this.db.exec("ROLLBACK");
    this.db.pragma("foreign_keys = ON");
    this.#life = Infinity;
    [this.store, this.#format] = this.#open();
  }

  /** The driver, until the process dies: from then on, no statement runs. */
  #mortal(driver: Driver): Driver {
    const live = <T>(run: () => T): T => {
      if (this.#life <= 0) throw new Crash();
      if (this.#patience <= 0) throw new Error("a call to the engine does not come to an end");
      this.#life -= 1;
      this.#patience -= 1;
      return run();
    };
    return {
      ...driver,
      exec: (sql) => live(() => driver.exec(sql)),
      prepare: (sql) => {
        const { run, get, all } = driver.prepare(sql);
        return {
          run: (...parameters) => live(() => run(...parameters)),
          get: (...parameters) => live(() => get(...parameters)),
          all: (...parameters) => live(() => all(...parameters)),
        };
      },
    };
  }

  #relay({
    push,
    loseReply = false,
    pageSize = 500,
    shuffle = (page) => page,
    maxPages = Infinity,
    meanwhile,
  }: Faults): Relay & SnapshotRelay {
    let pages = 0;
    let isBusy = false;
    const work = (): void => {
      if (!isBusy) meanwhile?.();
      isBusy = true; // once a call: the app does not keep up with the network for ever
    };
    const snapshots = this.#server.snapshots ?? new SimulatedSnapshots();
    /** A request that changes something: it, or the reply to it, may be lost. */
    const sent = async <T>(request: () => Promise<T>): Promise<T> => {
      work();
      if (push === "lost") throw new ConnectionLost();
      const reply = await request();
      if (push !== undefined) throw new ConnectionLost();
      return reply;
    };
    const read = <T>(request: () => Promise<T>): Promise<T> => {
      work();
      return pages++ >= maxPages ? Promise.reject(new ConnectionLost()) : request();
    };
    return {
      hasExtension: (name) => Promise.resolve(name === "snapshots" && this.#server.snapshots !== null),
      newSnapshotId: snapshots.newId,
      snapshot: () => read(() => snapshots.found()),
      snapshotChunk: (place) => read(() => snapshots.chunk(place)),
      putSnapshotChunk: (device, place, text) => sent(() => snapshots.put(device, place, text)),
      completeSnapshot: (device, snapshot, through) => sent(() => snapshots.complete(device, snapshot, through)),
      pushPayloads: (device, entries) => {
        work();
        if (push === "late") this.#server.appendLater(device, entries, this.life);
        else if (push !== "lost") this.#server.append(device, entries, this.life);
        return push !== undefined || loseReply ? Promise.reject(new ConnectionLost()) : Promise.resolve(this.#server.log.length);
      },
      pullPayloads: (_device, cursor) => {
        work();
        if (pages++ >= maxPages) return Promise.reject(new ConnectionLost());
        this.#server.pulls += 1;
        const page = this.#server.log.slice(cursor, cursor + pageSize);
        const next = cursor + page.length;
        return Promise.resolve({ entries: shuffle(page), cursor: next, hasMore: next < this.#server.log.length });
      },
    };
  }
}

const MAX_ROUNDS = 40;

/** Syncs all devices, each as `sync` does it, until the log stands still and everyone has read it. */
export async function quiesce<Device extends SimulatedDevice>(
  server: SimulatedServer,
  devices: readonly Device[],
  sync: (device: Device) => Promise<unknown> = pushPullPush,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = server.log.length;
    for (const device of devices) await sync(device);
    if (server.log.length === before && round > 0) return;
  }
  throw new Error(`no quiescence in ${MAX_ROUNDS} rounds: the log has ${server.log.length} entries`);
}

async function pushPullPush(device: SimulatedDevice): Promise<void> {
  await device.push();
  await device.pull();
  await device.push();
}

const REFUSALS = ["changes/unsynced", "server/empty", "entry/undecryptable"];

/** What a user is asked about first, and may say no to. */
function ifRefused(error: unknown): void {
  if (!isSyncError(error) || !REFUSALS.includes(error.code)) throw error;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
