/** One command on one device: `npm run -s app -- --device phone list`. Two names are two devices. */
import { parseArgs } from "node:util";
import { isSyncError } from "@synckit-gen/runtime";
import { connect, DATA_FOLDER, readAccount } from "./account.ts";
import { runCommand, USAGE } from "./commands.ts";
import { openApp } from "./open-app.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { device: { type: "string", default: "laptop" } } });
const account = readAccount();
if (!/^[\w-]+$/.test(values.device) || positionals.length === 0) {
  console.error(`Usage: [--device <name>] ${USAGE}`);
  process.exitCode = 2;
} else if (positionals[0] === "sync" && account === null) {
  console.error("There is no server to sync with: start `npm run dev`, or set SYNCKIT_URL and the other variables of README.md.");
  process.exitCode = 1;
} else {
  const app = openApp(`${DATA_FOLDER}/${values.device}.db`, {
    serverUrl: account?.url ?? "http://127.0.0.1",
    apiKey: account?.apiKey ?? "none",
    deviceName: values.device,
  });
  try {
    if (positionals[0] === "sync" && account !== null) await connect(app.sync, account);
    console.log(await runCommand(app, positionals));
  } catch (error) {
    if (!isSyncError(error)) throw error;
    console.error(`Sync failed: ${error.message} (${error.code})`);
    process.exitCode = 1;
  } finally {
    app.close();
  }
}
