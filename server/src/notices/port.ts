/** Word between servers that an account has changes, for the devices that wait for it. It says nothing of what they are. */
import type { Scope } from "../storage/port.ts";

/** Null: nobody's push, but something may have been missed in a break. */
export type Listener = (deviceId: string | null) => void;

export interface Notices {
  /**
   * Tells the listeners of every server of the data, soon. A notice can be lost with its server; devices also ask by the clock.
   * `deviceId`: whose push it was.
   */
  publish(scope: Scope, deviceId: string): void;
  /** Returns how to stop. */
  subscribe(scope: Scope, listener: Listener): () => void;
  close(): Promise<void>;
}
