import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFileKeychain } from "./file-keychain.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "synckit-keychain-")), "secrets");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());
const open = (passphrase: string) => openFileKeychain({ folder, passphrase });

test("secrets outlive the process, and the folder shows neither them nor whose they are", async () => {
  const first = await open("correct horse");
  await first.set("app:user:session", Buffer.from("token-1234"));
  await first.set("app:user:session", Buffer.from("token-5678"));
  await first.set("gone", Buffer.from("x"));
  await first.delete("gone");
  await first.delete("never there");
  first.close();

  const second = await open("correct horse");

  expect(text(await second.get("app:user:session"))).toBe("token-5678");
  expect(await second.get("gone")).toBeNull();
  const files = readdirSync(folder);
  expect(files).toHaveLength(2);
  for (const file of files) {
    expect(readFileSync(join(folder, file)).toString("latin1")).not.toMatch(/token|5678|user/);
    expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  }
  expect(statSync(folder).mode & 0o077).toBe(0);
});

test("another passphrase is refused, before and after it was changed", async () => {
  const keychain = await open("old");
  await keychain.set("a", Buffer.from("kept"));
  await expect(open("wrong")).rejects.toMatchObject({ code: "key/wrong-password" });

  await keychain.changePassphrase("new");

  await expect(open("old")).rejects.toMatchObject({ code: "key/wrong-password" });
  expect(text(await (await open("new")).get("a"))).toBe("kept");
});

test("two that start at once share one key", async () => {
  const [left, right] = await Promise.all([open("p"), open("p")]);
  await left.set("a", Buffer.from("from left"));
  expect(text(await right.get("a"))).toBe("from left");
});

test("a secret in another's file, or an altered one, is refused", async () => {
  const keychain = await open("p");
  await keychain.set("a", Buffer.from("of a"));
  const [fileOfA] = readdirSync(folder).filter((name) => name.endsWith(".secret"));
  await keychain.set("b", Buffer.from("of b"));
  const fileOfB = readdirSync(folder).find((name) => name.endsWith(".secret") && name !== fileOfA);
  writeFileSync(join(folder, fileOfA ?? ""), readFileSync(join(folder, fileOfB ?? "")));
  await expect(keychain.get("a")).rejects.toMatchObject({ code: "keychain/failed" });

  writeFileSync(join(folder, "keychain.json"), "{}");
  await expect(open("p")).rejects.toMatchObject({ code: "key/damaged-envelope" });
});
