/** Entries as callers of the client see them: payload texts for the engine, JSON values for everyone else. */
import type { ChangeOp } from "@synckit-gen/schemas/protocol";
import type { DecryptionFailure } from "./errors.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** One change with its data as a value. */
export interface ChangeEntry {
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  readonly data: JsonValue | null;
}

/** A change as the server stored it. */
export interface RichChangeEntry extends ChangeEntry {
  /** Who pushed it; null where the server does not say. */
  readonly deviceId: string | null;
  /** Its place in the log; null where the server does not say. */
  readonly seq: number | null;
}

/** One change to push. The payload is JSON text, sealed as it is: numbers keep every digit. */
export interface PayloadEntry {
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  readonly timestamp: string;
  readonly payload: string | null;
}

/** One pulled change, opened. `failure` says why `payload` is null although the server sent data. */
export interface PulledEntry {
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  readonly timestamp: string;
  readonly deviceId: string | null;
  readonly seq: number | null;
  readonly payload: string | null;
  /** The beginning of what the server stores, its nonce: another whenever something is sealed. Null: there was nothing to seal. */
  readonly nonce: string | null;
  readonly failure: null | DecryptionFailure;
}
