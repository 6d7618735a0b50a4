import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./secret.ts";

test("a secret shows nothing of itself, whichever way it is printed", () => {
  const secret = Secret.of(Uint8Array.of(104, 117, 110, 116, 101, 114, 50));

  const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }, { showHidden: true, depth: 9 })];

  expect(shown).toEqual(["<secret>", '{"secret":"<secret>"}', "{ secret: <secret> }"]);
});

test("a destroyed secret is zeroed in place and cannot be used", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const secret = Secret.of(bytes);

  secret.destroy();
  secret.destroy();

  expect([...bytes]).toEqual([0, 0, 0]);
  expect(() => secret.use((lent) => lent.length)).toThrow("used after destroy()");
});
