/**
 * The operating system's keychain: macOS Keychain, Windows Credential Manager, the Secret Service on Linux.
 * On Linux the store is named: left to itself the binding falls back to the kernel's keyring, which forgets
 * everything at the next start.
 */
import type { AsyncEntry } from "@napi-rs/keyring";
import { SyncError } from "../client/errors.ts";
import type { Keychain } from "../keychain/keychain.ts";

export interface OsKeychainOptions {
  /** What the entries are filed under; a keychain viewer shows it. Default `synckit`. */
  readonly service?: string;
}

/** No keychain answers here: no session bus, no service, no binding for this platform. */
const ABSENT = /D-?Bus|Platform failure|no result found|Cannot find native binding|AccessDenied/i;

/** Each call throws `keychain/unavailable` where there is no keychain, `keychain/failed` where it is locked or refuses. */
export function osKeychain(options: OsKeychainOptions = {}): Keychain {
  const service = options.service ?? "synckit";

  async function ask<T>(account: string, work: (entry: AsyncEntry) => Promise<T>): Promise<T> {
    try {
      const { AsyncEntry } = await import("@napi-rs/keyring");
      return await work(new AsyncEntry(service, account, { linux: { store: "secret-service" } }));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : "";
      throw new SyncError(ABSENT.test(message) ? "keychain/unavailable" : "keychain/failed", { cause });
    }
  }

  return {
    async get(account) {
      const secret = await ask(account, (entry) => entry.getSecret());
      return secret === null ? null : Uint8Array.from(secret);
    },
    set: (account, secret) => ask(account, (entry) => entry.setSecret(secret)),
    async delete(account) {
      await ask(account, (entry) => entry.deleteCredential());
    },
  };
}
