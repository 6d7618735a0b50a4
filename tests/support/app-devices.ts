/** Devices as applications have them: `openSync` over a database of their own, and a real server on loopback. */
import { openSync, type BlobOptions, type Driver, type Keychain, type Sync, type Timers } from "@synckit-gen/runtime";
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { EmbeddedServer } from "@synckit-gen/server";
import { driverOver, openGenerated, type TestDatabase } from "./drivers.ts";
import type { LoadedSpec } from "./load-spec.ts";

export interface AppDevice {
  readonly db: TestDatabase;
  readonly sync: Sync;
  /** The row ids and payloads of one table, as JSON texts. */
  readonly rows: (table: string) => readonly (readonly [string, string])[];
}

export interface AppDeviceOptions {
  readonly name: string;
  /** Default: a new one, in memory, with the model's tables. */
  readonly db?: TestDatabase;
  /** Default: one for `db`. */
  readonly driver?: Driver;
  /** Default: its files do not sync. */
  readonly blobs?: BlobOptions;
  readonly fetch?: typeof fetch;
  /** Default: none. */
  readonly keychain?: Keychain;
  readonly nowMs?: () => number;
  /** Default: does not wait. */
  readonly sleep?: (ms: number) => Promise<void>;
  readonly timers?: Timers;
}

const ENCRYPTION_PASSWORD = "only the devices know this";

/** Not signed in. */
export function openAppDevice(
  server: { readonly url: string; readonly apiKey: string },
  model: SyncModel,
  { spec, migrations }: LoadedSpec,
  { name, db = openGenerated(model), driver = driverOver(db), nowMs, sleep = () => Promise.resolve(), ...ports }: AppDeviceOptions,
): AppDevice {
  const sync = openSync(spec, migrations, {
    database: driver,
    deviceName: name,
    platform: "linux",
    serverUrl: server.url,
    apiKey: server.apiKey,
    argon2id: quickKey,
    sleep,
    ...ports,
    ...(nowMs === undefined ? {} : { clock: { nowMs } }),
  });
  return {
    db,
    sync,
    rows(table) {
      const of = spec.tables.find((candidate) => candidate.name === table);
      if (of === undefined) throw new Error(`openAppDevice: no synced table ${table}`);
      return db.prepare(`SELECT ${of.sql.rowId}, ${of.sql.payload} FROM "${table}" ORDER BY 1`).raw().all() as [string, string][];
    },
  };
}

export async function signIn({ sync }: AppDevice, account: Pick<EmbeddedServer, "email" | "password">): Promise<void> {
  await sync.signIn(account.email, account.password);
  if (await sync.client.hasServerKey()) await sync.setupEncryptionExisting(ENCRYPTION_PASSWORD);
  else await sync.setupEncryptionNew(ENCRYPTION_PASSWORD);
}

/** In the place of Argon2id, which is slow on purpose. */
async function quickKey({ password, salt, length }: { readonly password: Uint8Array; readonly salt: Uint8Array; readonly length: number }) {
  const digest = await crypto.subtle.digest("SHA-512", Uint8Array.from([...password, ...salt]));
  return new Uint8Array(digest).slice(0, length);
}
