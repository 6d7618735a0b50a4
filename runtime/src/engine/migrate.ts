/** Applies generated migrations: each once, in order, each in one transaction. */
import { SyncError } from "../client/errors.ts";
import { fingerprint } from "./fingerprint.ts";
import { DatabaseBusyError } from "../driver/database-busy-error.ts";
import type { Driver } from "../driver/driver.ts";
import type { Migration } from "../generated/spec.ts";

/**
 * Runs the migrations that this database has not had. The first one is replay-safe: where its text has changed since it
 * ran, it runs again, and brings newer triggers. Later ones run once, whatever ran them. `check` may refuse what the last
 * one leaves, by throwing: its triggers do not stay then.
 */
export function applyMigrations(driver: Driver, migrations: readonly Migration[], check: () => void = () => {}): readonly string[] {
  const applied: string[] = [];
  for (const migration of migrations) {
    const digest = migration.once === true ? "done" : fingerprint(migration.statements.join("\0"));
    if (isDone(driver, migration, migrations, digest)) continue;
    if (isReplaced(driver, migration)) {
      record(driver, migration.name, digest);
      continue;
    }
    const isLast = migration === migrations.at(-1);
    withForeignKeys(driver, migration.foreignKeys, () => run(driver, migration, digest, isLast ? check : () => {}));
    applied.push(migration.name);
  }
  return applied;
}

function isDone(driver: Driver, migration: Migration, all: readonly Migration[], digest: string): boolean {
  const found = recorded(driver, migration.name);
  if (migration.once === true) return found !== null;
  // Another tool may have run it and left no record; after a later one its triggers would be those of the past.
  return found === digest || all.some((other) => other.once === true && recorded(driver, other.name) !== null);
}

const isReplaced = (driver: Driver, { replaces = [] }: Migration): boolean =>
  replaces.length > 0 && replaces.every((name) => recorded(driver, name) !== null);

function run(driver: Driver, migration: Migration, digest: string, check: () => void): void {
  if (driver.inTransaction()) throw new DatabaseBusyError("a transaction of the app is open on this handle");
  driver.exec("BEGIN IMMEDIATE");
  try {
    for (const statement of migration.statements) driver.exec(statement);
    record(driver, migration.name, digest);
    check();
    driver.exec("COMMIT");
  } catch (error) {
    if (driver.inTransaction()) driver.exec("ROLLBACK");
    if (error instanceof SyncError || !(error instanceof Error)) throw error;
    throw new SyncError("database/migration-failed", { detail: `${migration.name}: ${error.message}`, cause: error });
  }
}

/** In a transaction the pragma would do nothing, so it stands around it. */
function withForeignKeys(driver: Driver, wanted: Migration["foreignKeys"], body: () => void): void {
  const isRelaxed = wanted === "off" && Number(driver.prepare("PRAGMA foreign_keys").get()?.[0]) === 1;
  if (isRelaxed) driver.exec("PRAGMA foreign_keys = OFF");
  try {
    body();
  } finally {
    if (isRelaxed) driver.exec("PRAGMA foreign_keys = ON");
  }
}

const keyOf = (name: string): string => `migration:${name}`;

function record(driver: Driver, name: string, digest: string): void {
  driver
    .prepare("INSERT INTO sync_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
    .run(keyOf(name), digest);
}

function recorded(driver: Driver, name: string): string | null {
  if (driver.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sync_state'").get() === undefined) return null;
  return (driver.prepare("SELECT value FROM sync_state WHERE key = ?").get(keyOf(name))?.[0] as string | undefined) ?? null;
}
