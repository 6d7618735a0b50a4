/** Sealing what leaves and opening what arrives: payloads as a push carries them. */
import { deepStrictEqual, notStrictEqual } from "node:assert";
import { bytesToBase64 } from "@synckit-gen/schemas/protocol";
import { openEntries, sealEntries } from "../../runtime/src/client/sealing.ts";
import { createPayloadCipher } from "../../runtime/src/crypto/payload.ts";
import { Secret } from "../../runtime/src/crypto/secret.ts";
import { loadSodium } from "../../runtime/src/crypto/sodium.ts";
import { platformRandom } from "../../runtime/src/client/ports.ts";
import type { PayloadEntry } from "../../runtime/src/client/entries.ts";
import { cpuMs, type Part } from "./measure.ts";
import { items, ROWS } from "./workload.ts";

const BATCH = 500;
const TIMESTAMP = "2026-11-23T12:00:00.000000Z";
const names = ["id", "parent_id", "title", "body", "kind", "done", "size", "ratio", "created_at", "due_on"];

const entries: readonly PayloadEntry[] = items.map((row) => ({
  table: "items",
  op: "INSERT",
  rowId: row[0],
  timestamp: TIMESTAMP,
  payload: JSON.stringify(Object.fromEntries(row.map((value, i) => [names[i], typeof value === "bigint" ? Number(value) : value]))),
}));
const batches = Array.from({ length: Math.ceil(ROWS / BATCH) }, (_, n) => entries.slice(n * BATCH, (n + 1) * BATCH));

export const sealing: Part = async () => {
  const cipher = createPayloadCipher(await loadSodium(), Secret.of(platformRandom.bytes(32)), platformRandom);
  const sample = batches[0]!;
  const sealedSample = sealEntries(cipher, sample);
  notStrictEqual(sealedSample[0]!.data, bytesToBase64(new TextEncoder().encode(sample[0]!.payload ?? "")));
  const pulled = (changes: typeof sealedSample) => changes.map((change) => ({ ...change, deviceId: "d", seq: 1 }));
  deepStrictEqual(
    openEntries(cipher, pulled(sealedSample)).map(({ payload }) => payload),
    sample.map(({ payload }) => payload),
  );

  const sealed: (typeof sealedSample)[] = [];
  const sealCost = await cpuMs(() => {
    for (const batch of batches) sealed.push(sealEntries(cipher, batch));
  });
  const arrived = sealed.map(pulled);
  const openCost = await cpuMs(() => {
    for (const changes of arrived) openEntries(cipher, changes);
  });
  cipher.destroy();
  return [
    { name: "seal", cost: sealCost, unit: "ms", rows: ROWS, atLeast: 200_000 },
    { name: "open", cost: openCost, unit: "ms", rows: ROWS, atLeast: 200_000 },
  ];
};
