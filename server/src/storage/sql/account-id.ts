/** The column that everything of an account is found, locked and partitioned by. */
import { createHash } from "node:crypto";
import type { Scope } from "../port.ts";

/**
 * 22 characters: half of a SHA-256 over app and user, base64url. Known without asking the database, so that any statement
 * finds its shard.
 */
export const accountId = ({ appId, userId }: Scope): string =>
  createHash("sha256")
    .update(JSON.stringify([appId, userId]))
    .digest("base64url")
    .slice(0, 22);
