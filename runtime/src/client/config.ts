/** What an application gives the client, and what the client makes of it. */
import { codec } from "@synckit-gen/schemas/protocol";
import { argon2id, type Argon2id } from "../crypto/argon2id.ts";
import { memoryKeychain, type Keychain } from "../keychain/keychain.ts";
import {
  platformClock,
  platformRandom,
  platformSleep,
  platformTimers,
  type Clock,
  type RandomSource,
  type Sleep,
  type Timers,
} from "./ports.ts";
import { readServerUrl } from "./server-url.ts";

export interface SyncKitConfig {
  /** `https://…`; `http://` only for this computer. */
  readonly serverUrl: string;
  readonly apiKey: string;
  /** The developer's billing slot that uploads count against. Default `default`. */
  readonly key?: string;
  /** Where the endpoints are mounted. Default `/api/sync`. */
  readonly apiPrefix?: string;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  /** Default: memory, so nothing outlives the process. */
  readonly keychain?: Keychain;
  readonly sleep?: Sleep;
  readonly timers?: Timers;
  /** False: files are never sealed in chunks, since the account has clients that only read whole ones. Default: as the server says. */
  readonly chunkedBlobs?: boolean;
  /** Default: a worker thread where there are any. */
  readonly argon2id?: Argon2id;
}

export interface ResolvedConfig extends Required<SyncKitConfig> {
  /** Where a path of the API lives. */
  readonly endpointUrl: (path: string) => string;
  /** Where a path of the server itself lives. */
  readonly serverPathUrl: (path: string) => string;
}

export function resolveConfig(config: SyncKitConfig): ResolvedConfig {
  const serverUrl = readServerUrl(config.serverUrl);
  const apiPrefix = (config.apiPrefix ?? codec.API_PREFIXES[0]).replace(/\/+$/, "");
  return {
    serverUrl,
    apiKey: config.apiKey,
    key: config.key ?? "default",
    apiPrefix,
    fetch: config.fetch ?? ((...request) => globalThis.fetch(...request)),
    clock: config.clock ?? platformClock,
    random: config.random ?? platformRandom,
    keychain: config.keychain ?? memoryKeychain(),
    sleep: config.sleep ?? platformSleep,
    timers: config.timers ?? platformTimers,
    chunkedBlobs: config.chunkedBlobs ?? true,
    argon2id: config.argon2id ?? argon2id,
    endpointUrl: (path) => `${serverUrl}${apiPrefix}${path}`,
    serverPathUrl: (path) => `${serverUrl}${path}`,
  };
}
