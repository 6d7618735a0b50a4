/** Entry point of `@synckit-gen/templates`: the emitters, and the SQL that one of them writes. */
import type { Emitter } from "@synckit-gen/schemas/model";
import { emitter as apply } from "./emitters/apply.ts";
import { emitter as commands } from "./emitters/commands.ts";
import { emitter as migrationSql } from "./emitters/migration-sql.ts";
import { emitter as migrations } from "./emitters/migrations.ts";
import { emitter as order } from "./emitters/order.ts";
import { emitter as sync } from "./emitters/sync.ts";
import { emitter as tables } from "./emitters/tables.ts";

export { migrationStatements } from "./sql/migration.ts";

/** All emitters; files are written in this order. */
export const emitters: readonly Emitter[] = [migrationSql, migrations, tables, order, apply, sync, commands];
