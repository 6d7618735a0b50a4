/** Two installations of the app: how each signs in, how they sync, and whether they hold the same. */
import { createHash } from "node:crypto";
import type { EmbeddedServer } from "@synckit-gen/server";
import { type App, openApp } from "../src/open-app.ts";
import { spec } from "../src/sync/apply.ts";
import { showProgress } from "./progress-bar.ts";

export interface Device extends App {
  readonly name: string;
}

export interface Traffic {
  readonly pushed: number;
  readonly pulled: number;
}

/** The user's second password. The server never sees it: it wraps the key that encrypts the rows. */
const ENCRYPTION_PASSWORD = "correct horse battery staple";

export async function openDevice(name: string, file: string, server: EmbeddedServer): Promise<Device> {
  const app = openApp(file, { serverUrl: server.url, apiKey: server.apiKey, deviceName: name });
  showProgress(name, app.sync);
  await app.sync.signIn(server.email, server.password);
  if (await app.sync.client.hasServerKey()) await app.sync.setupEncryptionExisting(ENCRYPTION_PASSWORD);
  else await app.sync.setupEncryptionNew(ENCRYPTION_PASSWORD);
  return { name, ...app };
}

/** Syncs in turn until a whole round moves nothing. Returns what each device sent and received. */
export async function syncUntilQuiet(devices: readonly Device[]): Promise<ReadonlyMap<Device, Traffic>> {
  const traffic = new Map<Device, Traffic>(devices.map((device) => [device, { pushed: 0, pulled: 0 }]));
  for (let isQuiet = false; !isQuiet;) {
    isQuiet = true;
    for (const device of devices) {
      const report = await device.sync.syncNow();
      if (report.refused.length > 0) throw new Error(`${device.name} refused ${report.refused.length} entries`);
      const before = traffic.get(device) ?? { pushed: 0, pulled: 0 };
      traffic.set(device, { pushed: before.pushed + report.pushed, pulled: before.pulled + report.pulled });
      if (report.pushed + report.pulled > 0) isQuiet = false;
    }
  }
  return traffic;
}

export interface Contents {
  readonly rows: number;
  /** SHA-256 over every synced column of every synced table. */
  readonly digest: string;
}

export function contentsOf({ database }: Device): Contents {
  const tables = spec.tables.map(({ name, identity, columns }) => {
    const list = columns.map((column) => `"${column.name}"`).join(", ");
    return database
      .prepare(`SELECT ${list} FROM "${name}" ORDER BY ${identity.join(", ")}`)
      .raw()
      .all();
  });
  return {
    rows: tables.reduce((sum, rows) => sum + rows.length, 0),
    digest: createHash("sha256").update(JSON.stringify(tables)).digest("hex"),
  };
}
