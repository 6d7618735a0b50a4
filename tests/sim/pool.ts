/** Schemas with what the emitters wrote for them, made once: emitting, importing and migrating cost more than a run. */
import Database from "better-sqlite3";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { openGenerated } from "../support/generated.ts";
import { loadSpec, type LoadedSpec } from "../support/load-spec.ts";
import { schemaOf } from "./schema.ts";

export interface App {
  /** Of its schema. */
  readonly number: number;
  readonly model: SyncModel;
  readonly loaded: LoadedSpec;
  /** A database with the app's tables and the migration. */
  readonly open: () => Database.Database;
}

const pool = new Map<number, Promise<App>>();

export function appOf(schema: number): Promise<App> {
  let made = pool.get(schema);
  if (made === undefined) pool.set(schema, (made = make(schema)));
  return made;
}

async function make(number: number): Promise<App> {
  const model = schemaOf(number);
  const loaded = await loadSpec(model);
  const empty = openGenerated(model);
  const file = empty.serialize();
  empty.close();
  return { number, model, loaded, open: () => openFile(file) };
}

/** A database in memory with the content of a file. */
export function openFile(file: Buffer): Database.Database {
  const db = new Database(Buffer.from(file));
  db.pragma("foreign_keys = ON");
  return db;
}
