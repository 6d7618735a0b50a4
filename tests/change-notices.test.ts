// Word of a push reaches the account's other devices over the real server, and they pull at once.
import { createServer as createProxy, type Server, type Socket } from "node:net";
import { once } from "node:events";
import Database from "better-sqlite3";
import { type Notice, SyncKitClient, type Sync, type SyncEvent } from "@synckit-gen/runtime";
import { openSync } from "@synckit-gen/runtime/generated-v1";
import type { EmbeddedServer } from "@synckit-gen/server";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { startServer } from "./support/start-server.ts";

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(modelOf([tableOf("notes", { columns: { body: "text" } })]));
});
let server: EmbeddedServer;
let open: Sync[];
beforeEach(async () => {
  server = await startServer();
  open = [];
});
afterEach(async () => {
  for (const sync of open) sync.scheduler.stop();
  await server.close();
});

async function device(name: string, serverUrl = server.url): Promise<{ readonly database: Database.Database; readonly sync: Sync }> {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL)");
  const sync = openSync(loaded.spec, loaded.migrations, { database, deviceName: name, serverUrl, apiKey: server.apiKey });
  open.push(sync);
  await sync.signIn(server.email, server.password);
  if (await sync.client.hasServerKey()) await sync.setupEncryptionExisting("rows");
  else await sync.setupEncryptionNew("rows");
  await sync.syncNow();
  return { database, sync };
}

/** The first event that is it, of those from now on. */
function nextEvent(sync: Sync, isIt: (event: SyncEvent) => boolean): Promise<SyncEvent> {
  return new Promise((resolve) => {
    let isReplay = true;
    const unsubscribe = sync.events.subscribe((event) => {
      if (isReplay || !isIt(event)) return;
      unsubscribe();
      resolve(event);
    });
    isReplay = false;
  });
}
const pulledSome = (event: SyncEvent): boolean => event.kind === "finished" && event.report.pulled > 0;

/** A wire that can be cut and mended. */
async function wireTo(url: string): Promise<{ readonly url: string; readonly cut: () => void; readonly close: () => void }> {
  const { port, hostname } = new URL(url);
  const ends = new Set<Socket>();
  const proxy: Server = createProxy((near) => {
    void import("node:net").then(({ connect }) => {
      const far = connect(Number(port), hostname);
      for (const end of [near, far]) {
        ends.add(end);
        end.on("error", () => undefined).on("close", () => ends.delete(end));
      }
      near.pipe(far).pipe(near);
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address() as { readonly port: number };
  const cut = (): void => {
    for (const end of ends) end.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut,
    close: () => {
      cut();
      proxy.close();
    },
  };
}

test("what one device pushes, another whose scheduler runs has at once, long before its interval is over", async () => {
  const a = await device("A");
  const b = await device("B");
  const connected = nextEvent(b.sync, (event) => event.kind === "finished");
  b.sync.scheduler.start();
  await connected; // nothing was due: this cycle is for what was pushed before the server had somebody to tell

  const arrived = nextEvent(b.sync, pulledSome);
  a.database.exec("INSERT INTO notes (id, body) VALUES ('n1', 'hello')");
  await a.sync.syncNow();
  await arrived;

  expect(b.database.prepare("SELECT body FROM notes").pluck().all()).toEqual(["hello"]);
  expect(b.sync.getSyncState("sync_interval_minutes")).toBe("15");
});

test("after the line was cut it is found again, and what was pushed meanwhile is pulled", async () => {
  const a = await device("A");
  const wire = await wireTo(server.url);
  const client = new SyncKitClient({ serverUrl: wire.url, apiKey: server.apiKey });
  await client.authenticate(server.email, server.password);
  const stream = client.subscribeNotifications();
  const notices = stream[Symbol.asyncIterator]();
  const next = async (wanted: Notice): Promise<void> => {
    for (;;) {
      const { done, value } = await notices.next();
      if (done === true) throw new Error("the stream ended");
      if (value === wanted) return;
    }
  };
  await next("changed");
  await next("keepalive");

  wire.cut();
  a.database.exec("INSERT INTO notes (id, body) VALUES ('n1', 'while it was cut')");
  await a.sync.syncNow();
  await next("changed");

  stream.close();
  wire.close();
});
