/** A share of the storage port: `createSqlStorage` puts the shares together. */
import type { Storage } from "../port.ts";

export type Part<K extends keyof Storage> = Pick<Storage, K>;
