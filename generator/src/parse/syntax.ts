/**
 * The parsed schema: what the author wrote, with places, nothing resolved and no default applied. Undefined
 * means "not given", or "given and already reported".
 */
import type { ColumnType, Reference } from "@synckit-gen/schemas/model";
import type { SourceSpan } from "@synckit-gen/schemas/diagnostics";
import type { Located, Word } from "./node.ts";

export type Given<T> = T | undefined;

export interface SchemaSyntax {
  readonly file: string;
  readonly at: SourceSpan;
  readonly app: Given<Word>;
  readonly conflicts: Given<Located<"column" | "row">>;
  readonly compat: Given<Located<"full" | "synckit">>;
  readonly create: Given<Located<boolean>>;
  readonly retainDays: Given<Located<number>>;
  readonly maxEntries: Given<Located<number>>;
  readonly capture: Given<Located<"payload" | "keys">>;
  readonly maxAwayDays: Given<Located<number>>;
  readonly breakingIgnores: readonly BreakingIgnoreSyntax[];
  readonly tables: readonly TableSyntax[];
  /** The place of the key `tables`; undefined where that could not be read. */
  readonly tablesAt: Given<SourceSpan>;
}

export interface BreakingIgnoreSyntax {
  /** A rule id, such as `COLUMN_REMOVED`. */
  readonly rule: string;
  /** `table` or `table.column`; "all": wherever it is broken. */
  readonly places: readonly string[] | "all";
}

export interface TableSyntax {
  readonly name: Word;
  readonly renamedFrom: Given<Word>;
  /** False where columns could not be read, so that nothing can be said about names that seem to be missing. */
  readonly isWhole: boolean;
  readonly key: Given<readonly Word[]>;
  readonly keyKind: Given<Located<"uuid" | "content-hash" | "natural">>;
  readonly acknowledgeIntegerKey: Given<Located<boolean>>;
  readonly columns: readonly ColumnSyntax[];
  readonly local: readonly LocalSyntax[];
  readonly references: readonly ReferenceSyntax[];
  readonly unique: readonly (readonly Word[])[];
  readonly apply: Given<Located<"upsert" | "update">>;
  readonly deletes: Given<Located<"apply" | "ignore">>;
  readonly match: Given<readonly Word[]>;
  readonly blob: Given<BlobSyntax>;
  readonly rowIds: Given<Located<"plain" | "hidden">>;
  readonly conflicts: Given<Located<"column" | "row">>;
}

export interface TypeSyntax {
  readonly word: Word;
  /** Null where the type is unknown, which is reported. */
  readonly type: ColumnType | null;
  readonly isNullable: boolean;
}

export interface ColumnSyntax {
  readonly name: Word;
  readonly renamedFrom: Given<Word>;
  readonly type: Given<TypeSyntax>;
  readonly nullable: Given<Located<boolean>>;
  readonly default: Given<Word>;
  readonly acknowledge: Given<Located<boolean>>;
}

export interface LocalSyntax {
  readonly name: Word;
  readonly renamedFrom: Given<Word>;
  readonly type: Given<TypeSyntax>;
  readonly nullable: Given<Located<boolean>>;
  readonly default: Given<Word>;
  readonly onInsert: Given<Word>;
}

export interface ReferenceSyntax {
  /** The key of the map: the column, or only a name where `columns` is given. */
  readonly name: Word;
  readonly columns: readonly Word[];
  /** Undefined where it could not be read, which is reported. */
  readonly table: Given<Word>;
  readonly to: Given<readonly Word[]>;
  readonly onDelete: Given<Located<Reference["onDelete"]>>;
  readonly synced: Given<Located<boolean>>;
}

export interface BlobSyntax {
  readonly hash: Given<Word>;
  readonly size: Given<Word>;
  readonly cloudOnly: Given<Word>;
  readonly enabledBy: Given<{ readonly through: Given<Word>; readonly flag: Given<Word> }>;
}
