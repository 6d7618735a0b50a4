/** `npm run server:faults [-- --kills 100 --seed 1]`: kills a server in mid push, and looks whether anything was lost. */
import { parseArgs } from "node:util";
import { killServer } from "./kill-server.ts";

const { values: flags } = parseArgs({ options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } } });
const started = performance.now();
const { kills, rows } = await killServer(Number(flags.seed), Number(flags.kills), (done) => {
  if (done % 10 === 0) process.stdout.write(`${done} kills\n`);
});
process.stdout.write(
  `${kills} kills, ${rows} answered rows, nothing lost or out of order, ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
);
