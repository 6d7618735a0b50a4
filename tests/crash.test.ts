/** A few kills; `npm run crash` has two hundred. */
import { expect, test } from "vitest";
import { crash } from "./crash/crash.ts";

test("an app that is killed at any instant of a cycle loses nothing, and its devices converge", async () => {
  const { kills, acknowledged, rows } = await crash(7, 10);

  expect(kills).toBe(10);
  expect(acknowledged).toBeGreaterThan(0);
  expect(rows).toBeGreaterThan(0);
});
