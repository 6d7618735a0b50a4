/** `sync_quarantine`: where in the server's log the entries stand that could not be read or trusted. Their content stays on the server. */
import type { Driver } from "../driver/driver.ts";

/**
 * Why an entry was not applied. `undecryptable`: damaged, or sealed under another key. `malformed`: opened, and not a payload.
 * `unsigned`: it does not say inside the encryption what it is. `moved`: it says something else than the wire.
 * `clock`: its time is no time.
 */
export type QuarantineReason = "undecryptable" | "malformed" | "unsigned" | "moved" | "clock";

export interface QuarantinedEntry {
  readonly seq: number;
  readonly table: string;
  /** As the wire has it: untrusted. */
  readonly rowId: string;
  readonly reason: QuarantineReason;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface QuarantineStore {
  readonly put: (entry: QuarantinedEntry) => void;
  readonly remove: (seq: number) => void;
  /** By their place in the log. */
  readonly list: (limit: number) => readonly QuarantinedEntry[];
  readonly count: () => number;
}

export function quarantineStore(driver: Driver): QuarantineStore {
  const upsert = driver.prepare(
    `INSERT INTO sync_quarantine (seq, table_name, row_id, reason, since) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (seq) DO UPDATE SET reason = excluded.reason`,
  );
  const remove = driver.prepare("DELETE FROM sync_quarantine WHERE seq = ?");
  const select = driver.prepare("SELECT seq, table_name, row_id, reason, since FROM sync_quarantine ORDER BY seq LIMIT ?");
  const count = driver.prepare("SELECT count(*) FROM sync_quarantine");
  return {
    put: ({ seq, table, rowId, reason, sinceMs }) => void upsert.run(seq, table, rowId, reason, sinceMs),
    remove: (seq) => void remove.run(seq),
    list: (limit) =>
      select.all(limit).map(([seq, table, rowId, reason, since]) => ({
        seq: seq as number,
        table: table as string,
        rowId: rowId as string,
        reason: reason as QuarantineReason,
        sinceMs: since as number,
      })),
    count: () => count.get()?.[0] as number,
  };
}
