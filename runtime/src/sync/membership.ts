/** Which account and device this database is: one account for good, one device registered with it. */
import type { Platform } from "@synckit-gen/schemas/protocol";
import type { SyncKitClient } from "../client/client.ts";
import { OtherAccountError, SyncError } from "../client/errors.ts";
import type { Migration } from "../generated/spec.ts";
import type { Store } from "../store/store.ts";
import type { SyncOptions } from "./sync.ts";

export interface Membership {
  /** Who is signed in. Throws `auth/not-signed-in`. */
  readonly account: () => string;
  readonly ensureDeviceRegistered: () => Promise<string>;
  /** Asks for the device id of this name, whatever the database knows. */
  readonly register: () => Promise<string>;
  /** Runs `call` with the device id; where the server does not know it any more, registers once more. */
  readonly asDevice: <T>(call: (device: string) => Promise<T>) => Promise<T>;
}

export function createMembership(
  store: Store,
  client: SyncKitClient,
  migrations: readonly Migration[],
  { deviceName, platform }: Pick<SyncOptions, "deviceName" | "platform">,
  onRegistered: () => void,
): Membership {
  const register = async (): Promise<string> => (await client.registerDevice(deviceName, platform ?? platformOf())).id;

  function account(): string {
    const session = client.sessionInfo();
    if (session === null) throw new SyncError("auth/not-signed-in");
    return `${session.appId}:${session.userId}`;
  }

  async function ensureDeviceRegistered(): Promise<string> {
    const current = account();
    const belongsTo = store.state.get("account");
    if (belongsTo !== null && belongsTo !== current) throw new OtherAccountError();
    if (store.isDetached()) store.attach(migrations);
    if (belongsTo === null) store.state.set("account", current);
    const known = store.state.get("device_id");
    if (known !== null) return known;
    const id = await register();
    store.state.set("device_id", id);
    onRegistered();
    return id;
  }

  async function asDevice<T>(call: (device: string) => Promise<T>): Promise<T> {
    const device = await ensureDeviceRegistered();
    try {
      return await call(device);
    } catch (error) {
      if (!(error instanceof SyncError) || error.status !== 404) throw error;
      const again = await register();
      if (again === device) throw error;
      store.state.set("device_id", again);
      return call(again);
    }
  }

  return { account, ensureDeviceRegistered, register, asDevice };
}

function platformOf(): Platform {
  const name = (globalThis as { process?: { platform?: string } }).process?.platform;
  return name === "darwin" ? "macos" : name === "win32" ? "windows" : name === "linux" || name === "android" ? name : "web";
}
