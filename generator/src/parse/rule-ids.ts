/** Rules for breaking changes as a schema names them: the code's name in capitals, so `breaking/column-removed` is `COLUMN_REMOVED`. */
import { DIAGNOSTIC_CODES } from "@synckit-gen/schemas/diagnostics";

const AREA = "breaking/";

export const ruleIdOf = (code: string): string => code.slice(AREA.length).replaceAll("-", "_").toUpperCase();

export const RULE_IDS: readonly string[] = DIAGNOSTIC_CODES.filter((code) => code.startsWith(AREA)).map(ruleIdOf);
