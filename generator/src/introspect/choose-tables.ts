/** Which tables of a database can sync at all, and why the others cannot. */
import { limits, RESERVED_MEMBER } from "@synckit-gen/schemas/protocol";
import { isSameName } from "../sqlite/database.ts";
import type { DatabaseShape, TableShape } from "../sqlite/read-shape.ts";
import { unusableReason } from "../validate/rules/names.ts";
import type { LeftOut } from "./draft.ts";

/** Where migration tools note what they have done: a fact about one file, not about the user's data. */
const BOOKKEEPING =
  /^(?:_*(?:kysely|knex|drizzle|typeorm|sequelize|prisma|diesel_schema|sqlx|refinery_schema|goose|gorp|schema)_*migrations?(?:_lock)?|kysely_migration_lock|schema_version|alembic_version|flyway_schema_history|databasechangelog(?:lock)?|migrations?|sequelizemeta|room_master_table|android_metadata|grdb_migrations|ar_internal_metadata|django_migrations|user_version)$/iu;

export interface Choice {
  readonly tables: readonly TableShape[];
  readonly leftOut: readonly LeftOut[];
}

/** `wanted` is null where the author named no tables. */
export function chooseTables(shape: DatabaseShape, wanted: readonly string[] | null): Choice {
  const tables: TableShape[] = [];
  const leftOut: LeftOut[] = [];
  for (const table of shape.tables) {
    const isAsked = wanted === null || wanted.some((name) => isSameName(name, table.name));
    const reason = reasonAgainst(table, wanted !== null);
    if (isSyncTable(table.name)) continue;
    if (!isAsked) leftOut.push({ name: table.name, reason: "not asked for" });
    else if (reason === null) tables.push(table);
    // What a virtual table stores for itself goes without saying.
    else if (table.kind !== "shadow" || wanted !== null) leftOut.push({ name: table.name, reason });
  }
  for (const view of shape.views) leftOut.push({ name: view, reason: "a view: its rows are those of other tables" });
  return { tables, leftOut };
}

export const isSyncTable = (name: string): boolean => name.toLowerCase().startsWith("sync_");

function reasonAgainst(table: TableShape, isNamed: boolean): string | null {
  if (table.kind === "virtual")
    return "a virtual table (such as full-text search): it can have no triggers; every device builds it for itself";
  if (table.kind === "shadow") return "belongs to a virtual table";
  if (!isNamed && BOOKKEEPING.test(table.name)) return "a migration tool's own notes about this file; name it with --tables if it is data";
  const fault = nameFault(table.name);
  if (fault !== null) return `its name cannot be used: ${fault}`;
  return null;
}

function nameFault(name: string): string | null {
  return name.length > limits.MAX_TABLE_NAME ? `it is longer than ${limits.MAX_TABLE_NAME} characters` : unusableReason(name);
}

/** Why a column cannot be named in a schema; null where it can. */
export const columnNameFault = (name: string): string | null =>
  name === RESERVED_MEMBER ? "sync uses the name itself" : unusableReason(name);
