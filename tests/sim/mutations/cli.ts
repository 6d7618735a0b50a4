/**
 * `npm run sim:mutations [-- --runs 500] [--only NAME …] [--list]`: puts one deliberate fault after the other into the engine and
 * lets the simulator find it, or the test that the fault names. Fails where one is not caught, or does not fit the sources any more.
 */
import { parseArgs } from "node:util";
import { catchFault, isSound } from "./catch.ts";
import { faults, listed } from "./faults.ts";
import { placesOf } from "./place.ts";

const { values: flags } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "500" },
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
  },
});
const names = flags.only.length > 0 ? flags.only : faults.map(({ name }) => name);
const places = placesOf(names); // all of them, before any runs

if (flags.list) for (const fault of places) print(listed(fault));
else process.exitCode = await run();

async function run(): Promise<number> {
  let missed = 0;
  for (const { name, description } of places) {
    const caught = await catchFault(name, Number(flags.seed), Number(flags.runs));
    const isProof = caught !== null && (await isSound(caught.by));
    if (!isProof) missed += 1;
    const by = typeof caught?.by === "number" ? `seed ${caught.by}` : caught?.by.file;
    const verdict = caught === null ? "NOT CAUGHT" : isProof ? `caught by ${by}` : `${by} fails without it too`;
    print(`${name}: ${verdict} (${description})${caught === null ? "" : `\n  ${caught.broken.slice(0, 160)}`}`);
  }
  print(`${places.length - missed} of ${places.length} faults caught`);
  return missed === 0 ? 0 : 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
