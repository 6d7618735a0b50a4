/** What `manage-commands.ts` names: one change or one list each, beside a running server or without one. */
import { AccountError, changePassword, createApp, createUser, endSessions, normalizeEmail, replaceApiKey } from "../accounts.ts";
import { audit } from "../audit.ts";
import { whyNotRegistrable } from "../http/oauth/redirect-uri.ts";
import { rotateSigningKey } from "../session/signing-keys.ts";
import { removeApp, removeUser } from "../removal.ts";
import type { App, Storage, User } from "../storage/port.ts";
import { nowText, systemClock, systemRandom } from "../system.ts";
import { CliError, EXIT_USAGE } from "./cli-error.ts";
import { openBlobs, openStorage, type StoreOptions } from "./open-stores.ts";
import { readPassword } from "./read-password.ts";

export interface ManageOptions extends StoreOptions {
  readonly isJson: boolean;
}

const MAX_APPS = 1_000;
const SHOWN_ONCE = "The key is shown this once: only its hash is kept.";

export const appCreate = (options: ManageOptions, name: string): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const { app, apiKey } = await createApp(storage, name);
    print({ id: app.id, name: app.name, api_key: apiKey }, [`App "${app.name}" (${app.id})`, `API key: ${apiKey}`, SHOWN_ONCE]);
  });

export const appList = (options: ManageOptions): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const apps = await storage.listApps();
    print(
      apps.map(({ id, name, createdAt }) => ({ id, name, created_at: createdAt })),
      apps.length === 0 ? ["There is no app."] : apps.map((app) => `${app.id}  ${app.createdAt}  ${app.name}`),
    );
  });

export const appNewKey = (options: ManageOptions, name: string): Promise<void> =>
  withApp(options, name, async (app, storage, print) => {
    const apiKey = await replaceApiKey(storage, app.id);
    print({ id: app.id, name: app.name, api_key: apiKey }, [`App "${app.name}" (${app.id})`, `API key: ${apiKey}`, SHOWN_ONCE]);
  });

export const redirectAdd = (options: ManageOptions, name: string, uri: string): Promise<void> =>
  withApp(options, name, async (app, storage, print) => {
    const why = whyNotRegistrable(uri);
    if (why !== null) throw new AccountError(`${uri}: ${why}`);
    if (!(await storage.addRedirectUri(app.id, uri))) throw new AccountError(`${uri} is allowed already`);
    await audit(storage, systemClock, "redirect-added", "done", { appId: app.id });
    print({ id: app.id, redirect_uri: uri }, [`Sign-ins of "${app.name}" may return to ${uri}`]);
  });

export const redirectRemove = (options: ManageOptions, name: string, uri: string): Promise<void> =>
  withApp(options, name, async (app, storage, print) => {
    if (!(await storage.removeRedirectUri(app.id, uri))) throw new AccountError(`${uri} is not among the addresses of "${app.name}"`);
    await audit(storage, systemClock, "redirect-removed", "done", { appId: app.id });
    print({ id: app.id, redirect_uri: uri }, [`Sign-ins of "${app.name}" return to ${uri} no more`]);
  });

