/** A few kills; `npm run crash` has two hundred. */
import { expect, test } from "vitest";
import { crash } from "./crash/crash.ts";

test("where app and server are killed at any instant of a cycle, nothing is lost, and devices converge", async () => {
  const { kills, acknowledged, rows } = await crash(7, 10);

  for (const count of Object.values(kills)) expect(count).toBeGreaterThan(0);
  expect(acknowledged).toBeGreaterThan(0);
  expect(rows).toBeGreaterThan(0);
});
