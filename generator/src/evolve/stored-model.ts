/** A model read back from a lock: checked member by member, because people and merges edit locks. */
import { IR_VERSION } from "@synckit-gen/schemas/model";
import type { SyncModel } from "@synckit-gen/schemas/model";

type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";
const count: Check = (value) => Number.isSafeInteger(value);
const nothing: Check = (value) => value === null;
const absent: Check = (value) => value === undefined;
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
const listOf =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item);
/** Members that a later version adds are no fault; what this version does not know, it does not compare. */
const shape =
  (members: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(members).every(([name, check]) => check(value[name]));

const texts = listOf(text);
const type = oneOf("text", "uuid", "integer", "bigint", "real", "boolean", "json", "timestamp", "date", "blob");
const column = {
  name: text,
  nullable: flag,
  default: either(text, nothing),
  renamedFrom: either(text, nothing, absent),
  earlierNames: either(texts, absent),
};

const isModel = shape({
  irVersion: oneOf(IR_VERSION),
  app: text,
  compat: oneOf("full", "synckit"),
  create: flag,
  changelog: shape({ retainDays: count, maxEntries: either(count, nothing), maxAwayDays: count }),
  unsyncedParents: texts,
  tables: listOf(
    shape({
      name: text,
      renamedFrom: either(text, nothing, absent),
      earlierNames: either(texts, absent),
      epoch: either(count, absent),
      code: shape({ type: text, value: text }),
      identity: shape({ kind: oneOf("uuid", "content-hash", "natural"), columns: texts }),
      key: texts,
      rowIds: oneOf("plain", "hidden"),
      conflicts: oneOf("column", "row"),
      apply: oneOf("upsert", "update"),
      deletes: oneOf("apply", "ignore"),
      capture: oneOf("payload", "keys"),
      columns: listOf(
        either(
          shape({ ...column, kind: oneOf("synced"), type, bit: either(count, nothing) }),
          shape({ ...column, kind: oneOf("local"), type: either(type, nothing), onInsert: either(text, nothing) }),
        ),
      ),
      references: listOf(
        shape({ columns: texts, table: text, to: texts, onDelete: oneOf("cascade", "set null", "restrict", "no action"), synced: flag }),
      ),
      unique: listOf(texts),
      blob: either(
        nothing,
        shape({
          hash: text,
          size: text,
          cloudOnly: either(text, nothing),
          enabledBy: either(nothing, shape({ through: text, flagTable: text, flag: text })),
        }),
      ),
      component: count,
    }),
  ),
});

/** Null where the value is no model of this version. */
export const readStoredModel = (value: unknown): SyncModel | null => (isModel(value) ? (value as SyncModel) : null);
