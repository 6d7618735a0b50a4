import { expect, test } from "vitest";
import { memoryKeychain } from "./keychain.ts";

test("the memory keychain keeps a copy of its own, and gives copies", async () => {
  const keychain = memoryKeychain();
  const given = Buffer.from("secret");
  await keychain.set("a", given);
  given.fill(0);

  (await keychain.get("a"))?.fill(0);

  expect(Buffer.from((await keychain.get("a")) ?? []).toString()).toBe("secret");
});

test("what is deleted or was never there is null", async () => {
  const keychain = memoryKeychain();
  await keychain.set("a", Uint8Array.of(1));

  await keychain.delete("a");
  await keychain.delete("never there");

  expect(await keychain.get("a")).toBeNull();
  expect(await keychain.get("b")).toBeNull();
});
