/** Entry point `@synckit-gen/server`: a server to embed, and what it is made of. */
export { AccountError, changePassword, createApp, createUser, endSessions, replaceApiKey } from "./accounts.ts";
export { createServer, PublicUrlError } from "./create-server.ts";
export type { ServerOptions, SyncServer } from "./create-server.ts";
export { ProxyAddressError } from "./http/client-address.ts";
export type { Listening, ListenOptions } from "./http/listen.ts";
export { DEFAULT_RATE_LIMITS } from "./http/rate-limit.ts";
export type { RateLimit, RateLimits } from "./http/rate-limit.ts";
export type { Logger, LogRecord } from "./http/request-log.ts";
export { startEmbeddedServer } from "./start-embedded-server.ts";
export type { EmbeddedOptions, EmbeddedServer } from "./start-embedded-server.ts";
export { StorageUnavailableError } from "./storage/port.ts";
export type * from "./storage/identity-port.ts";
export type * from "./storage/port.ts";
export { openPostgresStorage } from "./storage/postgres/open-postgres-storage.ts";
export type { PostgresOptions } from "./storage/postgres/open-postgres-database.ts";
export { openSqliteStorage } from "./storage/sqlite/open-sqlite-storage.ts";
export type { Clock, RandomBytes } from "./system.ts";
