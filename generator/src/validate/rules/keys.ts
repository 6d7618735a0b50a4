/** A row must be recognised on every device: its identity travels, has a value, an exact text, and one meaning. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { TableRule } from "../rule.ts";
import { isIdentityColumn } from "../schema-view.ts";
import type { TableView } from "../schema-view.ts";

export const keysTravel: TableRule = function* (tables) {
  for (const table of tables) {
    for (const word of table.identity) {
      const column = table.columnByName.get(word.text);
      if (column?.kind !== "local") continue;
      const related = [{ at: column.at, message: "local here" }];
      yield report("key/local", word.at, { table: table.name, column: word.text }, { related });
    }
  }
};

export const keysHaveValues: TableRule = function* (tables) {
  for (const table of tables) {
    for (const column of table.columns) {
      const isKey = isIdentityColumn(table, column) || table.key.some((word) => word.text === column.name);
      if (isKey && column.kind === "synced" && column.isNullable)
        yield report("key/nullable", column.at, { table: table.name, column: column.name });
    }
  }
};

export const keysHaveAnExactText: TableRule = function* (tables) {
  for (const table of tables) {
    for (const column of table.columns) {
      if (column.kind === "synced" && column.type === "real" && isIdentityColumn(table, column)) {
        yield report("key/real", column.at, { table: table.name, column: column.name });
      }
    }
  }
};

export const keysAreUniqueEverywhere: TableRule = function* (tables) {
  for (const table of tables) {
    const keyKind = table.syntax.keyKind?.value ?? "uuid";
    if (keyKind === "natural" && table.syntax.acknowledgeIntegerKey?.value === true) continue;
    for (const column of table.columns) {
      if (column.kind !== "synced" || (column.type !== "integer" && column.type !== "bigint")) continue;
      const found = integerKeyKind(table, column.name, keyKind);
      if (found !== null)
        yield report("key/not-unique-across-devices", column.at, { table: table.name, column: column.name, keyKind: found });
    }
  }
};

/** The kind of key that the integer column spoils; null where it spoils none. */
function integerKeyKind(table: TableView, column: string, keyKind: string): string | null {
  const isAlone = (words: TableView["key"]): boolean => words.length === 1 && words[0]?.text === column;
  if (table.isMatched) return isAlone(table.identity) || isAlone(table.key) ? "natural" : null;
  if (keyKind === "natural") return isAlone(table.key) ? "natural" : null;
  return table.key.some((word) => word.text === column) ? keyKind : null;
}

export const keysValuesOnArrival: TableRule = function* (tables) {
  for (const table of tables) {
    if (!table.isMatched || !table.syntax.isWhole || table.syntax.apply?.value === "update") continue;
    for (const word of table.key) {
      const column = table.columnByName.get(word.text);
      if (
        column === undefined ||
        column.kind === "synced" ||
        column.onInsert !== null ||
        column.default !== null ||
        isCountedUp(table, column.name)
      )
        continue;
      yield report("key/no-value-on-arrival", column.at, { table: table.name, column: column.name });
    }
  }
};

/** SQLite gives a value to a lone integer key by itself. */
export const isCountedUp = (table: TableView, column: string): boolean =>
  table.key.length === 1 && table.key[0]?.text === column && table.columnByName.get(column)?.type === "integer";
