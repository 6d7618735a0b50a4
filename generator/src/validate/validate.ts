/** Runs every rule, so that one run reports every mistake. */
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { Rule, TableRule } from "./rule.ts";
import { blobColumnsFit, blobFlagsConnect } from "./rules/blobs.ts";
import { columnsAreEitherSyncedOrLocal, columnsAreNamedOnce, nullabilityIsSaidOnce } from "./rules/columns.ts";
import { credentialsStayHome } from "./rules/credentials.ts";
import { expressionsParse } from "./rules/expressions.ts";
import { keysAreUniqueEverywhere, keysHaveAnExactText, keysHaveValues, keysTravel, keysValuesOnArrival } from "./rules/keys.ts";
import { columnsFitTheMask } from "./rules/limits.ts";
import { appIsNamed, columnsDifferToSqlite, namesAreUsable, reservedNamesAreFree, tablesDifferToSqlite } from "./rules/names.ts";
import {
  compatMergesRows,
  ignoredDeletesDoNotCascade,
  localColumnsHaveValues,
  tablesExist,
  tablesSyncSomething,
} from "./rules/policies.ts";
import {
  columnsFitTheirTargets,
  parentsAreInserted,
  parentsExist,
  referenceColumnsAreSynced,
  setNullIsPossible,
  targetsAreUnique,
  unsyncedParentsMayBeMissing,
} from "./rules/references.ts";
import { uniqueColumnsAreSynced } from "./rules/unique.ts";
import type { SchemaView, TableView } from "./schema-view.ts";

/** Rules that look at the schema as a whole. */
const schemaRules: readonly Rule[] = [
  tablesExist,
  appIsNamed,
  tablesDifferToSqlite,
  compatMergesRows,
  parentsExist,
  referenceColumnsAreSynced,
  targetsAreUnique,
  columnsFitTheirTargets,
  setNullIsPossible,
  unsyncedParentsMayBeMissing,
  parentsAreInserted,
  ignoredDeletesDoNotCascade,
  blobFlagsConnect,
];

const tableRules: readonly TableRule[] = [
  namesAreUsable,
  columnsDifferToSqlite,
  reservedNamesAreFree,
  columnsAreEitherSyncedOrLocal,
  columnsAreNamedOnce,
  nullabilityIsSaidOnce,
  expressionsParse,
  credentialsStayHome,
  keysTravel,
  keysHaveValues,
  keysHaveAnExactText,
  keysAreUniqueEverywhere,
  keysValuesOnArrival,
  localColumnsHaveValues,
  columnsFitTheMask,
  tablesSyncSomething,
  uniqueColumnsAreSynced,
  blobColumnsFit,
];

export const validate = (schema: SchemaView): readonly Diagnostic[] => [
  ...schemaRules.flatMap((rule) => [...rule(schema)]),
  ...schema.tables.flatMap(validateTable),
];

const findingsByTable = new WeakMap<TableView, readonly Diagnostic[]>();

function validateTable(table: TableView): readonly Diagnostic[] {
  let findings = findingsByTable.get(table);
  if (findings === undefined) findingsByTable.set(table, (findings = tableRules.flatMap((rule) => [...rule([table])])));
  return findings;
}

/** By position, then by code, so that the order does not depend on the order of the rules. */
export const sortFindings = (findings: readonly Diagnostic[]): readonly Diagnostic[] =>
  findings.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
