/** Generated TypeScript under the compiler: it passes the strictest flags, and its types refuse what must not leave the device. */
import { readFileSync } from "node:fs";
import { generate } from "synckit-gen";
import { expect, test } from "vitest";
import { emitters, extraEmitters } from "@synckit-gen/templates";
import type { EmitContext, SyncModel } from "@synckit-gen/schemas/model";
import { compileErrors, countInstantiations } from "./support/compile-generated.ts";
import { testContext } from "./support/generated.ts";
import { modelOf } from "./support/models.ts";
import { everyFeature, manyTables, nastyNames } from "./support/sample-models.ts";

const typescriptFiles = (folder: string, model: SyncModel, context: EmitContext = testContext): readonly (readonly [string, string])[] =>
  emitters
    .flatMap((emitter) => emitter.emit(model, context))
    .filter(({ path }) => path.endsWith(".ts"))
    .map(({ path, text }) => [`${folder}/${path}`, text] as const);

const APPS = ["goingson", "balanced-breakfast", "audiofiles"] as const;

/** As the command line writes them, with its default import suffix. */
function appFiles(app: string): readonly (readonly [string, string])[] {
  const text = readFileSync(new URL(`../schemas/apps/${app}.yaml`, import.meta.url), "utf8");
  const generated = generate({ file: `${app}.yaml`, text }, emitters);
  if (!generated.ok) throw new Error(`${app}: ${generated.diagnostics.map(({ code }) => code).join(", ")}`);
  return generated.value.files.filter(({ path }) => path.endsWith(".ts")).map((file) => [`${app}/${file.path}`, file.text] as const);
}

test("generated TypeScript passes the strictest flags", () => {
  const files = new Map([
    ...typescriptFiles("every-feature", everyFeature()),
    ...typescriptFiles("nasty-names", nastyNames()),
    ...typescriptFiles("no-tables", modelOf([])),
    ...typescriptFiles("js-suffix", everyFeature(), { ...testContext, importSuffix: ".js" }),
    ...APPS.flatMap(appFiles),
  ]);

  expect(compileErrors(files)).toEqual([]);
});

/** Every `@ts-expect-error` that finds no error is one itself, so this file also proves that the compiler looked. */
const TYPE_TEST = `
import type { Compilable, Insertable, Kysely, Selectable } from "kysely";
import { type Sync, tableStatements, type TableStatements } from "@synckit-gen/runtime/generated-v1";
import { applyFunctions, deleteTaskTags, updateAccounts, updateTaskTags, upsertAccounts, upsertTyped } from "./apply.ts";
import { commands } from "./commands.ts";
import { deleteOrder, foreignKeys, upsertOrder } from "./order.ts";
import { createSync } from "./sync.ts";
import { accountsLocalColumns, type AccountsIdentity, type AccountsTable, type Database, type SyncedAccounts, type SyncedTyped, type TasksTable } from "./tables.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

// What may leave the device.
same<keyof SyncedAccounts, "id" | "address" | "imap_host">(true);
same<(typeof accountsLocalColumns)[number], "password" | "oauth_token" | "session">(true);
same<keyof SyncedAccounts & (typeof accountsLocalColumns)[number], never>(true);
// @ts-expect-error a local column is absent from the synced type
export const leaked: keyof SyncedAccounts = "password";
// @ts-expect-error a local column cannot be applied
upsertAccounts({ id: "a", address: "b", imap_host: "c", password: "hunter2" });
// @ts-expect-error nor changed
updateAccounts({ id: "a" }, { oauth_token: "x" });
// @ts-expect-error nor can the identity
updateAccounts({ id: "a" }, { id: "b" });
// @ts-expect-error a synced column must be given
upsertAccounts({ id: "a", address: "b" });
// @ts-expect-error both parts of a composite identity
deleteTaskTags({ task_id: "t" });
same<ReturnType<typeof upsertTyped>, Compilable>(true);
same<ReturnType<typeof applyFunctions.updateTasks>, Compilable>(true);
updateAccounts({ id: "a" }, { address: "x" });
// @ts-expect-error what changes must be said
updateAccounts({ id: "a" });
// @ts-expect-error a column that takes no NULL cannot be given one
updateAccounts({ id: "a" }, { address: null });
updateTaskTags({ task_id: "t", tag: "x" });
// @ts-expect-error a table of identity columns alone has nothing to change
updateTaskTags({ task_id: "t", tag: "x" }, { tag: "y" });
tableStatements<SyncedAccounts, AccountsIdentity>({
  table: "accounts",
  identity: ["id"],
  // @ts-expect-error a local column cannot be made part of a statement
  columns: ["id", "password"],
});
// @ts-expect-error statements of one table are not another's
export const mixed: TableStatements<SyncedTyped> = tableStatements<SyncedAccounts, AccountsIdentity>({ table: "a", identity: [], columns: [] });

// Values as SQLite holds them.
same<SyncedTyped["a_boolean"], number>(true);
same<SyncedTyped["a_bigint"], number | bigint>(true);
same<SyncedTyped["n_blob"], Uint8Array | null>(true);
same<SyncedTyped["n_json"], string | null>(true);

// Rows for Kysely.
same<Selectable<AccountsTable>["session"], string | number | bigint | Uint8Array | null>(true);
same<Selectable<TasksTable>["seen_at"], string>(true);
export const task: Insertable<TasksTable> = { id: "t", title: "x", user_id: "u" };
// @ts-expect-error a column that only remote rows get filled must be given by the application
export const incomplete: Insertable<TasksTable> = { id: "t", title: "x" };
export const query = (db: Kysely<Database>) => db.selectFrom("tasks").select(["title", "note"]).where("done", "=", 0);
// @ts-expect-error "titel" is no column
export const typo = (db: Kysely<Database>) => db.selectFrom("tasks").select("titel");

same<(typeof upsertOrder)[0], "projects">(true);
same<(typeof deleteOrder)[11], "projects">(true);
same<(typeof foreignKeys)[number]["parent"], "projects" | "tasks" | "emails">(true);
same<ReturnType<typeof createSync>, Sync>(true);
same<keyof typeof commands, "sync_status" | "sync_start_auth" | "sync_complete_auth" | "sync_setup_encryption_new" | "sync_setup_encryption_existing" | "sync_now" | "sync_disconnect" | "sync_conflicts" | "sync_take_back" | "sync_dismiss_conflict" | "sync_held_rows" | "sync_edit_held" | "sync_delete_held" | "sync_devices" | "sync_change_password">(true);
`;

