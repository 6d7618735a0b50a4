import { expect, test } from "vitest";
import { SyncKitClient } from "../client/client.ts";
import { memoryServer, reliable } from "./memory-server.ts";

test("the server in memory offers no extension that it does not answer", async () => {
  const server = memoryServer();
  const client = new SyncKitClient({ serverUrl: server.url, apiKey: server.apiKey, fetch: server.fetchVia(reliable()) });
  await client.authenticate(server.email, server.password);

  await expect(client.removeDevice("device-1")).rejects.toMatchObject({ code: "server/unsupported" });
  await expect(client.endSessions()).rejects.toMatchObject({ code: "server/unsupported" });
  expect(await client.snapshot().catch((error: unknown) => error)).toMatchObject({ code: "key/none" });
  expect(await client.hasExtension("snapshots")).toBe(true);
});
