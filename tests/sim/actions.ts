/** What the app does to its tables: steps of a plan as SQL. What SQLite refuses is refused, as for any app. */
import Database from "better-sqlite3";
import type { Reference, SyncModel, Table } from "@synckit-gen/schemas/model";
import { localColumns, syncedColumns } from "@synckit-gen/schemas/model";
import { type Action, type Choice, ownColumns } from "./plan.ts";
import { seededRandom } from "./random.ts";
import { CANARY } from "./schema.ts";
import { keyOf, type Value, valueOf } from "./values.ts";

export type Row = readonly Value[];

type Insertion = Extract<Action, { kind: "insert" | "replace" | "upsert" }>;
const isInsertion = (action: Action): action is Insertion =>
  action.kind === "insert" || action.kind === "replace" || action.kind === "upsert";

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const listed = (names: readonly string[]): string => names.map(quoted).join(", ");
const matching = (names: readonly string[]): string => names.map((name) => `${quoted(name)} = ?`).join(" AND ");

export class AppUser {
  readonly #model: SyncModel;
  readonly #name: string;
  /** Of values that are its own: no two are alike. */
  #count: number;

  constructor(model: SyncModel, name: string, before: AppUser | null = null) {
    this.#model = model;
    this.#name = name;
    this.#count = before === null ? 0 : before.#count;
  }

  /** False: there was nothing to do it to, or SQLite refused. */
  act(db: Database.Database, action: Action): boolean {
    const run = (sql: string, ...parameters: readonly Value[]): void => void db.prepare(sql).run(...parameters);
    try {
      return this.#act(db, action, run);
    } catch (error) {
      if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_CONSTRAINT")) return false;
      throw error;
    }
  }

  #act(db: Database.Database, action: Action, run: (sql: string, ...parameters: readonly Value[]) => void): boolean {
    if (action.kind === "unsynced-parent") {
      for (const parent of this.#model.unsyncedParents)
        run(
          action.isDelete ? `DELETE FROM ${quoted(parent)} WHERE id = ?` : `INSERT INTO ${quoted(parent)} VALUES (?)`,
          `email-${action.key}`,
        );
      return true;
    }
    const table = this.#model.tables[action.table] as Table;
    const name = quoted(table.name);
    const isOverlay = table.apply === "update";
    if (isInsertion(action)) return this.#insert(db, table, action, run);
    if (action.kind === "update-all") {
      const own = ownColumns(table);
      if (own.length === 0) return false;
      const column = chosen(
        action.column,
        own.map((_, i) => i),
      ) as number;
      run(`UPDATE ${name} SET ${quoted((own[column] as { name: string }).name)} = ?`, action.values[column] ?? null);
      return true;
    }
    const keys = rowsOf(db, table, table.identity.columns);
    if (action.kind === "delete-half") {
      if (!isOverlay)
        for (const key of keys.filter((_, i) => i % 2 === 0)) run(`DELETE FROM ${name} WHERE ${matching(table.identity.columns)}`, ...key);
      return true;
    }
    const key = chosen(action.row, keys);
    if (key === null) return false;
    const where = `WHERE ${matching(table.identity.columns)}`;
    switch (action.kind) {
      case "delete":
        if (!isOverlay) run(`DELETE FROM ${name} ${where}`, ...key);
        return true;
      case "local":
        if (localColumns(table).some((column) => column.name === "secret"))
          run(`UPDATE ${name} SET secret = ? ${where}`, this.#canary(), ...key);
        return true;
      case "move": {
        const reference = chosen(action.ref, table.references);
        if (reference === null) return false;
        const values = this.#referenced(db, table, reference, action.to, key);
        if (values === null) return false;
        run(`UPDATE ${name} SET ${reference.columns.map((column) => `${quoted(column)} = ?`).join(", ")} ${where}`, ...values, ...key);
        return true;
      }
      case "update": {
        const own = ownColumns(table);
        const first = chosen(
          action.column,
          own.map((_, i) => i),
        );
        if (first === null) return false;
        // Mostly one column; sometimes two, so that edits overlap in part.
        const changed = (action.column * 10) % 1 < 0.3 ? [...new Set([first, (first + 1) % own.length])] : [first];
        const sets = changed.map((i) => `${quoted((own[i] as { name: string }).name)} = ?`).join(", ");
        run(`UPDATE ${name} SET ${sets} ${where}`, ...changed.map((i) => action.values[i] ?? null), ...key);
        return true;
      }
      case "rekey": {
        if (isOverlay) return false;
        const values = this.#identity(db, table, action.key, action.refs);
        if (values === null) return false;
        run(`UPDATE ${name} SET ${table.identity.columns.map((column) => `${quoted(column)} = ?`).join(", ")} ${where}`, ...values, ...key);
        return true;
      }
    }
  }

  #insert(db: Database.Database, table: Table, action: Insertion, run: (sql: string, ...parameters: readonly Value[]) => void): boolean {
    const identity = this.#identity(db, table, action.key, action.refs);
    if (identity === null) return false;
    const isOverlay = table.apply === "update";
    const row = new Map<string, Value>(table.identity.columns.map((column, i) => [column, identity[i] ?? null]));
    ownColumns(table).forEach(({ name }, i) => row.set(name, action.values[i] ?? null));
    if (isOverlay) for (const [column, value] of fetched(table, action.key)) row.set(column, value);
    for (const [i, reference] of table.references.entries()) {
      if (reference.columns.every((column) => table.identity.columns.includes(column))) continue;
      const values = this.#referenced(db, table, reference, action.refs[i] ?? 0, identity);
      if (values === null) return false;
      reference.columns.forEach((column, part) => row.set(column, values[part] ?? null));
    }
    for (const { name } of localColumns(table)) row.set(name, this.#localValue(name));
    const columns = [...row.keys()];
    const others = syncedColumns(table).filter(({ name }) => !table.identity.columns.includes(name));
    // REPLACE removes the row that has a unique value without telling any trigger: no app may do that (hazard H03).
    const replaces = action.kind === "replace" && table.unique.length === 0;
    const verb = isOverlay ? "INSERT OR IGNORE" : replaces ? "INSERT OR REPLACE" : "INSERT";
    const conflict =
      isOverlay || action.kind !== "upsert" || others.length === 0
        ? ""
        : ` ON CONFLICT (${listed(table.identity.columns)}) DO UPDATE SET ${others.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(", ")}`;
    run(
      `${verb} INTO ${quoted(table.name)} (${listed(columns)}) VALUES (${columns.map(() => "?").join(", ")})${conflict}`,
      ...row.values(),
    );
    return true;
  }

  /** The n-th key; null where a part of it refers to a row and there is none. */
  #identity(db: Database.Database, table: Table, n: number, refs: readonly Choice[]): Row | null {
    const row = new Map(table.identity.columns.map((name) => [name, keyOf(typeOf(table, name), name === "right" ? n >> 1 : n)]));
    for (const [i, reference] of table.references.entries()) {
      if (!reference.columns.every((column) => row.has(column))) continue;
      const values = this.#referenced(db, table, reference, refs[i] ?? 0, null);
      if (values === null) return null;
      reference.columns.forEach((column, part) => row.set(column, values[part] ?? null));
    }
    return [...row.values()];
  }

