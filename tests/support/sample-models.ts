/** Models that between them use every word of the language, and names that no sane author would choose. */
import type { ColumnType, SyncModel } from "@synckit-gen/schemas/model";
import { modelOf, tableOf } from "./models.ts";

const EVERY_TYPE = [
  "text",
  "uuid",
  "integer",
  "bigint",
  "real",
  "boolean",
  "json",
  "timestamp",
  "date",
  "blob",
] as const satisfies readonly ColumnType[];

/** Every column type, kind of key, reference rule and policy. */
export const everyFeature = (): SyncModel =>
  modelOf(
    [
      tableOf("projects", { columns: { name: "text", archived: "boolean" }, defaults: { archived: "0", name: "'it''s new'" } }),
      tableOf("tasks", {
        columns: { title: "text", done: "boolean", project_id: "uuid?", parent_id: "uuid?", email_id: "uuid?", due: "timestamp?" },
        defaults: { done: "0" },
        local: {
          user_id: { type: "text", nullable: false, onInsert: "'local'" },
          seen_at: { type: "timestamp", nullable: false, default: "CURRENT_TIMESTAMP" },
          note: {},
        },
        references: [
          { columns: ["project_id"], table: "projects", onDelete: "cascade" },
          { columns: ["parent_id"], table: "tasks", onDelete: "set null" },
          { columns: ["email_id"], table: "emails", synced: false },
        ],
        unique: [["project_id", "title"]],
      }),
      tableOf("accounts", {
        columns: { address: "text", imap_host: "text" },
        local: { password: { type: "text" }, oauth_token: { type: "text" }, session: {} },
      }),
      tableOf("typed", {
        columns: Object.fromEntries(
          EVERY_TYPE.flatMap((type) => [
            [`a_${type}`, type],
            [`n_${type}`, `${type}?` as const],
          ]),
        ),
      }),
      tableOf("task_tags", {
        identity: { task_id: "uuid", tag: "text" },
        references: [{ columns: ["task_id"], table: "tasks", onDelete: "cascade" }],
      }),
      tableOf("counters", { identity: { shop: "text", day: "date", till: "bigint" }, columns: { total: "integer" } }),
      tableOf("hashes", { identity: { digest: "blob" }, columns: { size: "integer" }, rowIds: "hidden" }),
      tableOf("numbered", { identity: { number: "integer" }, columns: { label: "text?" } }),
      tableOf("feed_items", {
        identity: { external_id: "text" },
        key: ["id"],
        columns: { is_read: "boolean", is_starred: "boolean" },
        defaults: { is_read: "0", is_starred: "0" },
        local: { id: { type: "integer", nullable: false }, body: { type: "text" } },
        apply: "update",
        deletes: "ignore",
      }),
      tableOf("matched", {
        identity: { slug: "text" },
        key: ["id"],
        columns: { label: "text" },
        local: { id: { type: "integer", nullable: false } },
      }),
      tableOf("log", { columns: { line: "text" }, deletes: "ignore", conflicts: "row" }),
      tableOf("wide", { columns: Object.fromEntries(Array.from({ length: 62 }, (_, i) => [`c${i}`, "integer?"] as const)) }),
    ],
    { create: true, app: "every-feature" },
  );

/** Quotes, spaces, keywords, separators that Kysely reads, comment ends, Unicode and what JavaScript treats specially. */
export const nastyNames = (): SyncModel =>
  modelOf(
    [
      tableOf("order", { identity: { group: "text" }, columns: { select: "text?", "a b": "text?", 'x"y': "text?", "it's": "text?" } }),
      tableOf("synced", { columns: { "*/ evil": "text?", "back\\slash": "text?", "`tick ${x}`": "text?", $sync2: "text?" } }),
      tableOf("table", {
        columns: Object.fromEntries(["constructor", "toString", "__proto__", "hasOwnProperty"].map((name) => [name, "text?"] as const)),
      }),
      tableOf("a.b", {
        identity: { "x.y": "text", k2: "bigint" },
        columns: { "c.d": "blob?" },
        local: { "e.f": { type: "text", onInsert: "'it''s \\ ` ${x}'" } },
      }),
      tableOf("tick`.${x}\\", { columns: { "a`.${y}\\": "text?" } }),
      tableOf("x as y", { columns: { plain: "text?" } }),
      tableOf("only.keys", { identity: { "a.b": "text", c: "text" } }),
      tableOf("up.date", { columns: { "is.read": "boolean" }, apply: "update", deletes: "ignore" }),
      tableOf("tab\tnew\nline", { columns: { "été 🚀": "text?", "\u2028": "text?", "new\nline": "text?", "a\"\n'b": "text?" } }),
      tableOf("*/ DROP TABLE x; --", { columns: { name: "text?", type: "text?", value: "text?", "": "text?" } }),
      tableOf("excluded", { columns: { excluded: "text?", stored: "text?" } }),
      tableOf("sync", {
        columns: {
          builder: "text?",
          sql: "text?",
          spec: "text?",
          values: "text?",
          identity: "text?",
          changes: "text?",
          parts: "text?",
          compile: "text?",
        },
      }),
    ],
    { create: true, app: 'it\'s "nasty" */' },
  );

/** Tables of twelve columns, each the child of the one before. */
export const manyTables = (count: number): SyncModel =>
  modelOf(
    Array.from({ length: count }, (_, i) =>
      tableOf(`table_${i}`, {
        columns: { ...Object.fromEntries(EVERY_TYPE.map((type) => [`a_${type}`, type] as const)), parent_id: "uuid?" },
        references: i === 0 ? [] : [{ columns: ["parent_id"], table: `table_${i - 1}`, onDelete: "cascade" }],
      }),
    ),
  );
