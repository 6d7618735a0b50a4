/** Who waits for which account in this process. */
import type { Listener } from "./port.ts";

export interface Listeners {
  add(account: string, listener: Listener): () => void;
  tell(account: string, deviceId: string | null): void;
  tellAll(): void;
}

export function createListeners(): Listeners {
  const byAccount = new Map<string, Set<Listener>>();
  const tell = (account: string, deviceId: string | null): void => {
    // A copy: a listener may stop listening when it is told.
    for (const listener of [...(byAccount.get(account) ?? [])]) listener(deviceId);
  };
  return {
    add: (account, listener) => {
      // Wrapped, so that one function may be given twice.
      const mine: Listener = (deviceId) => listener(deviceId);
      const listeners = byAccount.get(account) ?? new Set<Listener>();
      byAccount.set(account, listeners.add(mine));
      return () => {
        listeners.delete(mine);
        if (listeners.size === 0 && byAccount.get(account) === listeners) byAccount.delete(account);
      };
    },
    tell,
    tellAll: () => {
      for (const account of [...byAccount.keys()]) tell(account, null);
    },
  };
}
