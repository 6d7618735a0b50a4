/** Questions on the terminal: when they may be asked, and how. Every question has an option that answers it. */
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { printable } from "./render.ts";

/** Never with `--no-input`, in CI, without a terminal, or where the output is for a machine. */
export const mayAsk = (request: CommonOptions, host: Host): boolean =>
  host.ask !== undefined && !request.isNoInput && request.format === "text" && !isSet(host.env["CI"]);

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "" && value !== "0" && value !== "false";

/** The command that accepts all of it, to be copied. */
export const acceptWords = (subjects: readonly string[]): string =>
  subjects.length === 0
    ? ""
    : `To let ${subjects.length === 1 ? "this" : "these"} leave: synckit-gen generate ${subjects.map((subject) => `--accept-egress ${printable(quoted(subject))}`).join(" ")}\n`;

/** As a shell takes it. */
const quoted = (argument: string): string => (/^[\w./:@-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`);

/** True where the user says that all of it may leave. */
export async function askEgress(diagnostics: readonly Diagnostic[], host: Host): Promise<boolean> {
  const listed = diagnostics.filter(({ code }) => code === "egress/not-accepted").map(({ message }) => `  ${printable(message)}\n`);
  host.stderr.write(listed.join(""));
  const answer = await host.ask?.("May they leave? Only `yes` says so: ");
  return answer?.trim().toLowerCase() === "yes";
}
