/** The keychain of this machine, or what the application chose for machines that have none. Never plain text on disk. */
import { SyncError } from "../client/errors.ts";
import { memoryKeychain, type Keychain } from "../keychain/keychain.ts";
import { openFileKeychain } from "./file-keychain.ts";
import { osKeychain } from "./os-keychain.ts";

export interface OpenKeychainOptions {
  /** What the entries are filed under in the system's keychain. Default `synckit`. */
  readonly service?: string;
  /**
   * Where the system has no keychain. `memory`: the user signs in again after each start. A folder: sealed under
   * the passphrase, which is asked for only then.
   */
  readonly otherwise?: "memory" | { readonly folder: string; readonly passphrase: () => string | Promise<string> };
}

export interface OpenedKeychain {
  readonly keychain: Keychain;
  readonly kind: "system" | "file" | "memory";
}

/** Throws `keychain/unavailable` where there is none and `otherwise` is not given, `keychain/failed` where it is locked. */
export async function openKeychain(options: OpenKeychainOptions = {}): Promise<OpenedKeychain> {
  const system = osKeychain(options.service === undefined ? {} : { service: options.service });
  try {
    await probe(system);
    return { keychain: system, kind: "system" };
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== "keychain/unavailable" || options.otherwise === undefined) throw error;
  }
  if (options.otherwise === "memory") return { keychain: memoryKeychain(), kind: "memory" };
  const { folder, passphrase } = options.otherwise;
  return { keychain: await openFileKeychain({ folder, passphrase: await passphrase() }), kind: "file" };
}

/** Reading a missing entry succeeds where storing one does not (a service without a collection), so one is stored. */
async function probe(keychain: Keychain): Promise<void> {
  await keychain.set("probe", Uint8Array.of(1));
  await keychain.delete("probe");
}
