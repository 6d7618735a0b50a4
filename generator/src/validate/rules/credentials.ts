/** A column that looks like a credential should not leave the device by accident. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { TableRule } from "../rule.ts";

/** Within a name whose separators are removed: `oauthToken`, `client_secret`, `API-Key`. */
const TELLING_PARTS =
  /passw(?:or)?d|passphrase|passcode|secret|token|credential|oauth|(?:api|private|access|auth|session|signing|encryption|master|refresh)key/u;
/** Too short, or too common, to be looked for inside of other words. */
const TELLING_WORDS = /(?:^|_)(?:pwd|jwt|otp|pin|refresh)$/u;

export const isCredentialName = (name: string): boolean => {
  const words = name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1_$2")
    .replace(/[^\p{L}\d]+/gu, "_")
    .toLowerCase();
  return TELLING_PARTS.test(words.replaceAll("_", "")) || TELLING_WORDS.test(words);
};

export const credentialsStayHome: TableRule = function* (tables) {
  for (const table of tables) {
    const acknowledged = new Set(table.syntax.columns.flatMap((column) => (column.acknowledge?.value === true ? [column.name.text] : [])));
    for (const column of table.columns) {
      if (column.kind !== "synced" || acknowledged.has(column.name) || !isCredentialName(column.name)) continue;
      yield report("column/credential", column.at, { table: table.name, column: column.name });
    }
  }
};
