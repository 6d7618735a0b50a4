/** From a database to a draft of its schema: which tables, which columns, and how they hang together. */
import { limits } from "@synckit-gen/schemas/protocol";
import { foldName, quoteName, quoteNames } from "../sqlite/database.ts";
import { ownTriggers, uniqueKeys } from "../sqlite/read-shape.ts";
import type { DatabaseShape, TableShape } from "../sqlite/read-shape.ts";
import { isCredentialName } from "../validate/rules/credentials.ts";
import { chooseTables, isSyncTable } from "./choose-tables.ts";
import { draftColumns } from "./draft-columns.ts";
import { draftReferences, draftUnique } from "./draft-links.ts";
import type { Candidate, ColumnDraft, LeftOut, LocalDraft, SchemaDraft, TableDraft } from "./draft.ts";
import { followTypes } from "./follow-types.ts";
import type { Evidence } from "./read-evidence.ts";

export interface DraftOptions {
  readonly app: string;
  /** Null: every table that can. */
  readonly tables: readonly string[] | null;
}

export type ReadEvidence = (table: TableShape) => ReadonlyMap<string, Evidence>;

const INTEGER_KEYS =
  "CAUTION, integer keys: where devices count them up by themselves, two devices give one number to two rows, and one of the rows is lost. " +
  "They are acknowledged below so that everything runs; before two devices write to such a table, make its key a uuid.";

/** SQLite 3.40 gives json_object 63 pairs, of which the key takes some. */
const MAX_SYNCED_COLUMNS = 63;

