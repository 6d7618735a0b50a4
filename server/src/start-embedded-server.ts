/** A whole server inside a program, for demonstrations and tests: one app, one user, on loopback, gone when closed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp, createUser } from "./accounts.ts";
import { openFolderBlobs } from "./blobs/folder-blobs.ts";
import type { BlobStore } from "./blobs/port.ts";
import { createServer } from "./create-server.ts";
import type { RateLimits } from "./http/rate-limit.ts";
import type { Logger } from "./http/request-log.ts";
import { createMemoryNotices } from "./notices/memory-notices.ts";
import type { Notices } from "./notices/port.ts";
import { openSqliteStorage } from "./storage/sqlite/open-sqlite-storage.ts";
import type { Storage } from "./storage/port.ts";
import { systemClock, systemRandom, type Clock, type RandomBytes } from "./system.ts";

export interface EmbeddedOptions {
  readonly appName?: string;
  readonly email?: string;
  /** Random when left out. */
  readonly password?: string;
  /** A database file that must be new; in memory when left out. */
  readonly path?: string;
  /** A folder for blobs; one that goes with the server when left out. */
  readonly blobFolder?: string;
  /** In place of `path` and `blobFolder`; the server closes them. The storage must know neither app nor user. */
  readonly stores?: EmbeddedStores;
  readonly port?: number;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly logger?: Logger;
  /** None unless given: the program is the only client. */
  readonly rateLimits?: RateLimits | null;
  readonly corsOrigins?: readonly string[];
}

export interface EmbeddedStores {
  readonly storage: Storage;
  readonly blobs: BlobStore;
  readonly notices: Notices;
}

export interface EmbeddedServer {
  readonly url: string;
  readonly apiKey: string;
  readonly appId: string;
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly storage: Storage;
  /** Stops the server and closes the storage. */
  close(): Promise<void>;
}

export async function startEmbeddedServer(options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const { appName = "embedded", email = "user@example.com", port = 0, rateLimits = null, corsOrigins = [] } = options;
  const { clock = systemClock, random = systemRandom, logger } = options;
  const password = options.password ?? Buffer.from(random(18)).toString("base64url");
  const { storage, blobs, notices, end } = openStores(options, clock);
  try {
    const { app, apiKey } = await createApp(storage, appName, { clock, random });
    const user = await createUser(storage, email, password, { clock, random });
    const server = createServer({
      storage,
      blobs,
      notices,
      clock,
      random,
      rateLimits,
      corsOrigins,
      ...(logger === undefined ? {} : { logger }),
    });
    const listening = await server.listen({ port });
    return {
      url: listening.url,
      apiKey,
      appId: app.id,
      userId: user.id,
      email: user.email,
      password,
      storage,
      close: async () => {
        await listening.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function openStores(
  { stores, path = ":memory:", blobFolder }: EmbeddedOptions,
  clock: Clock,
): EmbeddedStores & { readonly end: () => Promise<void> } {
  if (stores !== undefined) {
    const end = async (): Promise<void> => {
      await stores.notices.close();
      await stores.storage.close();
    };
    return { ...stores, end };
  }
  const storage = openSqliteStorage(path);
  const ownFolder = blobFolder === undefined ? mkdtempSync(join(tmpdir(), "synckit-blobs-")) : null;
  return {
    storage,
    blobs: openFolderBlobs(blobFolder ?? ownFolder ?? "", { clock }),
    notices: createMemoryNotices(),
    end: async () => {
      await storage.close();
      if (ownFolder !== null) rmSync(ownFolder, { recursive: true, force: true });
    },
  };
}
