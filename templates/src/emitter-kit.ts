/** Entry point `@synckit-gen/templates/emitter-kit`: what the emitters are written with, for emitters of an application's own. */
export * from "./code/column-types.ts";
export * from "./code/names.ts";
export * from "./sql/app-tables.ts";
export * from "./sql/migration-files.ts";
export * from "./sql/migration.ts";
export * from "./text/header.ts";
export * from "./text/per-table.ts";
export * from "./text/row-id-sql.ts";
export * from "./text/sql.ts";
export * from "./text/ts.ts";
export * from "./text/value-sql.ts";
