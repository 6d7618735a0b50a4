/**
 * Taking sync off a database, and putting it back. The tables of sync stay, since later migrations change them; what they
 * say of the account goes, and so do the triggers, so that nothing is logged for nobody.
 */
import type { Driver } from "../driver/driver.ts";
import type { Migration } from "../generated/spec.ts";
import { forgetBlobs, PAUSED_UNTIL } from "./blob-rows.ts";
import { PUSHED_STAMP } from "./changelog.ts";
import { APPLIED_BY_APP, SNAPSHOT_FACTS } from "./snapshot-facts.ts";
import { LOG_FACTS } from "./log-facts.ts";
import { FIRST_READ } from "./store-scope.ts";
import { quoteName } from "./quote-name.ts";
import type { StateStore } from "./state.ts";

/** State key: `1` while sync is off. */
const DETACHED = "detached";
/** Of the account that this device was part of. The last stamp stays: time goes on. */
const ACCOUNT_FACTS = [
  "account",
  "device_id",
  "last_sync_ms",
  "start_over",
  "replay_on_upgrade",
  "whole_pull_ms",
  FIRST_READ,
  "forget_marks",
  "too_old",
  PAUSED_UNTIL,
  APPLIED_BY_APP,
  ...LOG_FACTS,
  PUSHED_STAMP,
  ...SNAPSHOT_FACTS,
];

export const isDetached = (state: StateStore): boolean => state.get(DETACHED) === "1";

/** Forgets the account. In a transaction of the caller's. */
export function forgetAccount(driver: Driver, state: StateStore): void {
  for (const table of ["sync_changelog", "sync_row_clock", "sync_held", "sync_quarantine", "sync_conflicts"])
    driver.exec(`DELETE FROM ${table}`);
  const forget = driver.prepare("DELETE FROM sync_state WHERE key = ?");
  for (const key of ACCOUNT_FACTS) forget.run(key);
  forgetBlobs(driver);
  state.set("pull_cursor", "0");
  state.set("highest_cursor", "0");
  state.set("push_marks", "[]");
  state.set("initial_snapshot_done", "0");
}

/** In a transaction of the caller's. */
export function dropTriggers(driver: Driver, state: StateStore, migrations: readonly Migration[]): void {
  for (const name of triggersOf(migrations).keys()) driver.exec(`DROP TRIGGER IF EXISTS ${quoteName(name)}`);
  state.set(DETACHED, "1");
}

/** In a transaction of the caller's: the triggers as the last migration has them. */
export function restoreTriggers(driver: Driver, state: StateStore, migrations: readonly Migration[]): void {
  for (const [name, sql] of triggersOf(migrations)) {
    driver.exec(`DROP TRIGGER IF EXISTS ${quoteName(name)}`);
    driver.exec(sql);
  }
  state.set(DETACHED, "0");
}

/** What the migrations leave behind, by name. */
function triggersOf(migrations: readonly Migration[]): ReadonlyMap<string, string> {
  const triggers = new Map<string, string>();
  for (const statement of migrations.flatMap(({ statements }) => statements)) {
    const [, verb, name] = /^\s*(CREATE|DROP) TRIGGER (?:IF (?:NOT )?EXISTS )?"((?:[^"]|"")*)"/u.exec(statement) ?? [];
    if (name === undefined) continue;
    if (verb === "CREATE") triggers.set(name.replaceAll('""', '"'), statement);
    else triggers.delete(name.replaceAll('""', '"'));
  }
  return triggers;
}
