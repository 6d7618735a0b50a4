/** Emits the migration as plain SQL, for the sqlite3 shell and for review. */
import { defineEmitter } from "@synckit-gen/schemas/model";
import { INIT_NAME, migrationSections } from "../sql/migration.ts";
import { sqlHeader } from "../text/header.ts";
import { commentText } from "../text/sql.ts";

export const emitter = defineEmitter({
  name: "migration-sql",
  summary: "The first migration as plain SQL: sync tables and capture triggers",
  emit: (model, context) => {
    const header = sqlHeader(context, [
      "Sync tables and capture triggers. Run it in any SQLite from 3.40, as often as you like: it keeps all data and settings.",
      "It is all or nothing: a savepoint works alone and inside a migration tool's transaction.",
    ]);
    const sections = migrationSections(model, context).map(
      ({ about, statements }) => `\n-- ${commentText(about)}\n${statements.map((statement) => `${statement};\n`).join("")}`,
    );
    const text = `${header}\nSAVEPOINT "synckit_gen";\n${sections.join("")}\nRELEASE "synckit_gen";\n`;
    return [{ path: `migrations/${INIT_NAME}.sql`, text, ownership: "generated" }];
  },
});
