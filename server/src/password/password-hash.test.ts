import { expect, test } from "vitest";
import { hashPassword, PasswordQueueFullError, verifyPassword } from "./password-hash.ts";

test("a password has its hash and another has not", async () => {
  const hash = await hashPassword("correct horse");

  expect(hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=2,p=1\$/);
  expect(await verifyPassword(hash, "correct horse")).toBe(true);
  expect(await verifyPassword(hash, "correct horsf")).toBe(false);
});

test("two hashes of one password differ by their salt", async () => {
  expect(await hashPassword("correct horse")).not.toBe(await hashPassword("correct horse"));
});

test("composed and decomposed letters are one password", async () => {
  expect(await verifyPassword(await hashPassword("caf\u00e9-au-lait"), "cafe\u0301-au-lait")).toBe(true);
});

test("nobody's password is never right", async () => {
  expect(await verifyPassword(null, "correct horse")).toBe(false);
});

test("a damaged hash is not matched", async () => {
  expect(await verifyPassword("not a hash", "correct horse")).toBe(false);
});

test("the event loop turns while a password is hashed", async () => {
  let turns = 0;
  const count = (): void => void (turns++, (pending = setImmediate(count)));
  let pending = setImmediate(count);

  await hashPassword("correct horse");
  clearImmediate(pending);

  expect(turns).toBeGreaterThan(100);
});

test("logins past the queue are refused at once, those in it are answered", async () => {
  const many = Array.from({ length: 35 }, () => verifyPassword(null, "x").catch((error: unknown) => error));
  const outcomes = await Promise.all(many);

  expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(32);
  expect(outcomes.filter((outcome) => outcome instanceof PasswordQueueFullError)).toHaveLength(3);
});
