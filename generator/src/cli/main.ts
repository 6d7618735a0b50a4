/** What the executable runs: the process as a host. */
import { setFlagsFromString } from "node:v8";
import { errorCode } from "../load/shown-path.ts";
import { run } from "./run.ts";

// A thousand tables are a hundred thousand short-lived pieces of text. A heap that grows for them costs 150 MB (310 instead of
// 160) and saves no time.
setFlagsFromString("--heap-growing-percent=30");
setFlagsFromString("--semi-space-growth-factor=1");

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (errorCode(error) !== "EPIPE") throw error;
  });
}

async function ask(question: string): Promise<string | null> {
  const { createInterface } = await import("node:readline");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    terminal.once("close", () => resolve(null));
    terminal.question(question, (answer) => {
      resolve(answer);
      terminal.close();
    });
  });
}

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  loadEmitters: async () => (await import("@synckit-gen/templates")).emitters,
  onInterrupt: (stop) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  },
  ...(process.stdin.isTTY && process.stdout.isTTY ? { ask } : {}),
});
