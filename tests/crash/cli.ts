/** `npm run crash [-- --kills 200 --seed 1]`: kills a syncing app and its server at random instants, and looks whether anything was lost. */
import { parseArgs } from "node:util";
import { crash } from "./crash.ts";

const { values: flags } = parseArgs({ options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } } });
const started = performance.now();
const report = await crash(Number(flags.seed), Number(flags.kills), (done) => {
  if (done % 20 === 0) process.stdout.write(`${done} kills\n`);
});
process.stdout.write(
  `killed: app ${report.kills.app}, server ${report.kills.server}, both ${report.kills.both}; ${report.acknowledged} acknowledged edits, ${report.entries} entries in the log, ${report.rows} rows on both devices, nothing lost, ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
);
