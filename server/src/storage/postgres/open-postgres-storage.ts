/** Storage in PostgreSQL, shared by any number of servers. */
import type { Storage } from "../port.ts";
import { createSqlStorage } from "../sql/create-sql-storage.ts";
import { migrate } from "./migrate.ts";
import { openPostgresDatabase, type PostgresOptions } from "./open-postgres-database.ts";

/** Connects, and brings the schema to what this server knows. Several servers may do so at once. */
export async function openPostgresStorage(options: PostgresOptions): Promise<Storage> {
  await migrate(options);
  return createSqlStorage(openPostgresDatabase(options));
}
