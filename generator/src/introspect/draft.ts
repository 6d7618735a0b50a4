/** A schema in the making: what the YAML will say, and every doubt about it as a remark. */
import type { ColumnType, Reference } from "@synckit-gen/schemas/model";
import type { TableShape } from "../sqlite/read-shape.ts";
import type { Evidence } from "./read-evidence.ts";

export interface SchemaDraft {
  readonly app: string;
  /** About the database as a whole. */
  readonly remarks: readonly string[];
  readonly tables: readonly TableDraft[];
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

export interface TableDraft {
  readonly name: string;
  readonly remarks: readonly string[];
  readonly key: readonly string[];
  readonly keyKind: "uuid" | "content-hash" | "natural";
  readonly isIntegerKey: boolean;
  readonly columns: readonly ColumnDraft[];
  readonly local: readonly LocalDraft[];
  readonly references: readonly ReferenceDraft[];
  readonly unique: readonly (readonly string[])[];
}

export interface ColumnDraft {
  readonly name: string;
  readonly type: ColumnType;
  readonly isNullable: boolean;
  readonly default: string | null;
  readonly remark: string | null;
}

export interface LocalDraft extends ColumnDraft {
  readonly onInsert: string | null;
}

export interface ReferenceDraft {
  /** The key of the entry: the column, or a made-up name where there are several. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  /** Null: the parent's key. */
  readonly to: readonly string[] | null;
  readonly onDelete: Reference["onDelete"];
  readonly isSynced: boolean;
  readonly remark: string | null;
}

/** A table on its way into the draft. */
export interface Candidate {
  readonly shape: TableShape;
  readonly key: readonly string[];
  readonly evidence: ReadonlyMap<string, Evidence>;
  /** By column; the columns that the draft will name, the key's included. */
  readonly columns: ReadonlyMap<string, ColumnDraft>;
  /** Gathered on the way. */
  readonly remarks: readonly string[];
}
