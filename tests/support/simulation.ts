/**
 * Devices with real SQLite databases and the real engine, a network that loses, repeats and reorders, and
 * clocks that disagree: everything but the clock of the simulation is the product. One seed gives one history.
 */
import Database from "better-sqlite3";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { type AppSpec } from "@synckit-gen/runtime/generated-v1";
import { betterSqlite3Driver } from "../../runtime/src/driver/better-sqlite3.ts";
import type { EntryFormat } from "../../runtime/src/engine/entry.ts";
import { pullChanges, retryQuarantine } from "../../runtime/src/engine/pull.ts";
import { pushChanges } from "../../runtime/src/engine/push.ts";
import type { Relay } from "../../runtime/src/engine/relay.ts";
import { openStore, type Store } from "../../runtime/src/store/store.ts";
import type { PayloadEntry, PulledEntry } from "../../runtime/src/client/entries.ts";
import { openGenerated } from "./generated.ts";
import type { LoadedSpec } from "./load-spec.ts";

/** Small, fast, seedable: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class SimulatedServer {
  readonly log: PulledEntry[] = [];

  append(device: string, entries: readonly PayloadEntry[]): void {
    for (const entry of entries) this.log.push({ ...entry, deviceId: device, seq: this.log.length + 1, failure: null });
  }
}

export interface Faults {
  /** The server stores a push and its reply is lost. */
  readonly loseReply?: boolean;
  readonly pageSize?: number;
  /** Entries of a page arrive in another order; entries may come twice. */
  readonly shuffle?: (page: readonly PulledEntry[]) => readonly PulledEntry[];
  /** Stop after this many pages, as if the connection broke. */
  readonly maxPages?: number;
}

class ConnectionLost extends Error {}

export class SimulatedDevice {
  readonly name: string;
  readonly db: Database.Database;
  readonly store: Store;
  readonly #server: SimulatedServer;
  readonly #format: EntryFormat;
  readonly #nowMs: () => number;

  constructor(name: string, model: SyncModel, loaded: LoadedSpec, server: SimulatedServer, nowMs: () => number, db = openGenerated(model)) {
    this.name = name;
    this.db = db;
    this.#server = server;
    this.#nowMs = nowMs;
    this.store = openStore(betterSqlite3Driver(this.db), loaded.spec, nowMs);
    this.#format = { compat: loaded.spec.compat, tables: this.store.tables, rowHash: (table, rowId) => `hash:${table}:${rowId}` };
  }

  /** One statement of the app. What it captures carries the simulation's time. */
  edit(sql: string, ...parameters: unknown[]): void {
    const last = this.db.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog").pluck().get();
    this.db.prepare(sql).run(...parameters);
    this.db.prepare("UPDATE sync_changelog SET timestamp = ? WHERE id > ?").run(this.#nowMs() * 1000, last);
  }

  async push(faults: Faults = {}): Promise<void> {
    await survive(() => pushChanges(this.store, this.#relay(faults), this.#format, this.name));
  }

  async pull(faults: Faults = {}): Promise<void> {
    await survive(() => pullChanges(this.store, this.#relay(faults), this.#format, this.name));
  }

  retryQuarantine(): Promise<number> {
    return retryQuarantine(this.store, this.#relay({}), this.#format, this.name);
  }

  /** Rows of every synced table, as the app sees them: table and row id to the synced columns. */
  view(spec: AppSpec): ReadonlyMap<string, unknown> {
    const rows = new Map<string, unknown>();
    for (const { name, sql } of spec.tables)
      for (const [rowId, payload] of this.db.prepare(`SELECT ${sql.rowId}, ${sql.payload} FROM "${name}"`).raw().all() as [
        string,
        string,
      ][])
        rows.set(`${name} ${rowId}`, JSON.parse(payload));
    return new Map([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #relay({ loseReply = false, pageSize = 500, shuffle = (page) => page, maxPages = Infinity }: Faults): Relay {
    let pages = 0;
    return {
      pushPayloads: (device, entries) => {
        this.#server.append(device, entries);
        return loseReply ? Promise.reject(new ConnectionLost()) : Promise.resolve(this.#server.log.length);
      },
      pullPayloads: (_device, cursor) => {
        if (pages++ >= maxPages) return Promise.reject(new ConnectionLost());
        const page = this.#server.log.slice(cursor, cursor + pageSize);
        const next = cursor + page.length;
        return Promise.resolve({ entries: shuffle(page), cursor: next, hasMore: next < this.#server.log.length });
      },
    };
  }
}

async function survive(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

/** Syncs all devices until the log stands still and everyone has read it. */
export async function quiesce(server: SimulatedServer, devices: readonly SimulatedDevice[], rounds = 40): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const before = server.log.length;
    for (const device of devices) {
      await device.push();
      await device.pull();
      await device.push();
    }
    if (server.log.length === before && round > 0) return;
  }
  throw new Error(`no quiescence in ${rounds} rounds: the log has ${server.log.length} entries`);
}
