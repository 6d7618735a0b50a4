/** A push whose reply is lost, over and over, on servers that know batches by their keys and on those that do not. */
import { beforeAll, expect, test } from "vitest";
import { isSyncError } from "@synckit-gen/runtime";
import { openAppDevice, signIn } from "./support/app-devices.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { startServer } from "./support/start-server.ts";

const model = modelOf([tableOf("notes", { columns: { text: "text" } })]);

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

/** A device whose push replies are lost while `isLossy`. */
async function world(hasExtensions: boolean) {
  const server = await startServer();
  const network = { isLossy: true };
  const device = openAppDevice(server, model, loaded, {
    name: "author",
    fetch: async (input, init) => {
      if (!hasExtensions && (input as string).endsWith("/extensions")) return Response.json({ error: "no such endpoint" }, { status: 404 });
      const reply = await fetch(input, init);
      if (network.isLossy && (input as string).endsWith("/push")) throw new TypeError("the reply is lost");
      return reply;
    },
  });
  await signIn(device, server);
  const insert = device.db.prepare("INSERT INTO notes (id, text) VALUES (?, 'text')");
  const head = (): Promise<number> => server.storage.readHead({ appId: server.appId, userId: server.userId });
  const fail = async (): Promise<void> => {
    const error = await device.sync.syncNow().catch((caught: unknown) => caught);
    expect(isSyncError(error) && error.code).toBe("network/offline");
  };
  return { server, device, network, insert, head, fail };
}

test("is stored once, however many cycles it takes to hear of it", async () => {
  const { server, device, network, insert, head, fail } = await world(true);
  for (let i = 0; i < 1_200; i++) insert.run(`n${i}`);
  for (let cycle = 0; cycle < 3; cycle++) await fail();
  network.isLossy = false;
  await device.sync.syncNow();

  expect(await head()).toBe(1_200);
  expect(device.sync.status().pendingChanges).toBe(0);
  await server.close();
});

test("is stored again where the app has written meanwhile, and nothing is lost", async () => {
  const { server, device, network, insert, head, fail } = await world(true);
  insert.run("first");
  await fail();
  insert.run("second");
  network.isLossy = false;
  await device.sync.syncNow();

  expect(await head()).toBe(3);
  await server.close();
});

test("is stored again by a server without the extension: sealed anew, it is another batch", async () => {
  const { server, device, network, insert, head, fail } = await world(false);
  insert.run("first");
  await fail();
  network.isLossy = false;
  await device.sync.syncNow();

  expect(await head()).toBe(2);
  await server.close();
});
