/** A table's columns and key as the language would have them, or the reason why the table cannot sync. */
import { isSameName, quoteNames } from "../sqlite/database.ts";
import { uniqueKeys } from "../sqlite/read-shape.ts";
import type { ColumnShape, TableShape } from "../sqlite/read-shape.ts";
import { isCredentialName } from "../validate/rules/credentials.ts";
import { expressionFault } from "../validate/rules/expressions.ts";
import { columnNameFault } from "./choose-tables.ts";
import type { Candidate, ColumnDraft } from "./draft.ts";
import { guessType } from "./guess-type.ts";
import type { Evidence } from "./read-evidence.ts";

export type Drafted = { readonly ok: true; readonly candidate: Candidate } | { readonly ok: false; readonly reason: string };

export function draftColumns(shape: TableShape, evidence: ReadonlyMap<string, Evidence>): Drafted {
  const remarks: string[] = [];
  const key = chooseKey(shape, remarks);
  if (typeof key === "string") return { ok: false, reason: key };

  const columns = new Map<string, ColumnDraft>();
  for (const column of shape.columns) {
    if (column.isGenerated) {
      remarks.push(`"${column.name}" is generated: every device computes it for itself.`);
      continue;
    }
    const isKey = key.includes(column.name);
    const fault = columnNameFault(column.name);
    if (fault !== null) {
      if (isKey) return { ok: false, reason: `the name of its key "${column.name}" cannot be used: ${fault}` };
      if (column.isNotNull && column.default === null)
        return { ok: false, reason: `"${column.name}" is NOT NULL without a default, and its name cannot be used: ${fault}` };
      remarks.push(`"${column.name}" is left out: its name cannot be used, because ${fault}.`);
      continue;
    }
    columns.set(column.name, draftColumn(column, isKey, evidence.get(column.name)));
  }
  guessEmptyKey(shape, key, columns, evidence, remarks);
  const reason = keyFault(key, columns, evidence);
  if (reason !== null) return { ok: false, reason };
  return { ok: true, candidate: { shape, key, evidence, columns, remarks } };
}

/** The primary key, or else what is unique and never NULL; a text says why there is none. */
function chooseKey(shape: TableShape, remarks: string[]): readonly string[] | string {
  if (shape.key.length > 0) {
    const credential = shape.key.find(isCredentialName);
    return credential === undefined ? shape.key : `its key "${credential}" looks like a credential, and a key has to leave the device`;
  }
  const isUsable = (name: string): boolean => {
    const column = shape.columns.find((other) => isSameName(other.name, name));
    return column !== undefined && column.isNotNull && !column.isGenerated && columnNameFault(name) === null && !isCredentialName(name);
  };
  const [first] = uniqueKeys(shape)
    .filter((columns) => columns.every(isUsable))
    .toSorted((a, b) => a.length - b.length);
  if (first === undefined)
    return "it has no primary key, and no unique columns that are NOT NULL, so that a row cannot be recognised on another device; add a key, for example: id TEXT PRIMARY KEY NOT NULL";
  remarks.push(`The table has no primary key; rows are recognised by ${quoteNames(first)}, which is unique.`);
  return first;
}

function draftColumn(column: ColumnShape, isKey: boolean, seen: Evidence | undefined): ColumnDraft {
  const guess = seen === undefined ? { type: "text" as const, doubt: null } : guessType(column, seen);
  const fallback = readDefault(column.default);
  const remarks = [guess.doubt, fallback.doubt].filter((remark) => remark !== null);
  return {
    name: column.name,
    // A key of 0 and 1 is a number that has not grown yet.
    type: isKey && guess.type === "boolean" ? "integer" : guess.type,
    isNullable: !column.isNotNull && !isKey,
    default: fallback.sql,
    remark: remarks.length === 0 ? null : remarks.join("; "),
  };
}

/** SQLite takes a bare or double-quoted word for a text, where it stands as a default; the language does not. */
function readDefault(sql: string | null): { readonly sql: string | null; readonly doubt: string | null } {
  const text = sql?.trim() ?? "";
  if (sql === null || text === "" || text.toUpperCase() === "NULL") return { sql: null, doubt: null };
  const word = /^(?:"((?:[^"]|"")*)"|([\p{L}_][\p{L}\p{N}_$]*))$/u.exec(text);
  const bare = word?.[1]?.replaceAll('""', '"') ?? word?.[2];
  const fault = expressionFault(text);
  if (fault === null) return { sql: text, doubt: null };
  if (bare !== undefined) return { sql: `'${bare.replaceAll("'", "''")}'`, doubt: null };
  return { sql: null, doubt: `its default is left out: ${fault.reason}` };
}

const ID_NAME = /(?:^|_)(?:id|uuid|guid|uid)$|(?<=\p{Ll})(?:Id|ID|Uuid|UUID|Guid|GUID)$|^(?:Id|ID|UUID|GUID)$/u;

/** Without rows, a text key that is called an id is taken for the language's default. */
function guessEmptyKey(
  shape: TableShape,
  [name, ...more]: readonly string[],
  columns: Map<string, ColumnDraft>,
  evidence: ReadonlyMap<string, Evidence>,
  remarks: string[],
): void {
  const column = name === undefined || more.length > 0 ? undefined : columns.get(name);
  const seen = evidence.get(name ?? "");
  if (column === undefined || column.type !== "text" || !ID_NAME.test(column.name) || (seen?.texts ?? 0) > 0) return;
  columns.set(column.name, { ...column, type: "uuid" });
  // What it refers to knows better.
  if (!shape.references.some((reference) => reference.columns.includes(column.name)))
    remarks.push(`There are no rows to judge by: "${column.name}" is taken for a random id that the app makes.`);
}

function keyFault(key: readonly string[], columns: Map<string, ColumnDraft>, evidence: ReadonlyMap<string, Evidence>): string | null {
  for (const name of key) {
    const column = columns.get(name);
    const seen = evidence.get(name);
    if (column === undefined) return `its key "${name}" is a generated column`;
    if (column.type !== "real") continue;
    if (seen !== undefined && seen.reals > 0) return `its key "${name}" holds numbers with a fraction, which have no exact text`;
    columns.set(name, { ...column, type: "integer", remark: "taken for whole numbers: a real number cannot be a key" });
  }
  return null;
}
