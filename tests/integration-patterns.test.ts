/**
 * SyncKit's integration guide by its names and numbers: tables, references, first values, methods, commands. What they do is
 * tested where docs/integration-patterns.md says; that those tests exist is tested here.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { SyncKitClient } from "@synckit-gen/runtime";
import { limits } from "@synckit-gen/schemas/protocol";
import { expect, test } from "vitest";
import * as audiofiles from "../examples/audiofiles/src/sync/order.ts";
import * as breakfast from "../examples/balanced-breakfast/src/sync/order.ts";
import { spec as breakfastSpec } from "../examples/balanced-breakfast/src/sync/apply.ts";
import { spec } from "../examples/goingson/src/sync/apply.ts";
import { commands } from "../examples/goingson/src/sync/commands.ts";
import * as goingson from "../examples/goingson/src/sync/order.ts";
import { createSync } from "../examples/quickstart/sync/sync.ts";
import { readText, repositoryRoot } from "./support/workspace.ts";

interface Order {
  readonly upsertOrder: readonly string[];
  readonly deleteOrder: readonly string[];
  readonly foreignKeys: readonly { readonly table: string; readonly parent: string }[];
}

/** `parents` by table; a table that the guide counts without a parent has none. */
function expectTables({ upsertOrder, deleteOrder, foreignKeys }: Order, parents: Readonly<Record<string, readonly string[]>>): void {
  expect(upsertOrder.toSorted()).toEqual(Object.keys(parents).toSorted());
  expect(deleteOrder).toEqual(upsertOrder.toReversed());
  for (const [table, of] of Object.entries(parents))
    for (const parent of of) {
      expect(foreignKeys.some((key) => key.table === table && key.parent === parent)).toBe(true);
      expect(upsertOrder.indexOf(parent)).toBeLessThan(upsertOrder.indexOf(table));
    }
}

test("GoingsOn has the guide's tables and references", () => {
  expectTables(goingson, {
    projects: [],
    milestones: ["projects"],
    tasks: ["projects"],
    events: ["projects"],
    annotations: ["tasks"],
    subtasks: ["tasks"],
    contacts: [],
    contact_emails: ["contacts"],
    contact_phones: ["contacts"],
    contact_social_handles: ["contacts"],
    contact_custom_fields: ["contacts"],
    email_accounts: [],
    saved_views: [], // the guide counts thirteen and names twelve
  });
  const accounts = spec.tables.find(({ name }) => name === "email_accounts");
  expect(accounts?.columns.filter(({ bit }) => bit !== null).length).toBe(16);
});

test("Balanced Breakfast has the guide's tables and references", () => {
  expectTables(breakfast, { feeds: [], feed_tags: ["feeds"], query_feeds: ["feeds"], user_config: [], feed_items: [] });
  const items = breakfastSpec.tables.find(({ name }) => name === "feed_items");
  expect(items).toMatchObject({ apply: "update", deletes: "ignore" });
  expect(items?.columns.filter(({ bit }) => bit !== null).map(({ name }) => name)).toEqual(["is_read", "is_starred"]);
  expect(breakfastSpec.changelog).toMatchObject({ retainDays: 7, maxEntries: 10_000 });
});

test("audiofiles has the guide's tables and references", () => {
  expectTables(audiofiles, {
    vfs: [],
    vfs_nodes: ["vfs"],
    samples: [],
    audio_analysis: ["samples"],
    tags: ["samples"],
    collections: [],
    collection_members: ["samples", "collections"],
    smart_folders: [],
    user_config: [],
  });
});

test("the sync tables have the guide's columns and first values", () => {
  const database = new Database(":memory:");
  database.exec(readText("examples/quickstart/sync/migrations/0001_init.sql"));
  const columns = (table: string): readonly unknown[] => database.prepare("SELECT name, type FROM pragma_table_info(?)").raw().all(table);

  expect(columns("sync_changelog").slice(0, 7)).toEqual([
    ["id", "INTEGER"],
    ["table_name", "TEXT"],
    ["op", "TEXT"],
    ["row_id", "TEXT"],
    ["timestamp", "INTEGER"],
    ["data", "TEXT"],
    ["pushed", "INTEGER"],
  ]);
  expect(columns("sync_state")).toEqual([
    ["key", "TEXT"],
    ["value", "TEXT"],
  ]);
  expect(Object.fromEntries(database.prepare("SELECT key, value FROM sync_state").raw().all() as [string, string][])).toEqual({
    pull_cursor: "0",
    applying_remote: "0",
    initial_snapshot_done: "0",
    auto_sync_enabled: "1",
    sync_interval_minutes: "15",
  });
  expect(limits.MAX_BATCH_ENTRIES).toBe(500);
});

const names = (of: object): readonly string[] => [...Object.keys(of), ...Object.getOwnPropertyNames(Object.getPrototypeOf(of))];

test("the client has the guide's methods", () => {
  const client = new SyncKitClient({ serverUrl: "https://makenot.work", apiKey: "your-app-api-key" });

  expect(names(client)).toEqual(
    expect.arrayContaining([
      ...["buildAuthorizeUrl", "authenticateWithCode", "isTokenExpired", "sessionInfo", "clearSession"],
      ...["setupEncryptionNew", "setupEncryptionExisting", "tryLoadKeyFromKeychain", "hasServerKey", "hasMasterKey"],
      ...["registerDevice", "listDevices", "push", "pull"],
      ...["blobUploadUrl", "blobUpload", "blobConfirm", "blobDownloadUrl", "blobDownload"],
    ]),
  );
});

test("what the guide has an app implement is there", () => {
  const sync = createSync({ database: new Database(":memory:"), deviceName: "here", serverUrl: "https://makenot.work", apiKey: "key" });

  expect(names(sync)).toEqual(
    expect.arrayContaining([
      ...["getSyncState", "setSyncState", "ensureDeviceRegistered", "createInitialSnapshot", "pushChanges", "pullChanges"],
      ...["applyUpsert", "applyDelete", "cleanupChangelog"],
    ]),
  );
});

test("the guide's commands are generated", () => {
  expect(Object.keys(commands)).toEqual(
    expect.arrayContaining([
      ...["sync_status", "sync_start_auth", "sync_complete_auth", "sync_setup_encryption_new", "sync_setup_encryption_existing"],
      ...["sync_now", "sync_disconnect"],
    ]),
  );
});

test("every test that docs/integration-patterns.md names exists", () => {
  const rows = [...readText("docs/integration-patterns.md").matchAll(/^\|.*\| `([^`]+)`: "([^"]+)" \|$/gmu)];
  const missing = rows.filter(([, file = "", name = ""]) => {
    const path = join(repositoryRoot, file);
    return !existsSync(path) || !readFileSync(path, "utf8").includes(`("${name}"`);
  });

  expect(rows.length).toBe(readText("docs/integration-patterns.md").match(/^\| (?!the guide|---)/gmu)?.length);
  expect(missing.map(([, file, name]) => `${file}: ${name}`)).toEqual([]);
});
