/**
 * GoingsOn on two devices, from schema to synced rows. Generates the sync layer, starts a server in this
 * process, lets a desk and a phone edit apart, syncs, and reports. Leaves nothing behind; exits 1 if the
 * devices differ or anything secret left its device.
 */
import { join } from "node:path";
import { startEmbeddedServer } from "@synckit-gen/server";
import { contentsOf, type Device, openDevice, syncUntilQuiet, type Traffic } from "./devices.ts";
import { generateInto } from "./generate.ts";
import { isOnDisk, readStoredEntry } from "./server-view.ts";
import { editBothOffline, MAIL_PASSWORD, workOnDesk, workOnPhoneBeforeSync } from "./story.ts";
import { formatTable } from "./table.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const started = performance.now();
const print = (...lines: readonly string[]): void => console.log(lines.join("\n"));
const folder = temporaryFolder();

const files = generateInto(join(folder, "sync"));
const areCommitted = files.every(({ isCommitted }) => isCommitted);
print(
  `1. Generated from schemas/apps/goingson.yaml: ${files.length} files, ${areCommitted ? "equal to" : "DIFFERENT from"} those in examples/goingson/src/sync`,
  formatTable(files.map(({ name, lines }) => [name, `${lines} lines`])),
);

const serverFile = join(folder, "server.db");
const server = await startEmbeddedServer({ path: serverFile });

workOnPhoneBeforeSync(join(folder, "phone.db"));
const desk = await openDevice("Desk", join(folder, "desk.db"), server);
const phone = await openDevice("Phone", join(folder, "phone.db"), server);
await workOnDesk(desk);
print(
  "",
  `2. A server on ${server.url}, a desk with 8 new rows, and a phone with 1 row from before it could sync`,
  trafficTable(await syncUntilQuiet([desk, phone])),
);

await editBothOffline(desk, phone);
print("", "3. Both edit offline, the desk first, then sync.", trafficTable(await syncUntilQuiet([desk, phone])));

print(
  "",
  "4. How the conflicts ended",
  formatTable([
    ["task", "desk", "phone, later", "on both devices now"],
    ["seeds", "description", "description", `"${taskOn(desk, "seeds", "description")}": the later edit of one column`],
    ["fence", "priority", "due", `${taskOn(desk, "fence", "priority")}, due ${taskOn(desk, "fence", "due")}: different columns both stay`],
    [
      "roof",
      "deleted",
      "status",
      `"${taskOn(desk, "roof", "description")}", ${taskOn(desk, "roof", "status")}: an edit later than the delete keeps the row`,
    ],
  ]),
  ...new Set([desk, phone].flatMap(keptByConflict)),
);

const [onDesk, onPhone] = [contentsOf(desk), contentsOf(phone)];
const areEqual = onDesk.digest === onPhone.digest;
print(
  "",
  "5. What each device holds: projects, tasks, and the mail password, which is its own",
  formatTable([...holdings(desk), ...holdings(phone)]),
  formatTable(
    [desk, phone].map((device) => [
      device.name,
      `${contentsOf(device).rows} synced rows`,
      `sha256 ${contentsOf(device).digest.slice(0, 16)}`,
    ]),
  ),
  `   ${areEqual ? "Both are equal in every synced column of all 13 tables." : "THE DEVICES DIFFER."}`,
);

const entry = readStoredEntry(serverFile, "tasks", "seeds");
const isFound = isOnDisk(serverFile, entry.row_id); // the search finds what the server may see, so finding nothing means something
const hasLeaked =
  ["Buy seeds", MAIL_PASSWORD].some((text) => isOnDisk(serverFile, text)) ||
  isOnDisk(join(folder, "phone.db"), MAIL_PASSWORD) ||
  desk.database.prepare("SELECT 1 FROM sync_changelog WHERE data LIKE ?").get(`%${MAIL_PASSWORD}%`) !== undefined;
print(
  "",
  '6. What the server stored for the task "Buy seeds"',
  formatTable([
    ["table", entry.table_name],
    ["op", entry.op],
    ["row id", entry.row_id],
    ["timestamp", entry.timestamp],
    ["data", `${entry.data.slice(0, 60)}...`],
  ]),
  `   ${hasLeaked ? "A SECRET LEFT ITS DEVICE." : "The task's text is not in the server's file. The desk's mail password is neither there, nor in the phone's, nor in the desk's changelog."}`,
);

for (const device of [desk, phone]) device.close();
await server.close();
print("", `Done in ${((performance.now() - started) / 1000).toFixed(1)} s. Nothing is left behind.`);
process.exitCode = areCommitted && areEqual && isFound && !hasLeaked ? 0 : 1;

function trafficTable(traffic: ReadonlyMap<Device, Traffic>): string {
  return formatTable([...traffic].map(([device, { pushed, pulled }]) => [device.name, `pushed ${pushed} changes`, `pulled ${pulled}`]));
}

function taskOn({ database }: Device, id: string, column: string): string {
  return String(database.prepare(`SELECT "${column}" FROM tasks WHERE id = ?`).pluck().get(id));
}

/** Edits that lost are not gone: `sync.takeBack` makes one again. */
function keptByConflict({ sync }: Device): string[] {
  return sync
    .conflicts()
    .map(({ table, rowId, values }) => `   What lost is kept, and one call takes it back: ${table} ${rowId} ${JSON.stringify(values)}`);
}

function holdings({ name, database }: Device): string[][] {
  const list = (sql: string): string => database.prepare<[], string>(sql).pluck().all().join("; ");
  return [
    [name, "projects", list("SELECT name FROM projects ORDER BY name")],
    ["", "tasks", list("SELECT description || ', ' || priority || ', ' || status FROM tasks ORDER BY id")],
    ["", "password", list("SELECT password FROM email_accounts")],
  ];
}
