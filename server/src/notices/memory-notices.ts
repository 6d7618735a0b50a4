/** Notices within one process: the only one of its data. */
import { accountId } from "../storage/sql/account-id.ts";
import { createListeners } from "./listeners.ts";
import type { Notices } from "./port.ts";

export function createMemoryNotices(): Notices {
  const listeners = createListeners();
  return {
    publish: (scope, deviceId) => listeners.tell(accountId(scope), deviceId),
    subscribe: (scope, listener) => listeners.add(accountId(scope), listener),
    close: async () => {},
  };
}
