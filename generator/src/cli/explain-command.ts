/** `explain`: the page of a diagnostic code. */
import { DIAGNOSTIC_CODES, isDiagnosticCode } from "@synckit-gen/schemas/diagnostics";
import { closest } from "../closest.ts";
import { loadPage } from "../load/load-page.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { didYouMean } from "./usage.ts";

export function runExplain(code: string, host: Host): ExitCode {
  if (isDiagnosticCode(code)) {
    host.stdout.write(loadPage(code));
    return EXIT.ok;
  }
  host.stderr.write(`There is no diagnostic "${code}".${didYouMean(closest(code, DIAGNOSTIC_CODES))}\n`);
  return EXIT.unusable;
}
