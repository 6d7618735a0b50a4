/** Who waits for which account in this process. */

export interface Listeners {
  add(account: string, listener: () => void): () => void;
  tell(account: string): void;
  tellAll(): void;
}

export function createListeners(): Listeners {
  const byAccount = new Map<string, Set<() => void>>();
  const tell = (account: string): void => {
    // A copy: a listener may stop listening when it is told.
    for (const listener of [...(byAccount.get(account) ?? [])]) listener();
  };
  return {
    add: (account, listener) => {
      // Wrapped, so that one function may be given twice.
      const mine = (): void => listener();
      const listeners = byAccount.get(account) ?? new Set();
      byAccount.set(account, listeners.add(mine));
      return () => {
        listeners.delete(mine);
        if (listeners.size === 0 && byAccount.get(account) === listeners) byAccount.delete(account);
      };
    },
    tell,
    tellAll: () => {
      for (const account of [...byAccount.keys()]) tell(account);
    },
  };
}
