/** Where a session and a master key outlive the process: the operating system's keychain, behind a port. */

export interface Keychain {
  /** Null: no such account. The caller owns the bytes. */
  get(account: string): Promise<Uint8Array | null>;
  /** Replaces what was there. The bytes are the caller's and may be zeroed once this resolves. */
  set(account: string, secret: Uint8Array): Promise<void>;
  /** Deleting what is not there is no error. */
  delete(account: string): Promise<void>;
}

/** Lasts as long as the process: after a restart the user signs in and enters the password again. */
export function memoryKeychain(): Keychain {
  const secretByAccount = new Map<string, Uint8Array>();
  const forget = (account: string): void => {
    secretByAccount.get(account)?.fill(0);
    secretByAccount.delete(account);
  };
  return {
    async get(account) {
      const kept = secretByAccount.get(account);
      return kept === undefined ? null : new Uint8Array(kept);
    },
    async set(account, secret) {
      const kept = new Uint8Array(secret); // slice() of a Buffer would be the caller's memory
      forget(account);
      secretByAccount.set(account, kept);
    },
    async delete(account) {
      forget(account);
    },
  };
}
