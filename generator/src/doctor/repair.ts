/** Runs the repairs that touch nothing but what sync owns: all of them or none. */
import type { Database } from "../sqlite/database.ts";
import type { Finding } from "./finding.ts";

/** Each statement once, in the order of the findings. */
export const repairsOf = (findings: readonly Finding[]): readonly string[] => [
  ...new Set(findings.flatMap((found) => (found.isFixable ? found.sql : []))),
];

export function repair(database: Database, statements: readonly string[]): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const statement of statements) database.exec(statement);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
