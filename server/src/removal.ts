/** Users and apps that go with everything they have, blobs included. */
import { AccountError } from "./accounts.ts";
import { audit, type AuditSubject } from "./audit.ts";
import type { BlobStore } from "./blobs/port.ts";
import type { Owner } from "./storage/removal-port.ts";
import type { Storage } from "./storage/port.ts";
import { systemClock, type Clock } from "./system.ts";

/**
 * Ends the user's sessions, removes the bytes and then the rows: cut short, it is finished by doing it again. A file that a
 * device is sending at that moment may outlive it, which nothing can read.
 */
export async function removeUser(
  storage: Storage,
  blobs: BlobStore | null,
  userId: string,
  clock: Clock = systemClock,
  by: AuditSubject = {},
): Promise<void> {
  if (!(await storage.endSessions(userId, Math.floor(clock() / 1000) + 1))) throw new AccountError(`there is no user ${userId}`);
  await removeOwner(storage, blobs, { userId });
  await audit(storage, clock, "user-removed", "done", { ...by, userId });
}

/** The same for an app: all accounts that users have with it. Users stay. */
export async function removeApp(storage: Storage, blobs: BlobStore | null, appId: string, clock: Clock = systemClock): Promise<void> {
  await removeOwner(storage, blobs, { appId });
  await audit(storage, clock, "app-removed", "done", { appId });
}

async function removeOwner(storage: Storage, blobs: BlobStore | null, owner: Owner): Promise<void> {
  for (const name of await storage.listBlobNames(owner)) await blobs?.remove(name);
  const late = await storage.removeOwner(owner);
  if (late === null) throw new AccountError("it is gone already");
  for (const name of late) await blobs?.remove(name);
}
