/** Emits the migrations as plain SQL, for the sqlite3 shell and for review. */
import { defineEmitter } from "@synckit-gen/schemas/model";
import { migrationFiles } from "../sql/migration-files.ts";

export const emitter = defineEmitter({
  name: "migration-sql",
  summary: "The migrations as plain SQL: sync tables and capture triggers, and what has changed since",
  emit: (model, context) =>
    migrationFiles(model, context).map(({ name, text }) => ({ path: `migrations/${name}.sql`, text, ownership: "generated" })),
});
