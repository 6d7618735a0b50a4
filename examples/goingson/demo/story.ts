/** What the user does: first on the desk, then on two devices that cannot reach each other. */
import { setTimeout } from "node:timers/promises";
import { openDatabase } from "../src/open-app.ts";
import type { Device } from "./devices.ts";

/** Stands in a column that the schema keeps on the device. It must turn up nowhere else. */
export const MAIL_PASSWORD = "hunter2-must-not-leave";

const AT = "2026-11-23T09:00:00Z";

export async function workOnDesk({ db }: Device): Promise<void> {
  const user_id = "local";
  await db
    .insertInto("projects")
    .values([
      { id: "garden", name: "Garden", user_id },
      { id: "house", name: "House", user_id },
    ])
    .execute();
  await db
    .insertInto("tasks")
    .values([
      { id: "seeds", project_id: "garden", description: "Buy seeds", tags: '["shop"]', created_at: AT, user_id },
      { id: "fence", project_id: "garden", description: "Paint the fence", tags: "[]", created_at: AT, user_id },
      { id: "roof", project_id: "house", description: "Mend the roof", tags: "[]", created_at: AT, user_id },
    ])
    .execute();
  await db.insertInto("contacts").values({ id: "grace", name: "Grace Hopper", created_at: AT }).execute();
  await db.insertInto("contact_emails").values({ id: "grace-mail", contact_id: "grace", address: "grace@example.com" }).execute();
  await db
    .insertInto("email_accounts")
    .values({
      id: "work",
      account_name: "Work",
      email_address: "ada@example.com",
      imap_host: "imap.example.com",
      imap_username: "ada",
      smtp_host: "smtp.example.com",
      smtp_username: "ada",
      password: MAIL_PASSWORD,
    })
    .execute();
}

/** The phone was in use before its version of the app could sync. */
export function workOnPhoneBeforeSync(file: string): void {
  const database = openDatabase(file);
  database.exec("INSERT INTO projects (id, user_id, name) VALUES ('boat', 'local', 'Boat')");
  database.close();
}

/** Triggers capture plain SQL as well: any program that writes to the file is seen. */
export async function editBothOffline(desk: Device, phone: Device): Promise<void> {
  desk.database.exec("UPDATE tasks SET description = 'Buy seeds and pots' WHERE id = 'seeds'");
  desk.database.exec("UPDATE tasks SET priority = 'High' WHERE id = 'fence'");
  desk.database.exec("DELETE FROM tasks WHERE id = 'roof'");

  await setTimeout(5); // the phone's edits are the later ones, by more than the clock's millisecond

  phone.database.exec("UPDATE tasks SET description = 'Order seeds online' WHERE id = 'seeds'");
  phone.database.exec("UPDATE tasks SET due = '2026-12-01T12:00:00Z' WHERE id = 'fence'");
  phone.database.exec("UPDATE tasks SET status = 'Started' WHERE id = 'roof'");
  phone.database.exec("UPDATE email_accounts SET password = 'the-phone-has-its-own' WHERE id = 'work'");
}
