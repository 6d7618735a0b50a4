/** One run of the command line: arguments and a host in, an exit code out. */
import { VERSION } from "../version.ts";
import { runExplain } from "./explain-command.ts";
import { runGenerate } from "./generate-command.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { parseArguments } from "./usage.ts";

export async function run(args: readonly string[], host: Host): Promise<ExitCode> {
  try {
    const request = await parseArguments(args);
    switch (request.command) {
      case "generate":
      case "check":
        return runGenerate(request, host);
      case "explain":
        return runExplain(request.code, host);
      case "print":
        host.stdout.write(`${request.text}\n`);
        return EXIT.ok;
      case "wrong-usage":
        host.stderr.write(
          request.help === undefined
            ? `${request.message}\nRun \`synckit-gen --help\` to see what there is.\n`
            : `${request.help}\n\n${request.message}\n`,
        );
        return EXIT.unusable;
    }
  } catch (error) {
    host.stderr.write(bugReport(error, args.includes("-v") || args.includes("--verbose")));
    return EXIT.bug;
  }
}

function bugReport(error: unknown, isVerbose: boolean): string {
  const what = error instanceof Error ? error.message : String(error);
  const stack = isVerbose && error instanceof Error ? `${error.stack ?? ""}\n` : "";
  return (
    `This is a bug in synckit-gen ${VERSION}, not in your schema: ${what}\n${stack}` +
    `Please report it to the project with this message, the schema and the output of \`--verbose\`. Nothing else was done.\n`
  );
}
