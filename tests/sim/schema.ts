/** Random schemas from the language: kinds of keys, column types, references, cycles and every policy of a table. */
import type { ColumnType, Reference, SyncModel, Table } from "@synckit-gen/schemas/model";
import { modelOf, tableOf } from "../support/models.ts";
import { type Random, seededRandom } from "./random.ts";

/** Begins every value that the app puts into a local column: none may leave its table. */
export const CANARY = "canary";

type Types = Record<string, ColumnType | `${ColumnType}?`>;
type Words = NonNullable<Parameters<typeof tableOf>[1]>;
type Draft = { -readonly [K in keyof Words]: Words[K] } & {
  identity: Types;
  columns: Types;
  references: (Partial<Reference> & Pick<Reference, "columns" | "table">)[];
};

interface Named {
  readonly name: string;
  readonly draft: Draft;
}

const TYPES: readonly ColumnType[] = ["text", "uuid", "integer", "bigint", "real", "boolean", "json", "timestamp", "date", "blob"];
const NAMES = ["projects", "tasks", "order", 'quo"te', "two words", "Tabelle_ä"];
const UNSYNCED = "emails";

/** Schemas below this number are of the simulator's first version, and so are their histories: a seed of that time replays for ever. */
export const FIRST_ROUGH = 30;

/** From this number on, users also make the decisions of docs/life-cycle.md, and devices begin with snapshots. */
export const FIRST_OF_LIVES = 60;
/** From this number on, the app has versions, and devices are updated in mid-run. */
export const FIRST_OF_VERSIONS = 80;
/** From this number on, the versions have more of the language in them. */
export const FIRST_OF_WIDE_VERSIONS = 100;
/** From this number on, devices also sync in the product's own order, and time passes until what is deleted is forgotten. */
export const FIRST_OF_LONG_TIMES = 140;
/** From this number on there are versions again, with still more of the language in them. */
export const FIRST_OF_WIDEST_VERSIONS = 160;
/** Schemas that take turns where nobody says otherwise. */
export const ALL_SCHEMAS = 180;

/** The app has versions. */
export const hasVersions = (number: number): boolean =>
  number >= FIRST_OF_VERSIONS && (number < FIRST_OF_LONG_TIMES || number >= FIRST_OF_WIDEST_VERSIONS);

/** The schema of a number: the same one on every machine. */
export function schemaOf(number: number): SyncModel {
  const random = seededRandom(7_919 * number + 1);
  const count = 2 + random.below(4);
  const drafts = NAMES.slice(0, count).map((name): Named => ({ name, draft: draftOf(random) }));
  const tie = random.chance(0.3) ? random.below(count - 1) : -1; // this table and the next refer to each other
  // References inside keys first: they change what other references point at.
  drafts.forEach((_draft, index) => {
    if (index > 0 && random.chance(0.2)) addReference(random, drafts, index, random.below(index), true);
  });
  drafts.forEach(({ draft }, index) => {
    for (let n = random.below(3); n > 0; n--) addReference(random, drafts, index, random.chance(0.25) ? index : random.below(index + 1));
    if (index === tie) addReference(random, drafts, index, index + 1);
    if (index === tie + 1 && tie >= 0) addReference(random, drafts, index, index - 1);
    if (draft.apply !== "update" && random.chance(0.15)) addUnsyncedReference(random, draft);
  });
  if (number >= FIRST_ROUGH) {
    const more = seededRandom(104_729 * number + 3);
    for (const { draft } of drafts) if (more.chance(0.4)) addUnique(more, draft);
  }
  const capture = seededRandom(15_485_863 * number + 5);
  const mode = (draft: Draft): Table["capture"] =>
    capture.chance(0.5) && draft.apply !== "update" && draft.deletes !== "ignore" ? "keys" : "payload";
  const compat = random.chance(0.12) ? "synckit" : "full";
  // Without masks on the wire rows merge whole: the language refuses anything else.
  const merged = (draft: Draft): Draft => (compat === "synckit" ? { ...draft, conflicts: "row" } : draft);
  const tables = drafts.map(({ name, draft }) => tableOf(name, { ...merged(draft), capture: mode(draft) }));
  const model = modelOf(tables, {
    compat,
    changelog: { retainDays: random.pick([1, 7]), maxEntries: random.pick([null, 20]), maxAwayDays: 180 },
  });
  const component = (index: number): number => (tie >= 0 && index > tie ? index - 1 : index);
  return { ...model, tables: model.tables.map((table, index): Table => ({ ...table, component: component(index) })) };
}

