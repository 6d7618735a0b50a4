/** `synckit-server app …` and `user …`: one change or one list, beside a running server or without one. */
import { createApp, createUser } from "../accounts.ts";
import type { Storage } from "../storage/port.ts";
import { openStorage, type StoreOptions } from "./open-stores.ts";
import { readPassword } from "./read-password.ts";

export interface ManageOptions extends StoreOptions {
  readonly isJson: boolean;
}

export const appCreate = (options: ManageOptions, name: string): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const { app, apiKey } = await createApp(storage, name);
    print({ id: app.id, name: app.name, api_key: apiKey }, [
      `App "${app.name}" (${app.id})`,
      `API key: ${apiKey}`,
      "The key is shown this once: only its hash is kept.",
    ]);
  });

export const appList = (options: ManageOptions): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const apps = await storage.listApps();
    print(
      apps.map(({ id, name, createdAt }) => ({ id, name, created_at: createdAt })),
      apps.length === 0 ? ["There is no app."] : apps.map((app) => `${app.id}  ${app.createdAt}  ${app.name}`),
    );
  });

export async function userCreate(options: ManageOptions, email: string, isPasswordFromStdin: boolean): Promise<void> {
  const password = await readPassword(isPasswordFromStdin);
  await withStorage(options, async (storage, print) => {
    const user = await createUser(storage, email, password);
    print({ id: user.id, email: user.email }, [`User ${user.email} (${user.id})`]);
  });
}

export const userList = (options: ManageOptions): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const users = await storage.listUsers();
    print(
      users.map(({ id, email, createdAt }) => ({ id, email, created_at: createdAt })),
      users.length === 0 ? ["There is no user."] : users.map((user) => `${user.id}  ${user.createdAt}  ${user.email}`),
    );
  });

type Print = (json: object, lines: readonly string[]) => void;

async function withStorage(options: ManageOptions, action: (storage: Storage, print: Print) => Promise<void>): Promise<void> {
  const { isJson } = options;
  const storage = await openStorage(options);
  try {
    await action(storage, (json, lines) => void process.stdout.write(`${isJson ? JSON.stringify(json) : lines.join("\n")}\n`));
  } finally {
    await storage.close();
  }
}
