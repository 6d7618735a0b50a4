import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedServer } from "@synckit-gen/server";
import { expect, test } from "vitest";
import { openDevice } from "../demo/devices.ts";
import { barOf, showProgress } from "../demo/progress-bar.ts";

test("a bar is as full as the work is done, and left out where the total is not known", () => {
  expect(barOf({ kind: "progress", phase: "push", unit: "entries", done: 4, total: 8 })).toBe(
    "push ████████████░░░░░░░░░░░░ 4 of 8 entries",
  );
  expect(barOf({ kind: "progress", phase: "pull", unit: "entries", done: 4, total: null })).toBe("pull 4 entries");
});

test("a cycle draws over one line and wipes it; a pipe stays silent", async () => {
  const folder = mkdtempSync(join(tmpdir(), "synckit-progress-"));
  const server = await startEmbeddedServer();
  const device = await openDevice("Desk", join(folder, "desk.db"), server);
  device.database.exec("INSERT INTO projects (id, user_id, name) VALUES ('p', 'local', 'Garden')");
  const [drawn, piped]: [string[], string[]] = [[], []];
  showProgress("Desk", device.sync, { isTTY: true, write: (text) => drawn.push(text) });
  showProgress("Desk", device.sync, { isTTY: false, write: (text) => piped.push(text) });
  await device.sync.syncNow();

  expect(drawn[0]).toBe(`\r\u001B[K   Desk push ${"█".repeat(24)} 1 of 1 entries`);
  expect(drawn.at(-1)).toBe("\r\u001B[K");
  expect(piped).toEqual([]);
  device.close();
  await server.close();
  rmSync(folder, { recursive: true });
});
