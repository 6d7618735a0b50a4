/** Applies generated migrations: each once, in order, each in one transaction. */
import type { Driver } from "../driver/driver.ts";
import type { Migration } from "../generated/spec.ts";

/**
 * Runs the migrations that this database has not had. One whose text has changed since it ran is run again:
 * generated migrations are replay-safe, and a regenerated one carries newer triggers.
 */
export function applyMigrations(driver: Driver, migrations: readonly Migration[]): readonly string[] {
  const applied: string[] = [];
  for (const migration of migrations) {
    const key = `migration:${migration.name}`;
    const digest = digestOf(migration.statements);
    if (recorded(driver, key) === digest) continue;
    driver.exec("BEGIN IMMEDIATE");
    try {
      for (const statement of migration.statements) driver.exec(statement);
      driver
        .prepare("INSERT INTO sync_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .run(key, digest);
      driver.exec("COMMIT");
    } catch (error) {
      if (driver.inTransaction()) driver.exec("ROLLBACK");
      throw error;
    }
    applied.push(migration.name);
  }
  return applied;
}

function recorded(driver: Driver, key: string): string | null {
  if (driver.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sync_state'").get() === undefined) return null;
  return (driver.prepare("SELECT value FROM sync_state WHERE key = ?").get(key)?.[0] as string | undefined) ?? null;
}

/** FNV-1a: tells texts apart, secures nothing. */
function digestOf(statements: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const char of statements.join("\0")) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