export function draftSchema(shape: DatabaseShape, readEvidence: ReadEvidence, options: DraftOptions): SchemaDraft {
  const { tables, leftOut } = chooseTables(shape, options.tables);
  const candidates = new Map<string, Candidate>();
  const refused: LeftOut[] = [];
  for (const table of tables) {
    const drafted = draftColumns(table, readEvidence(table));
    if (drafted.ok) candidates.set(foldName(table.name), drafted.candidate);
    else refused.push({ name: table.name, reason: drafted.reason });
  }
  const followed = followTypes(candidates);
  const sides = new Map([...followed].map(([folded, candidate]) => [folded, chooseSides(candidate)]));
  const synced = new Map([...sides].map(([folded, side]) => [folded, new Set(side.synced.map((column) => column.name))]));
  const unique = new Map([...followed].map(([folded, candidate]) => [folded, draftUnique(candidate, synced.get(folded) ?? new Set())]));
  const lists = new Map([...unique].map(([folded, { said }]) => [folded, said]));

  const drafts = [...followed].map(([folded, candidate]): TableDraft => {
    const side = sides.get(folded) ?? { synced: [], local: [], remarks: [] };
    const references = draftReferences(candidate, followed, synced, lists);
    const isReferred = [...followed.values()].some((other) => other.shape.references.some(({ table }) => table === candidate.shape.name));
    const key = keyOf(candidate, isReferred);
    return {
      name: candidate.shape.name,
      remarks: [
        ...key.remarks,
        ...candidate.remarks,
        ...side.remarks,
        ...(unique.get(folded)?.remarks ?? []),
        ...references.remarks,
        ...tableRemarks(shape, candidate.shape),
      ],
      key: candidate.key,
      keyKind: key.kind,
      isIntegerKey: key.isInteger,
      columns: side.synced,
      local: side.local,
      references: references.said,
      unique: unique.get(folded)?.said ?? [],
    };
  });
  const hasSync = shape.tables.some((table) => isSyncTable(table.name));
  return {
    app: options.app,
    remarks: [
      ...(drafts.some((draft) => draft.isIntegerKey) ? [INTEGER_KEYS] : []),
      ...(hasSync ? ["The database already has sync tables. `synckit-gen doctor` compares them with a schema."] : []),
    ],
    tables: drafts,
    leftOut: [...refused, ...leftOut].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

interface Sides {
  readonly synced: readonly ColumnDraft[];
  readonly local: readonly LocalDraft[];
  readonly remarks: readonly string[];
}

/** What leaves the device and what stays: credentials stay, and so does what is beyond the limit. */
function chooseSides(candidate: Candidate): Sides {
  const { shape, key } = candidate;
  const all = [...candidate.columns.values()];
  const credentials = new Set(
    all.filter((column) => !key.includes(column.name) && isCredentialName(column.name)).map((column) => column.name),
  );
  const others = all.filter((column) => !key.includes(column.name) && !credentials.has(column.name));
  const room = Math.min(limits.MAX_MASK_COLUMNS, MAX_SYNCED_COLUMNS - key.length);
  const linked = new Set([...shape.references.flatMap(({ columns }) => columns), ...uniqueKeys(shape).flat()]);
  const kept = new Set(
    [...others.filter((column) => linked.has(column.name)), ...others.filter((column) => !linked.has(column.name))]
      .slice(0, room)
      .map((column) => column.name),
  );
  const staying = others.filter((column) => !kept.has(column.name));
  return {
    synced: all.filter((column) => key.includes(column.name) || kept.has(column.name)),
    local: all
      .filter((column) => credentials.has(column.name) || staying.includes(column))
      .map((column) => localColumn(candidate, column, credentials.has(column.name) ? "looks like a credential" : null)),
    remarks:
      staying.length === 0
        ? []
        : [
            `The table has ${others.length} columns besides its key, and at most ${room} of one table can sync. The last ${staying.length} are under \`local\`: choose which ones should sync, or split the table in two that share a key.`,
          ],
  };
}

function localColumn({ shape }: Candidate, column: ColumnDraft, why: string | null): LocalDraft {
  const remarks = [why, column.remark];
  if (column.isNullable || column.default !== null) return { ...column, onInsert: null, remark: joined(remarks) };
  const isUnique = uniqueKeys(shape).some((columns) => columns.length === 1 && columns[0] === column.name);
  const onInsert = fillOf(column, isUnique);
  return { ...column, onInsert, remark: joined([...remarks, "a row that arrives gets the value of `on_insert`"]) };
}

const joined = (remarks: readonly (string | null)[]): string | null => {
  const said = remarks.filter((remark) => remark !== null);
  return said.length === 0 ? null : said.join("; ");
};

/** A value for a column that must have one and does not travel. */
function fillOf({ type }: ColumnDraft, isUnique: boolean): string {
  if (type === "blob") return isUnique ? "randomblob(16)" : "x''";
  if (type === "integer" || type === "bigint" || type === "boolean" || type === "real") return isUnique ? "random()" : "0";
  return isUnique ? "lower(hex(randomblob(16)))" : "''";
}

const HASH_NAME = /(?:^|_)(?:hash|sha1|sha256|sha512|md5|blake3|digest|checksum)(?:_|$)|(?:Hash|Digest)$/iu;

interface KeyDraft {
  readonly kind: TableDraft["keyKind"];
  readonly isInteger: boolean;
  readonly remarks: readonly string[];
}

function keyOf(candidate: Candidate, isReferred: boolean): KeyDraft {
  const { key, columns, evidence, shape } = candidate;
  const parts = key.flatMap((name) => columns.get(name) ?? []);
  const remarks = nullRemarks(candidate);
  const integers = parts.filter((part) => part.type === "integer" || part.type === "bigint");
  const [only] = parts;
  if (parts.length > 1 || only === undefined) {
    const kind = parts.every((part) => part.type === "uuid") ? "uuid" : "natural";
    const loose = integers.filter((part) => !shape.references.some((reference) => reference.columns.includes(part.name)));
    if (loose.length > 0)
      remarks.push(
        `${quoteNames(loose.map((part) => part.name))} of the key is a number: make sure that it means the same row on every device.`,
      );
    return { kind, isInteger: false, remarks };
  }
  if (integers.length > 0)
    return { kind: "natural", isInteger: true, remarks: [...remarks, ...integerRemarks(candidate, only.name, isReferred)] };
  const seen = evidence.get(only.name);
  const values = (seen?.texts ?? 0) + (seen?.blobs ?? 0);
  if (HASH_NAME.test(only.name)) return { kind: "content-hash", isInteger: false, remarks };
  if (only.type === "uuid") return { kind: "uuid", isInteger: false, remarks };
  const random = (seen?.hashes ?? 0) + (seen?.uuidBlobs ?? 0);
  return { kind: values > 0 && random === values ? "uuid" : "natural", isInteger: false, remarks };
}

function nullRemarks({ key, evidence, shape }: Candidate): string[] {
  const isIn = (name: string): boolean =>
    (evidence.get(name)?.nulls ?? 0) > 0 && !shape.columns.some((column) => column.name === name && column.isRowid);
  const nulls = key.filter(isIn);
  return nulls.length === 0
    ? []
    : [`Some rows have NULL in ${quoteNames(nulls)}. SQLite lets NULL into such a key; these rows will not sync.`];
}

function integerRemarks({ shape, key, columns }: Candidate, name: string, isReferred: boolean): readonly string[] {
  const reference = shape.references.find((other) => other.columns.includes(name));
  if (reference !== undefined)
    return [`Rows are recognised by a number, ${quoteName(name)}: as good as that of ${quoteName(reference.table)}.`];
  const rivals = uniqueKeys(shape).filter(
    (list) =>
      list.join("\u0000") !== key.join("\u0000") &&
      list.every((part) => columns.get(part)?.isNullable === false && !isCredentialName(part)),
  );
  const counted = shape.columns.some((column) => column.name === name && column.isRowid);
  const why = `CAUTION: ${quoteName(name)} is an integer key (see above)${counted ? ", which SQLite counts up by itself" : ""}.`;
  // What other tables refer to must stay the identity.
  const lists = isReferred ? [] : rivals.map((list) => `match: [${list.join(", ")}]`);
  return [
    lists.length === 0
      ? why
      : `${why} What is unique could take its place, without \`key_kind\` and the acknowledgement: ${lists.join(" or ")}.`,
  ];
}

/** What holds for a table as a whole and the language has no word for. */
function tableRemarks(shape: DatabaseShape, table: TableShape): readonly string[] {
  const remarks: string[] = [];
  const bare = table.sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\//gu, " ");
  if (/\bCHECK\s*\(/iu.test(bare)) remarks.push("The table has CHECK constraints: a row that breaks one on arrival is held back.");
  if (/(?<!NOT\s+)DEFERRABLE\s+INITIALLY\s+DEFERRED/iu.test(bare))
    remarks.push("Foreign keys are deferred in the database; sync orders rows and defers checks in any case.");
  const own = ownTriggers(shape, table.name);
  const loud = own.filter((trigger) => !trigger.isGuarded);
  if (loud.length > 0)
    remarks.push(
      `Triggers of the app run also while remote changes are applied, so that devices may come to differ: ${quoteNames(loud.map(({ name }) => name))}. ` +
        `Give them WHEN NOT EXISTS (SELECT 1 FROM sync_state WHERE key = 'applying_remote' AND value = '1').`,
    );
  return remarks;
}
