/** Emits the migration as TypeScript: statements for the runtime, and a provider for Kysely's migrator. */
import { defineEmitter } from "@synckit-gen/schemas/model";
import { INIT_NAME, migrationStatements } from "../sql/migration.ts";
import { tsHeader } from "../text/header.ts";
import { stringLiteral, templateLiteral } from "../text/ts.ts";

export const emitter = defineEmitter({
  name: "migrations",
  summary: "The migrations as data, and as a Kysely MigrationProvider",
  emit: (model, context) => {
    const statements = migrationStatements(model, context).map((statement) => `      ${templateLiteral(statement)},\n`);
    const text = `${tsHeader(context, "The statements of the migrations folder, one by one.")}import type { Migration } from "@synckit-gen/runtime/generated-v1";
import { sql } from "kysely";
import type { MigrationProvider } from "kysely/migration";

/** In order; each is safe to run again. */
export const migrations: readonly Migration[] = [
  {
    name: ${stringLiteral(INIT_NAME)},
    statements: [
${statements.join("")}    ],
  },
];

/** For an application that already uses Kysely's migrator. There is no way down: it would drop unsynced changes. */
export const migrationProvider: MigrationProvider = {
  getMigrations: () =>
    Promise.resolve(
      Object.fromEntries(
        migrations.map(({ name, statements }) => [
          name,
          {
            async up(db) {
              for (const statement of statements) await sql.raw(statement).execute(db);
            },
          },
        ]),
      ),
    ),
};
`;
    return [{ path: "migrations.ts", text, ownership: "generated" }];
  },
});
