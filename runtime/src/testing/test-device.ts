/** Devices of one account, with the engine, the client and the encryption that an app has; only the server and the clock are made up. */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { driverOf, type DatabaseHandle } from "../driver/driver-of.ts";
import type { Driver } from "../driver/driver.ts";
import type { AppSpec, Migration, TableSpec } from "../generated/spec.ts";
import { openSync } from "../open-sync.ts";
import type { Sync } from "../sync/sync.ts";
import { quoteName } from "../store/quote-name.ts";
import { memoryServer, reliable, type MemoryServer, type Network } from "./memory-server.ts";
import type { Random } from "./random.ts";
import { readTableShape, type TableShape } from "./table-shape.ts";

/** A value for a column, where a made-up one would not do; undefined: a made-up one will do. */
export type SampleValue = (table: string, column: string, random: Random) => SqlValue | undefined;

export interface TestApp {
  readonly spec: AppSpec;
  readonly migrations: readonly Migration[];
  /** A new, empty database with the app's own tables in it, foreign keys on. */
  readonly open: () => DatabaseHandle;
  readonly sampleValue?: SampleValue;
}

export interface TestDevice {
  readonly name: string;
  readonly database: DatabaseHandle;
  readonly driver: Driver;
  readonly sync: Sync;
  readonly network: Network;
  readonly tables: readonly TestTable[];
  /** One statement of the app, at the device's own time. False: a constraint refused it. */
  readonly edit: (sql: string, ...values: readonly SqlValue[]) => boolean;
}

export interface TestTable {
  readonly spec: TableSpec;
  readonly shape: TableShape;
  /** In the database and not in the schema's whitelist: must never leave the device. */
  readonly excluded: readonly string[];
}

export interface TestDevices {
  readonly server: MemoryServer;
  readonly devices: readonly TestDevice[];
  /** Moves the time of all devices. */
  readonly passTime: (ms: number) => void;
  /** Syncs everyone, over a network that works, until nothing moves. Throws where that never comes. */
  readonly settle: () => Promise<void>;
}

export interface DeviceOptions {
  readonly count: number;
  /** How far each device's clock is off, in milliseconds. Default: not at all. */
  readonly skewsMs?: readonly number[];
}

const ENCRYPTION_PASSWORD = "only the test's devices know this";
/** Past this, devices answer one another for ever. */
const MAX_ROUNDS = 40;

export async function openTestDevices(app: TestApp, { count, skewsMs = [] }: DeviceOptions): Promise<TestDevices> {
  const server = memoryServer();
  let nowMs = Date.UTC(2030, 0, 1);
  const devices: TestDevice[] = [];
  for (let index = 0; index < count; index++) {
    const device = openDevice(app, server, `device ${index + 1}`, () => nowMs + (skewsMs[index] ?? 0));
    await device.sync.signIn(server.email, server.password);
    if (index === 0) await device.sync.setupEncryptionNew(ENCRYPTION_PASSWORD);
    else await device.sync.setupEncryptionExisting(ENCRYPTION_PASSWORD);
    devices.push(device);
  }
  return {
    server,
    devices,
    passTime: (ms) => void (nowMs += ms),
    async settle() {
      for (const { network } of devices) Object.assign(network, reliable());
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const before = server.log.length;
        for (const { sync } of devices) await sync.syncNow();
        nowMs += 1;
        if (server.log.length === before && round > 0) return;
      }
      throw new Error(`devices do not come to rest: after ${MAX_ROUNDS} rounds the log has ${server.log.length} entries`);
    },
  };
}

function openDevice(app: TestApp, server: MemoryServer, name: string, nowMs: () => number): TestDevice {
  const network = reliable();
  const database = app.open();
  const sync = openSync(app.spec, app.migrations, {
    database,
    deviceName: name,
    platform: "linux",
    serverUrl: server.url,
    apiKey: server.apiKey,
    fetch: server.fetchVia(network),
    clock: { nowMs },
    sleep: async () => undefined,
    argon2id: quickKey,
  });
  const driver = driverOf(database);
  const lastEntry = driver.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog");
  // Triggers ask SQLite for the time; a history that a seed decides has a time of its own.
  const setTime = driver.prepare("UPDATE sync_changelog SET timestamp = ? WHERE id > ?");
  return {
    name,
    database,
    driver,
    sync,
    network,
    tables: app.spec.tables.map((spec) => {
      const shape = readTableShape(driver, spec.name);
      const synced = new Set(spec.columns.map((column) => column.name));
      return { spec, shape, excluded: shape.columns.map((column) => column.name).filter((column) => !synced.has(column)) };
    }),
    edit(sql, ...values) {
      const last = BigInt(Number(lastEntry.get()?.[0]));
      try {
        driver.prepare(sql).run(...values);
      } catch (error) {
        if (driver.constraintOf(error) === null) throw error;
        return false;
      }
      setTime.run(BigInt(nowMs()) * 1000n, last);
      return true;
    },
  };
}

/** In the place of Argon2id, which is slow on purpose. Nothing here is worth guessing. */
async function quickKey({ password, salt, length }: { readonly password: Uint8Array; readonly salt: Uint8Array; readonly length: number }) {
  const digest = await crypto.subtle.digest("SHA-512", Uint8Array.from([...password, ...salt]));
  return new Uint8Array(digest).slice(0, length);
}

/** Rows of every synced table, as their payloads would be: table and row id to JSON. */
export function syncedRows({ driver, tables }: TestDevice): ReadonlyMap<string, string> {
  const rows = tables.flatMap(({ spec }) =>
    driver
      .prepare(`SELECT ${spec.sql.rowId}, ${spec.sql.payload} FROM ${quoteName(spec.name)}`)
      .all()
      .map(([rowId, payload]) => [`${spec.name} ${String(rowId)}`, String(payload)] as const),
  );
  return new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
