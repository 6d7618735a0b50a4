/** Runs every rule, so that one run reports every mistake. */
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { Rule } from "./rule.ts";
import { blobColumnsFit, blobFlagsConnect } from "./rules/blobs.ts";
import { columnsAreEitherSyncedOrLocal, columnsAreNamedOnce, nullabilityIsSaidOnce } from "./rules/columns.ts";
import { credentialsStayHome } from "./rules/credentials.ts";
import { expressionsParse } from "./rules/expressions.ts";
import { keysAreUniqueEverywhere, keysHaveAnExactText, keysHaveValues, keysTravel, keysValuesOnArrival } from "./rules/keys.ts";
import { columnsFitTheMask } from "./rules/limits.ts";
import { namesAreUsable, namesDifferToSqlite, reservedNamesAreFree } from "./rules/names.ts";
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
import type { SchemaView } from "./schema-view.ts";

const rules: readonly Rule[] = [
  tablesExist,
  namesAreUsable,
  namesDifferToSqlite,
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
  compatMergesRows,
  parentsExist,
  referenceColumnsAreSynced,
  targetsAreUnique,
  columnsFitTheirTargets,
  setNullIsPossible,
  unsyncedParentsMayBeMissing,
  parentsAreInserted,
  ignoredDeletesDoNotCascade,
  uniqueColumnsAreSynced,
  blobColumnsFit,
  blobFlagsConnect,
];

export const validate = (schema: SchemaView): readonly Diagnostic[] => rules.flatMap((rule) => [...rule(schema)]);

/** By position, then by code, so that the order does not depend on the order of the rules. */
export const sortFindings = (findings: readonly Diagnostic[]): readonly Diagnostic[] =>
  findings.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
