/** What the app does, as commands: words in, lines out. */
import type { App } from "./open-app.ts";

export const USAGE = "add <title> | list | done <number> | sync | conflicts";

/** Every device makes this list with the same id, so it is one list everywhere. */
const INBOX = "00000000-0000-4000-8000-000000000001";

export async function runCommand({ db, sync }: App, words: readonly string[]): Promise<string> {
  const [command, ...rest] = words;
  switch (command) {
    case "add":
      return addItem({ db }, rest.join(" "));
    case "list":
      return showItems({ db });
    case "done":
      return finishItem({ db }, Number(rest[0]));
    case "sync": {
      const { pushed, pulled } = await sync.syncNow();
      return `${pushed} sent, ${pulled} read`;
    }
    case "conflicts": {
      const conflicts = sync.conflicts();
      if (conflicts.length === 0) return "no conflicts";
      return conflicts.map(({ id, table, kind, values }) => `${id}: ${table} ${kind}, lost ${JSON.stringify(values)}`).join("\n");
    }
    default:
      return `Commands: ${USAGE}`;
  }
}

async function addItem({ db }: Pick<App, "db">, title: string): Promise<string> {
  if (title === "") return "What should be added? add <title>";
  await db
    .insertInto("lists")
    .values({ id: INBOX, name: "Inbox" })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await db
    .insertInto("items")
    .values({ id: crypto.randomUUID(), list_id: INBOX, title, added_at: new Date().toISOString(), reminder: null })
    .execute();
  return `added: ${title}`;
}

const items = ({ db }: Pick<App, "db">) => db.selectFrom("items").selectAll().orderBy("added_at").orderBy("id").execute();

async function showItems(app: Pick<App, "db">): Promise<string> {
  const rows = await items(app);
  if (rows.length === 0) return "nothing to do";
  return rows.map(({ title, done }, index) => `${index + 1}. [${done === 1 ? "x" : " "}] ${title}`).join("\n");
}

async function finishItem(app: Pick<App, "db">, number: number): Promise<string> {
  const item = (await items(app))[number - 1];
  if (item === undefined) return "Which one? done <number>, as `list` shows it";
  await app.db.updateTable("items").set({ done: 1 }).where("id", "=", item.id).execute();
  return `done: ${item.title}`;
}
