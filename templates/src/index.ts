/** Entry point of `@synckit-gen/templates`: the emitters, and the SQL that one of them writes. */
import type { Emitter } from "@synckit-gen/schemas/model";
import { emitter as apply } from "./emitters/apply.ts";
import { emitter as commands } from "./emitters/commands.ts";
import { emitter as electron } from "./emitters/electron.ts";
import { emitter as http } from "./emitters/http.ts";
import { emitter as migrationSql } from "./emitters/migration-sql.ts";
import { emitter as migrations } from "./emitters/migrations.ts";
import { emitter as order } from "./emitters/order.ts";
import { emitter as sync } from "./emitters/sync.ts";
import { emitter as tables } from "./emitters/tables.ts";
import { emitter as tests } from "./emitters/tests.ts";

export { createTableSql } from "./sql/app-tables.ts";
export { readMigration } from "./sql/migration-files.ts";
export type { MigrationFile } from "./sql/migration-files.ts";
export { migrationStatements, ownTableStatements } from "./sql/migration.ts";
export { syncTableStatements } from "./sql/sync-tables.ts";
export { triggerStatements } from "./sql/triggers.ts";

/** All emitters; files are written in this order. */
export const emitters: readonly Emitter[] = [migrationSql, migrations, tables, order, apply, sync, commands];

/** Emitters that run only when they are asked for: `--with tests,electron`. */
export const extraEmitters: readonly Emitter[] = [tests, electron, http];
