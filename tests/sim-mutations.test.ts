/** The simulator would notice: a few deliberate faults here, all of them with `npm run sim:mutations`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { catchFault, isSound } from "./sim/mutations/catch.ts";
import { faults, listed } from "./sim/mutations/faults.ts";
import { placesOf } from "./sim/mutations/place.ts";

test("every deliberate fault still fits the sources", () => {
  expect(placesOf(faults.map(({ name }) => name)).length).toBe(faults.length);
});

test("docs/testing.md lists the deliberate faults", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../docs/testing.md"), "utf8");
  expect(text.split("\n").filter((line) => /^- `[a-z-]+`: /u.test(line))).toEqual(faults.map(listed));
});

test.each(["flag-outside-transaction", "dead-registers-forgotten", "repairs-not-pushed"])(
  "the simulator catches the fault %s",
  async (name) => {
    expect(await catchFault(name, 1, 60)).not.toBeNull();
  },
);

test.each(faults.filter((fault) => fault.test !== undefined).map(({ name }) => name))(
  "the named test catches the fault %s, and passes without it",
  { timeout: 120_000 },
  async (name) => {
    const caught = await catchFault(name, 1, 0);
    expect(caught).not.toBeNull();
    expect(caught !== null && (await isSound(caught.by))).toBe(true);
  },
);
