/** Connectivity of the platform that runs this. */
import type { Connectivity } from "./scheduler.ts";

interface Page {
  readonly navigator?: { readonly onLine?: boolean };
  readonly addEventListener?: (name: string, listener: () => void) => void;
  readonly removeEventListener?: (name: string, listener: () => void) => void;
}

/** What a browser says. Elsewhere always online: a cycle finds out. */
export function connectivityOf(page: Page): Connectivity {
  return {
    isOnline: () => page.navigator?.onLine !== false,
    subscribe(listener) {
      const names = ["online", "offline"];
      for (const name of names) page.addEventListener?.(name, listener);
      return () => {
        for (const name of names) page.removeEventListener?.(name, listener);
      };
    },
  };
}

export const platformConnectivity: Connectivity = connectivityOf(globalThis as Page);
