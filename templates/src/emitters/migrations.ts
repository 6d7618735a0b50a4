/** Emits the migration as TypeScript: statements for the runtime, and a provider for Kysely's migrator. */
import { defineEmitter } from "@synckit-gen/schemas/model";
import { migrationFiles } from "../sql/migration-files.ts";
import type { MigrationFile } from "../sql/migration-files.ts";
import { tsHeader } from "../text/header.ts";
import { stringList, stringLiteral, templateLiteral } from "../text/ts.ts";

export const emitter = defineEmitter({
  name: "migrations",
  summary: "The migrations as data, and as a Kysely MigrationProvider",
  emit: (model, context) => {
    const files = migrationFiles(model, context);
    const text = `${tsHeader(context, "The statements of the migrations folder, one by one.")}import type { Migration } from "@synckit-gen/runtime/generated-v1";
import { sql } from "kysely";
import type { MigrationProvider } from "kysely/migration";

/** In order. */
export const migrations: readonly Migration[] = [
${files.map(migrationLiteral).join("")}];

/** For an application that already uses Kysely's migrator. There is no way down: it would drop unsynced changes. */
export const migrationProvider: MigrationProvider = {
  getMigrations: () =>
    Promise.resolve(
      Object.fromEntries(
        migrations.map(({ name, statements, foreignKeys }) => [
          name,
          {
            async up(db) {
              const run = (statement: string) => sql.raw<{ foreign_keys: number }>(statement).execute(db);
              const isRelaxed = foreignKeys === "off" && (await run("PRAGMA foreign_keys")).rows[0]?.foreign_keys === 1;
              // Kysely opens no transaction around a migration of SQLite, in which this pragma would do nothing.
              if (isRelaxed) await run("PRAGMA foreign_keys = OFF");
              await run("SAVEPOINT synckit_gen");
              try {
                for (const statement of statements) await run(statement);
              } catch (error) {
                await run("ROLLBACK TO synckit_gen");
                throw error;
              } finally {
                await run("RELEASE synckit_gen");
                if (isRelaxed) await run("PRAGMA foreign_keys = ON");
              }
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

const literals = new WeakMap<MigrationFile, string>();

function migrationLiteral(file: MigrationFile): string {
  let literal = literals.get(file);
  if (literal === undefined) literals.set(file, (literal = formatMigration(file)));
  return literal;
}

function formatMigration({ name, statements, marks }: MigrationFile): string {
  const members = [
    `name: ${stringLiteral(name)}`,
    ...(marks.once ? ["once: true"] : []),
    ...(marks.foreignKeysOff ? [`foreignKeys: "off"`] : []),
    ...(marks.replaces.length > 0 ? [`replaces: ${stringList(marks.replaces)}`] : []),
    `statements: [\n${statements.map((statement) => `      ${templateLiteral(statement)},\n`).join("")}    ]`,
  ];
  return `  {\n${members.map((member) => `    ${member},\n`).join("")}  },\n`;
}
