/** The simulator, as many seeds as fit a test run. `npm run sim -- --seed 1 --runs 10000` is the long one; docs/testing.md says more. */
import { describe, expect, test } from "vitest";
import { ALL_SCHEMAS } from "./sim/schema.ts";
import { runSeed } from "./sim/simulate.ts";

const RUNS = 300;
/** Each a test of its own, so that a failure does not hide the next. */
const CHUNK = 50;

describe.each(Array.from({ length: RUNS / CHUNK }, (_, chunk) => 1 + chunk * CHUNK))("seeds from %i", (first) => {
  test("keep every promise of docs/merge.md", async () => {
    for (let seed = first; seed < first + CHUNK; seed++) {
      const found = await runSeed(seed, { schemas: ALL_SCHEMAS, restore: false });
      expect(found === null ? "" : `${found.kind}: ${found.message}\nreplay: ${found.replay}`, `seed ${seed}`).toBe("");
    }
  });
});
