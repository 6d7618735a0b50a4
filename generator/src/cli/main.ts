/** What the executable runs: the process as a host. */
import { emitters } from "@synckit-gen/templates";
import { errorCode } from "../load/shown-path.ts";
import { run } from "./run.ts";

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (errorCode(error) !== "EPIPE") throw error;
  });
}

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  emitters,
});
