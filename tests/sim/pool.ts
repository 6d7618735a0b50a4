/** Schemas with what the emitters wrote for them, made once: emitting, importing and migrating cost more than a run. */
import Database from "better-sqlite3";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { openGenerated } from "../support/generated.ts";
import { loadSpec, type LoadedSpec } from "../support/load-spec.ts";
import { hasVersions, schemaOf } from "./schema.ts";
import { appVersions, type Names } from "./versions.ts";

export interface App {
  /** Of its schema. */
  readonly number: number;
  readonly model: SyncModel;
  readonly loaded: LoadedSpec;
  /** A database with the app's tables and the migration. */
  readonly open: () => Database.Database;
  /** Where the app has versions: all of them, the first one first. A new database is empty then, and devices run migrations. */
  readonly versions: readonly App[];
  readonly names: Names | null;
}

const pool = new Map<number, Promise<App>>();

export function appOf(schema: number): Promise<App> {
  let made = pool.get(schema);
  if (made === undefined) pool.set(schema, (made = make(schema)));
  return made;
}

/** Of several versions, the first. */
async function make(number: number): Promise<App> {
  const [first] = hasVersions(number) ? await appVersions(number) : [];
  if (first !== undefined) return first;
  const model = schemaOf(number);
  const loaded = await loadSpec(model);
  const empty = openGenerated(model);
  const file = empty.serialize();
  empty.close();
  return { number, model, loaded, open: () => openFile(file), versions: [], names: null };
}

/** A database in memory with the content of a file. */
export function openFile(file: Buffer): Database.Database {
  const db = new Database(Buffer.from(file));
  db.pragma("foreign_keys = ON");
  return db;
}