export const redirectList = (options: ManageOptions, name: string): Promise<void> =>
  withApp(options, name, async (app, storage, print) => {
    const uris = await storage.listRedirectUris(app.id);
    print(uris, uris.length === 0 ? ["None but the user's own computer, which is always allowed."] : uris);
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

export const userUsage = (options: ManageOptions, email: string): Promise<void> =>
  withUser(options, email, async (user, storage, print) => {
    const usage = await storage.listUsage(user.id, MAX_APPS, 0);
    print(
      usage.map(({ appName, devices, changes, changeBytes, blobBytes, lastSeenAt }) => ({
        app: appName,
        devices,
        changes,
        change_bytes: changeBytes,
        blob_bytes: blobBytes,
        last_seen_at: lastSeenAt,
      })),
      usage.length === 0
        ? ["Nothing: the user has signed in to no app."]
        : usage.map(
            ({ appName, devices, changes, changeBytes, blobBytes, lastSeenAt }) =>
              `${appName}: ${devices} devices, ${changes} changes of ${changeBytes} bytes, ${blobBytes} bytes of blobs, last seen ${lastSeenAt ?? "never"}`,
          ),
    );
  });

export async function userPassword(options: ManageOptions, email: string, isPasswordFromStdin: boolean): Promise<void> {
  const password = await readPassword(isPasswordFromStdin);
  await withUser(options, email, async (user, storage, print) => {
    await changePassword(storage, user.id, password);
    print({ id: user.id, email: user.email }, [`User ${user.email} has a new password, and is signed out everywhere.`]);
  });
}

export const userSignOut = (options: ManageOptions, email: string): Promise<void> =>
  withUser(options, email, async (user, storage, print) => {
    await endSessions(storage, user.id);
    print({ id: user.id, email: user.email }, [`User ${user.email} is signed out everywhere.`]);
  });

export const userRemove = (options: ManageOptions, email: string, isSure: boolean): Promise<void> =>
  withUser(options, email, async (user, storage, print) => {
    requireSure(isSure, `${user.email} with all devices, rows, snapshots and files, of every app`);
    await removeUser(storage, openBlobs(options), user.id);
    print({ id: user.id, email: user.email }, [`User ${user.email} is removed, with everything.`]);
  });

export const appRemove = (options: ManageOptions, name: string, isSure: boolean): Promise<void> =>
  withApp(options, name, async (app, storage, print) => {
    requireSure(isSure, `"${app.name}" with what every user has synced with it`);
    await removeApp(storage, openBlobs(options), app.id);
    print({ id: app.id, name: app.name }, [`App "${app.name}" is removed, with everything.`]);
  });

function requireSure(isSure: boolean, what: string): void {
  if (!isSure) throw new CliError(EXIT_USAGE, `This removes ${what}, and cannot be undone.\nSay --yes to do it.`);
}

export const deviceList = (options: ManageOptions, email: string): Promise<void> =>
  withUser(options, email, async (user, storage, print) => {
    const found = [];
    for (const app of await storage.listApps())
      for (const device of await storage.listDevices({ appId: app.id, userId: user.id })) found.push({ ...device, app: app.name });
    print(
      found.map(({ id, deviceName, platform, createdAt, lastSeenAt, app }) => ({
        id,
        app,
        device_name: deviceName,
        platform,
        created_at: createdAt,
        last_seen_at: lastSeenAt,
      })),
      found.length === 0
        ? ["There is no device."]
        : found.map(
            ({ id, deviceName, platform, lastSeenAt, app }) => `${id}  ${lastSeenAt ?? ""}  ${app}  ${deviceName} (${platform ?? ""})`,
          ),
    );
  });

export const deviceRemove = (options: ManageOptions, email: string, id: string): Promise<void> =>
  withUser(options, email, async (user, storage, print) => {
    for (const { id: appId } of await storage.listApps())
      if (await storage.removeDevice({ appId, userId: user.id }, id, nowText(systemClock))) {
        await audit(storage, systemClock, "device-removed", "done", { appId, userId: user.id });
        return print({ id }, [`Device ${id} is removed. Its session goes on: end it with synckit-server user sign-out ${user.email}`]);
      }
    throw new AccountError(`${user.email} has no device ${id}`);
  });

export const signingKeyRotate = (options: ManageOptions, isDropping: boolean): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const number = await rotateSigningKey(storage, systemClock, systemRandom);
    if (isDropping) await storage.dropSigningKeys(number);
    await audit(storage, systemClock, "signing-key-rotated", "done", {});
    print({ number, dropped: isDropping }, [
      `Signing key ${number} signs from now on.`,
      isDropping ? "The old keys are gone: every device signs in again." : "What the old keys signed counts until it expires.",
    ]);
  });

export const auditList = (options: ManageOptions, maxEvents: number): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const events = await storage.readAudit(maxEvents);
    print(
      events.map(({ at, action, outcome, appId, userId, address }) => ({ at, action, outcome, app_id: appId, user_id: userId, address })),
      events.length === 0
        ? ["Nothing has happened yet."]
        : events.map(({ at, action, outcome, appId, userId, address }) =>
            [at, action, outcome, `user ${userId ?? "-"}`, `app ${appId ?? "-"}`, `from ${address ?? "the command line"}`].join("  "),
          ),
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

const withApp = (
  options: ManageOptions,
  name: string,
  action: (app: App, storage: Storage, print: Print) => Promise<void>,
): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const app = (await storage.listApps()).find((known) => known.name === name || known.id === name);
    if (app === undefined) throw new AccountError(`there is no app "${name}"`);
    await action(app, storage, print);
  });

const withUser = (
  options: ManageOptions,
  email: string,
  action: (user: User, storage: Storage, print: Print) => Promise<void>,
): Promise<void> =>
  withStorage(options, async (storage, print) => {
    const user = await storage.findUserByEmail(normalizeEmail(email));
    if (user === null) throw new AccountError(`there is no user ${email}`);
    await action(user, storage, print);
  });
