/** One run of the command line: arguments and a host in, an exit code out. A command is loaded when it is asked for. */
import { VERSION } from "../version.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { parseArguments } from "./usage.ts";

export async function run(args: readonly string[], host: Host): Promise<ExitCode> {
  try {
    const request = await parseArguments(args);
    switch (request.command) {
      case "generate":
      case "check":
        return await (await import("./generate-command.ts")).runGenerate(request, host);
      case "diff":
        return (await import("./diff-command.ts")).runDiff(request, host);
      case "explain":
        return (await import("./explain-command.ts")).runExplain(request.code, host);
      case "schema":
        return (await import("./schema-command.ts")).runSchema(request.which, host);
      case "migrate":
        return await (await import("./migrate-command.ts")).runMigrate(request, host);
      case "templates":
        return await (await import("./templates-command.ts")).runTemplates(request, host);
      case "completion":
        return (await import("./completion-command.ts")).runCompletion(request.shell, host);
      case "introspect":
        return await (await import("./introspect-command.ts")).runIntrospect(request, host);
      case "doctor":
        return await (await import("./doctor-command.ts")).runDoctor(request, host);
      case "graph":
        return (await import("./graph-command.ts")).runGraph(request, host);
      case "init":
        return await (await import("./init-command.ts")).runInit(request, host);
      case "new":
        return await (await import("./new-command.ts")).runNew(request, host);
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
