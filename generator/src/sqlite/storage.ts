/** How the types of the language are stored: what SQLite compares, and which affinities leave values as they are. */
import type { ColumnType } from "@synckit-gen/schemas/model";
import type { Affinity } from "./read-shape.ts";

export type Storage = "INTEGER" | "REAL" | "BLOB" | "TEXT";

/** A uuid and a text may be equal to SQLite, a text and an integer are not. */
export function storageOf(type: ColumnType): Storage {
  if (type === "integer" || type === "bigint" || type === "boolean") return "INTEGER";
  if (type === "real") return "REAL";
  return type === "blob" ? "BLOB" : "TEXT";
}

/** Types whose texts never look like numbers, so that no affinity changes them. */
const NEVER_NUMERIC: ReadonlySet<ColumnType> = new Set(["uuid", "timestamp", "date"]);

/** False where the affinity turns values of the type into something else. */
export function suits(type: ColumnType, affinity: Affinity): boolean {
  switch (storageOf(type)) {
    case "INTEGER":
      return affinity !== "TEXT" && affinity !== "REAL";
    case "REAL":
      return affinity !== "TEXT";
    case "TEXT":
      return affinity === "TEXT" || affinity === "BLOB" || NEVER_NUMERIC.has(type);
    case "BLOB":
      return true;
  }
}
