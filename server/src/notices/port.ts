/** Word between servers that an account has changes, for the devices that wait for it. It says nothing of what they are. */
import type { Scope } from "../storage/port.ts";

export interface Notices {
  /** Tells the listeners of every server of the data, soon. A notice can be lost with its server; devices also ask by the clock. */
  publish(scope: Scope): void;
  /** `listener` may be told without cause: after a break in which it may have missed something. Returns how to stop. */
  subscribe(scope: Scope, listener: () => void): () => void;
  close(): Promise<void>;
}