function draftOf(random: Random): Draft {
  const draft: Draft = { identity: identityOf(random), columns: {}, references: [], local: {} };
  for (let n = 1 + random.below(4); n > 0; n--) draft.columns[`c${n}`] = `${random.pick(TYPES)}${random.chance(0.6) ? "?" : ""}`;
  draft.conflicts = random.chance(0.7) ? "column" : "row";
  if (random.chance(0.6)) draft.local = { secret: { type: "text" }, owner: { type: "text", nullable: false, onInsert: "'filled'" } };
  if (random.chance(0.15)) draft.rowIds = "hidden";
  const policy = random.next();
  if (policy < 0.12) Object.assign(draft, { apply: "update", deletes: "ignore" });
  else if (policy < 0.2) draft.deletes = "ignore";
  if (policy < 0.12 || random.chance(0.1)) {
    draft.key = ["local_key"];
    draft.local = { ...draft.local, local_key: { type: "text", nullable: false, onInsert: "lower(hex(randomblob(16)))" } };
  }
  return draft;
}

function identityOf(random: Random): Types {
  const kind = random.next();
  if (kind < 0.45) return { id: "uuid" };
  if (kind < 0.75) return { [random.pick(["id", "key", "hash"])]: random.pick(["text", "integer", "bigint", "date", "blob"] as const) };
  return {
    left: random.pick(["text", "integer", "uuid"] as const),
    right: random.pick(["text", "bigint", "blob"] as const),
    ...(random.chance(0.3) ? { third: "text" as const } : {}),
  };
}

function addReference(random: Random, drafts: readonly Named[], from: number, at: number, inKey = false): void {
  const [{ draft }, { name, draft: parent }] = [drafts[from] as Named, drafts[at] as Named];
  // What such parents hold differs from device to device, and so would their children.
  if (draft.apply === "update" || parent.apply === "update" || parent.deletes === "ignore") return;
  const rules = ["cascade", "set null", "restrict", "no action"] as const;
  const onDelete = random.pick(inKey ? rules.filter((rule) => rule !== "set null") : rules);
  const isOptional = !inKey && (onDelete === "set null" || at >= from || random.chance(0.4));
  const number = draft.references.length;
  const to = Object.keys(parent.identity);
  const columns = to.map((_column, i) => `r${number}_${i}`);
  const types = Object.fromEntries(
    columns.map((column, i) => [column, `${parent.identity[to[i] as string] as ColumnType}${isOptional ? "?" : ""}`] as const),
  );
  if (inKey) draft.identity = { ...draft.identity, ...types };
  else Object.assign(draft.columns, types);
  draft.references.push({ columns, table: name, to, onDelete });
}

function addUnsyncedReference(random: Random, draft: Draft): void {
  const onDelete = random.pick(["cascade", "set null", "no action"] as const);
  draft.columns["email"] = "uuid?";
  draft.references.push({ columns: ["email"], table: UNSYNCED, to: ["id"], onDelete, synced: false });
}

/** One column, two, or a reference with a column: a place among the rows of one parent. */
function addUnique(random: Random, draft: Draft): void {
  if (draft.apply === "update" || draft.deletes === "ignore") return;
  const own = Object.keys(draft.columns).filter((name) => /^c\d$/u.test(name));
  const [reference] = draft.references.filter(({ synced, columns }) => synced !== false && columns.every((name) => name in draft.columns));
  const column = random.pick(own);
  const others = reference !== undefined && random.chance(0.4) ? reference.columns : random.chance(0.25) ? [random.pick(own)] : [];
  draft.unique = [[...new Set([...others, column])]];
}
