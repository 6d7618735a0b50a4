import { afterEach, beforeEach, expect, test } from "vitest";
import type { Storage } from "../storage/port.ts";
import { openSqliteStorage } from "../storage/sqlite/open-sqlite-storage.ts";
import { systemRandom } from "../system.ts";
import { createSessionTokens } from "./session-token.ts";
import { fixedSigningKey, rotateSigningKey, storedSigningKeys } from "./signing-keys.ts";

const WEEK_MS = 7 * 86_400_000;
const session = { appId: "app", userId: "user", key: "default" };

let storage: Storage;
let nowMs: number;
const clock = (): number => nowMs;
/** A server of its own on the same storage. */
const instance = () => createSessionTokens(storedSigningKeys(storage, clock, systemRandom), clock);
const rotate = () => rotateSigningKey(storage, clock, systemRandom);

beforeEach(() => {
  storage = openSqliteStorage(":memory:");
  nowMs = Date.UTC(2026, 0, 1);
});
afterEach(() => storage.close());

test("servers that start at once share one key", async () => {
  const [a, b] = [instance(), instance()];
  const tokens = await Promise.all([a.issue(session, 0), b.issue(session, 0)]);

  expect(await storage.listSigningKeys()).toHaveLength(1);
  for (const token of tokens) for (const server of [a, b]) expect(await server.read(token)).not.toBeNull();
});

test("after a rotation new tokens have the new key, and old ones count until they expire", async () => {
  const server = instance();
  const old = await server.issue(session, 0);
  nowMs += 1000;
  await rotate();
  nowMs += 5000;
  const fresh = await server.issue(session, 0);

  const keyOf = (token: string): unknown => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  expect([old, fresh].map(keyOf)).toMatchObject([{ kid: "1" }, { kid: "2" }]);
  nowMs += WEEK_MS - 7000;
  for (const token of [old, fresh]) expect(await server.read(token)).not.toBeNull();
  nowMs += 2000;
  expect(await server.read(old)).toBeNull();
  expect(await server.read(fresh)).not.toBeNull();
});

test("a replaced key verifies nothing once all that it signed has expired", async () => {
  const server = instance();
  await server.issue(session, 0);
  const [key] = await storage.listSigningKeys();
  await rotate();
  nowMs += WEEK_MS + 60_000;
  // As by somebody who has the old key and sets the clock of the token forward.
  const forged = await createSessionTokens(fixedSigningKey(key?.secret ?? new Uint8Array(32)), clock).issue(session, 0);

  expect(await server.read(forged)).toBeNull();
});

test("a server takes a token of a key that another has made a moment ago", async () => {
  const [a, b] = [instance(), instance()];
  await b.issue(session, 0);
  await rotate();
  const token = await createSessionTokens(storedSigningKeys(storage, clock, systemRandom), clock).issue(session, 0);

  expect(await a.read(token)).not.toBeNull();
  expect(await b.read(token)).not.toBeNull();
});

test("tokens of keys that were dropped are refused within seconds", async () => {
  const server = instance();
  const token = await server.issue(session, 0);
  await storage.dropSigningKeys(await rotate());
  nowMs += 5000;

  expect(await server.read(token)).toBeNull();
});

test("a short secret is refused before it signs anything", () => {
  expect(() => fixedSigningKey(new Uint8Array(31))).toThrow(RangeError);
});
