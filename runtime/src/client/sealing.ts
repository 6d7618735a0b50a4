/** Entries to and from their wire form: seals what leaves, opens what arrives. */
import { limits, type PulledChange, type WireChange } from "@synckit-gen/schemas/protocol";
import type { PayloadCipher } from "../crypto/payload.ts";
import type { ChangeEntry, JsonValue, PayloadEntry, PulledEntry, RichChangeEntry } from "./entries.ts";
import { DecryptionError, SyncError, type DecryptionFailure } from "./errors.ts";

/** Characters of base64 that hold a nonce of 12 bytes. */
const NONCE_LENGTH = 16;

export function sealEntries(cipher: PayloadCipher, entries: readonly PayloadEntry[]): readonly WireChange[] {
  return entries.map(({ table, op, rowId, timestamp, payload }) => {
    const data = payload === null ? null : cipher.seal(payload);
    if (data !== null && data.length > limits.MAX_ENTRY_BYTES) throw new SyncError("entry/too-large", { entry: { table, rowId } });
    return { table, op, rowId, timestamp, data };
  });
}

export function openEntries(cipher: PayloadCipher, changes: readonly PulledChange[]): readonly PulledEntry[] {
  return changes.map(({ data, ...change }) => ({ ...change, ...openData(cipher, data), nonce: data?.slice(0, NONCE_LENGTH) ?? null }));
}

/** A failure says why there is no payload although there was data. */
export function openData(
  cipher: PayloadCipher,
  data: string | null,
): { readonly payload: string | null; readonly failure: DecryptionFailure | null } {
  if (data === null) return { payload: null, failure: null };
  try {
    return { payload: cipher.open(data), failure: null };
  } catch (error) {
    if (error instanceof DecryptionError) return { payload: null, failure: error.reason };
    throw error;
  }
}

export function toPayloadEntry({ data, ...entry }: ChangeEntry): PayloadEntry {
  return { ...entry, payload: data === null ? null : JSON.stringify(data) };
}

export function toChangeEntry({ table, op, rowId, timestamp, payload, failure }: PulledEntry): ChangeEntry {
  if (failure !== null) throw new DecryptionError(failure);
  return { table, op, rowId, timestamp, data: payload === null ? null : parsePayload(payload) };
}

export function toRichChangeEntry(entry: PulledEntry): RichChangeEntry {
  return { ...toChangeEntry(entry), deviceId: entry.deviceId, seq: entry.seq };
}

function parsePayload(payload: string): JsonValue {
  try {
    return JSON.parse(payload) as JsonValue;
  } catch {
    throw new SyncError("entry/undecryptable", { detail: "opened, but not JSON" }); // without a cause: it would quote the row
  }
}