test("generated types accept what the schema says and refuse the rest", () => {
  const files = new Map([...typescriptFiles("app", everyFeature()), ["app/types.ts", TYPE_TEST]]);

  expect(compileErrors(files)).toEqual([]);
});

test("each table more costs the type-checker a small, constant amount", () => {
  const [twenty = 0, forty = 0, sixty = 0] = [20, 40, 60].map((count) =>
    countInstantiations(new Map(typescriptFiles("app", manyTables(count)))),
  );

  // 76 today. A chain of Kysely calls per statement takes 6,500.
  expect((forty - twenty) / 20).toBeLessThan(150);
  expect((sixty - forty) / (forty - twenty)).toBeCloseTo(1, 1);
});

test("the compile test sees errors", () => {
  const files = new Map([
    ...typescriptFiles("app", modelOf([])),
    ["app/wrong.ts", `import { spec } from "./apply.ts";\nexport const app: number = spec.app;\n`],
  ]);

  expect(compileErrors(files)).toHaveLength(1);
});

/** How an Electron app and a page use what `--with electron,http` writes; Electron's types are its own. */
const BINDINGS_TEST = `
import { app, ipcMain } from "electron";
import type { Sync } from "@synckit-gen/runtime/generated-v1";
import { serveSync } from "./electron/main.ts";
import { connectSync } from "./electron/page.ts";
import { syncHandler } from "./http/handler.ts";
import { connectSync as connectPage } from "./http/page.ts";

export function start(sync: Sync): () => void {
  app.on("window-all-closed", () => app.quit());
  return serveSync(ipcMain, sync, { isTrusted: (url) => url.startsWith("app://") });
}

export async function show(): Promise<number> {
  const { commands, onEvent } = connectSync();
  onEvent((event) => event.kind === "progress" && event.done);
  const report = await commands.sync_now();
  await commands.sync_start_auth(8765);
  // @ts-expect-error the port is a number
  await commands.sync_start_auth("8765");
  // @ts-expect-error there is no such command
  await commands.sync_nonsense();
  return report.pushed + (await connectPage("/sync", "token").sync_status()).pendingChanges;
}

export const handler = (sync: Sync): ((request: Request) => Promise<Response | null>) => syncHandler(sync, { token: "" });
`;

test("bindings pass the strictest flags, together with Electron's own types", () => {
  const model = everyFeature();
  const extra = extraEmitters
    .filter(({ name }) => name !== "tests")
    .flatMap((emitter) => emitter.emit(model, testContext))
    .map(({ path, text }) => [`app/${path}`, text] as const);

  expect(compileErrors(new Map([...typescriptFiles("app", model), ...extra, ["app/use.ts", BINDINGS_TEST]]))).toEqual([]);
});
