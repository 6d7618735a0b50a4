/** What the parts of the store share: the tables behind it, its transactions, and the names of what it keeps in the state. */
import type { AppSpec } from "../generated/spec.ts";
import type { DeviceNumbers } from "./devices.ts";
import type { Forgetting } from "./forgetting.ts";
import type { SessionParts } from "./session-scope.ts";
import type { StateStore } from "./state.ts";
import type { Transactions } from "./transactions.ts";

export interface StoreScope extends Transactions {
  readonly spec: AppSpec;
  readonly state: StateStore;
  readonly devices: DeviceNumbers;
  readonly parts: SessionParts;
  readonly memory: Forgetting;
}

export const HIGHEST_CURSOR = "highest_cursor";
export const LAST_STAMP = "last_stamp";
export const PUSH_MARKS = "push_marks";
/** How far the log had come when this device had read it all for the first time. Empty: it has not yet. */
export const FIRST_READ = "first_read";
export const START_OVER = "start_over";

/** Held rows looked at in one transaction. The rest wait for the next one. */
export const MAX_RESOLVED = 10_000;
