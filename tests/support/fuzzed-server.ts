/** A server for whatever comes in: in this process, with one app and one signed-in user, and its own failures gathered. */
import {
  createApp,
  createServer,
  createUser,
  openFolderBlobs,
  openSqliteStorage,
  type LogRecord,
  type ServerOptions,
  type SyncServer,
} from "@synckit-gen/server";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inProcess, textOf } from "../server-client.ts";

export const EMAIL = "ada@example.com";
export const PASSWORD = "correct horse";

export interface FuzzedServer {
  readonly server: SyncServer;
  readonly apiKey: string;
  /** Of the user's session. */
  readonly token: string;
  /** What the server logged as a failure of its own. */
  readonly failures: LogRecord[];
  readonly close: () => Promise<void>;
}

export async function startFuzzedServer(options: Partial<ServerOptions> = {}): Promise<FuzzedServer> {
  const storage = openSqliteStorage(":memory:");
  const folder = mkdtempSync(join(tmpdir(), "synckit-fuzz-"));
  const failures: LogRecord[] = [];
  const server = createServer({
    storage,
    secret: new Uint8Array(32),
    rateLimits: null,
    blobs: openFolderBlobs(folder),
    logger: (record) => void (record.kind === "failure" && failures.push(record)),
    ...options,
  });
  const { apiKey } = await createApp(storage, "app");
  await createUser(storage, EMAIL, PASSWORD);
  const request = { email: EMAIL, password: PASSWORD, api_key: apiKey, key: "default" };
  const token = textOf(await inProcess(server).call("POST", "/api/sync/auth", request), "token");
  const close = async (): Promise<void> => {
    await storage.close();
    rmSync(folder, { recursive: true });
  };
  return { server, apiKey, token, failures, close };
}
