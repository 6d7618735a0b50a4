/** The simulator would notice: a few deliberate faults here, all of them with `npm run sim:mutations`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { catchFault } from "./sim/mutations/catch.ts";
import { faults } from "./sim/mutations/faults.ts";
import { placesOf } from "./sim/mutations/place.ts";

test("every deliberate fault still fits the sources", () => {
  expect(placesOf(faults.map(({ name }) => name)).length).toBe(faults.length);
});

test("docs/testing.md lists the deliberate faults", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../docs/testing.md"), "utf8");
  const listed = text.split("\n").filter((line) => /^- `[a-z-]+`: /u.test(line));
  expect(listed).toEqual(faults.map(({ name, description }) => `- \`${name}\`: ${description}`));
});

test.each(["flag-outside-transaction", "dead-registers-forgotten", "repairs-not-pushed"])(
  "the simulator catches the fault %s",
  async (name) => {
    expect(await catchFault(name, 1, 60)).not.toBeNull();
  },
);
