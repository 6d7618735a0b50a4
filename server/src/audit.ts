/** The audit log: who signed in, gave consent, ended sessions or changed an account, and from where. Ids and actions, no secrets. */
import { randomUUID } from "node:crypto";
import type { AuditAction, AuditEvent } from "./storage/identity-port.ts";
import type { Storage } from "./storage/port.ts";
import { nowText, type Clock } from "./system.ts";

/** Days that an event is kept. */
const RETAIN_DAYS = 90;
/** Events that are kept, or whoever guesses passwords could fill the disk. About 20 MB. */
const RETAIN_EVENTS = 100_000;

export interface AuditSubject {
  readonly appId?: string;
  readonly userId?: string;
  readonly address?: string;
}

export async function audit(
  storage: Storage,
  clock: Clock,
  action: AuditAction,
  outcome: AuditEvent["outcome"],
  { appId, userId, address }: AuditSubject,
): Promise<void> {
  const event = {
    id: randomUUID(),
    at: nowText(clock),
    action,
    outcome,
    appId: appId ?? null,
    userId: userId ?? null,
    address: address ?? null,
  };
  await storage.appendAudit(event, new Date(clock() - RETAIN_DAYS * 86_400_000).toISOString(), RETAIN_EVENTS);
}
