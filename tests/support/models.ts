/** Models built by hand, in a few words, with every default that the generator would apply. */
import { IR_VERSION, type Column, type ColumnType, type Reference, type SyncModel, type Table } from "@synckit-gen/schemas/model";

type TypeText = ColumnType | `${ColumnType}?`;

interface LocalWords {
  readonly type?: ColumnType;
  readonly nullable?: boolean;
  readonly default?: string;
  readonly onInsert?: string;
}

/** What a test says about a table; all else is the language's default. */
export interface TableWords {
  /** Identity columns and their types. Default: `id`, a uuid. */
  readonly identity?: Readonly<Record<string, TypeText>>;
  /** Synced columns besides the identity. */
  readonly columns?: Readonly<Record<string, TypeText>>;
  readonly defaults?: Readonly<Record<string, string>>;
  readonly local?: Readonly<Record<string, LocalWords>>;
  /** The primary key, where it is not the identity. */
  readonly key?: readonly string[];
  readonly references?: readonly (Partial<Reference> & Pick<Reference, "columns" | "table">)[];
  readonly unique?: readonly (readonly string[])[];
  readonly apply?: Table["apply"];
  readonly deletes?: Table["deletes"];
  readonly capture?: Table["capture"];
  readonly rowIds?: Table["rowIds"];
  readonly conflicts?: Table["conflicts"];
}

/** The mode of a test's run (`vitest.config.ts`), where a table can have it. */
/** This run has its tables captured by key where they can be (vitest.config.ts). */
export const capturesKeys = process.env["SYNCKIT_TEST_CAPTURE"] === "keys";

const captureUnderTest = ({ apply, deletes }: TableWords): Table["capture"] =>
  capturesKeys && apply !== "update" && deletes !== "ignore" ? "keys" : "payload";

export function tableOf(name: string, words: TableWords = {}): Table {
  const identity = words.identity ?? { id: "uuid" };
  const identityNames = Object.keys(identity);
  const synced = (entries: Readonly<Record<string, TypeText>>, firstBit: number | null): readonly Column[] =>
    Object.entries(entries).map(([column, type], i) => ({
      kind: "synced",
      name: column,
      type: type.replace("?", "") as ColumnType,
      nullable: type.endsWith("?"),
      default: words.defaults?.[column] ?? null,
      bit: firstBit === null ? null : firstBit + i,
    }));
  const local = Object.entries(words.local ?? {}).map(([column, of]): Column => ({
    kind: "local",
    name: column,
    type: of.type ?? null,
    nullable: of.nullable ?? true,
    default: of.default ?? null,
    onInsert: of.onInsert ?? null,
  }));
  return {
    name,
    code: { type: pascal(name), value: pascal(name).replace(/^./, (first) => first.toLowerCase()) },
    identity: { kind: "uuid", columns: identityNames },
    key: words.key ?? identityNames,
    rowIds: words.rowIds ?? "plain",
    conflicts: words.conflicts ?? "column",
    apply: words.apply ?? "upsert",
    deletes: words.deletes ?? "apply",
    capture: words.capture ?? captureUnderTest(words),
    columns: [...synced(identity, null), ...synced(words.columns ?? {}, 0), ...local],
    references: (words.references ?? []).map((reference) => ({ to: ["id"], onDelete: "no action", synced: true, ...reference })),
    unique: words.unique ?? [],
    blob: null,
    component: 0,
  };
}

/** Tables in the order given: parents first. */
export function modelOf(tables: readonly Table[], words: Partial<Omit<SyncModel, "tables">> = {}): SyncModel {
  const unsynced = tables.flatMap((table) => table.references.filter((reference) => !reference.synced).map((reference) => reference.table));
  return {
    irVersion: IR_VERSION,
    app: "test",
    compat: "full",
    create: false,
    changelog: { retainDays: 7, maxEntries: null, maxAwayDays: 180 },
    unsyncedParents: [...new Set(unsynced)].toSorted(),
    ...words,
    tables: tables.map((table, component) => ({ ...table, component })),
  };
}

const pascal = (name: string): string => {
  const words = name.split(/[^\p{ID_Continue}]+|_/u).filter((word) => word !== "");
  const joined = words.map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join("");
  return /^\p{ID_Start}/u.test(joined) ? joined : `T${joined}`;
};
