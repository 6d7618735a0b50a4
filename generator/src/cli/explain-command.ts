/** `explain`: the page of a diagnostic code, or of a rule for breaking changes by its id. */
import { DIAGNOSTIC_CODES, isDiagnosticCode } from "@synckit-gen/schemas/diagnostics";
import { closest } from "../closest.ts";
import { loadPage } from "../load/load-page.ts";
import { RULE_IDS, ruleIdOf } from "../parse/rule-ids.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { didYouMean } from "./usage.ts";

export function runExplain(code: string, host: Host): ExitCode {
  const found = isDiagnosticCode(code) ? code : DIAGNOSTIC_CODES.find((known) => isRule(known) && ruleIdOf(known) === code);
  if (found !== undefined) {
    host.stdout.write(loadPage(found));
    return EXIT.ok;
  }
  host.stderr.write(`There is no diagnostic "${code}".${didYouMean(closest(code, [...DIAGNOSTIC_CODES, ...RULE_IDS]))}\n`);
  return EXIT.unusable;
}

const isRule = (code: string): boolean => RULE_IDS.includes(ruleIdOf(code)) && code.startsWith("breaking/");