  /** What a reference's columns may hold now: a parent that is here, or nothing. Null: it needs a parent and there is none. */
  #referenced(db: Database.Database, table: Table, reference: Reference, choice: Choice, self: Row | null): Row | null {
    const none = reference.columns.map(() => null);
    const isOptional = reference.columns.every((name) =>
      table.columns.some((column) => column.name === name && column.kind === "synced" && column.nullable),
    );
    if (isOptional && choice < 0.15) return none;
    if (self !== null && reference.table === table.name && choice > 0.95) return self;
    const target = this.#model.tables.find(({ name }) => name === reference.table);
    const parents =
      target === undefined
        ? (db
            .prepare(`SELECT id FROM ${quoted(reference.table)} ORDER BY id`)
            .raw()
            .all() as Row[])
        : rowsOf(db, target, reference.to);
    return chosen((choice * 7) % 1, parents) ?? (isOptional ? none : null);
  }

  /** A column that another version syncs has a value that may leave. */
  #localValue(column: string): string {
    if (column === "later") return `of ${this.#name}`;
    return column === "local_key" ? `${this.#name} ${(this.#count += 1)}` : this.#canary();
  }

  #canary(): string {
    return `${CANARY} ${this.#name} ${(this.#count += 1)}`;
  }
}

const typeOf = (table: Table, name: string) => {
  const column = syncedColumns(table).find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`actions: ${table.name} has no synced column ${name}`);
  return column.type;
};

/** What an app gets where it fetches an item: the same on every device. */
function fetched(table: Table, key: number): ReadonlyMap<string, Value> {
  const random = seededRandom(key);
  return new Map(ownColumns(table).map(({ name, type, nullable }) => [name, valueOf(random, type, nullable)]));
}

/** In the order of the key. */
const rowsOf = (db: Database.Database, table: Table, columns: readonly string[]): readonly Row[] =>
  db
    .prepare(`SELECT ${listed(columns)} FROM ${quoted(table.name)} ORDER BY ${listed(table.identity.columns)}`)
    .safeIntegers()
    .raw()
    .all() as Row[];

const chosen = <T>(choice: Choice, from: readonly T[]): T | null => from[Math.floor(choice * from.length)] ?? null;
