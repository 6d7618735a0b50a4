/** What accounts take, and whether what is counted is what is there. */
import type { Scope } from "./port.ts";

export interface AccountUsage extends Scope {
  readonly account: string;
  readonly email: string;
  readonly appName: string;
  readonly devices: number;
  /** Entries of the log. */
  readonly changes: number;
  /** Bytes of their data, row ids and table names. */
  readonly changeBytes: number;
  /** Of blobs, and of uploads under way. */
  readonly blobBytes: number;
  /** The last registration or push of any device; null: there was none. */
  readonly lastSeenAt: string | null;
}

export interface ListedBlob {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface UsageStorage {
  /** By address and app; of one user, or of all. */
  listUsage(userId: string | null, limit: number, offset: number): Promise<readonly AccountUsage[]>;
  /** Confirmed ones of all accounts, by name; those after a name. */
  listBlobs(after: string, limit: number): Promise<readonly ListedBlob[]>;
  /** Whether a blob or an upload has these bytes. */
  knowsBlob(name: string): Promise<boolean>;
  /** What the database itself and its counters contradict, in words; nothing when all is well. */
  findFaults(): Promise<readonly string[]>;
  /** Writes a copy to a new file while others go on; null where the database has its own means. */
  readonly copyTo: ((path: string) => Promise<void>) | null;
}
