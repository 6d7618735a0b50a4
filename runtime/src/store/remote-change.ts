import type { Change } from "./registers.ts";

/** A change as the log has it, from whichever device: what a pull merges. */
export interface RemoteChange extends Change {
  readonly table: string;
  readonly rowId: string;
  /** Pulled for the first time: a repeated or replayed page is no news, and no conflict. */
  readonly isFresh: boolean;
  /** Read out of its turn, because it could not be opened then: what this device merged in between may have known of it. */
  readonly isLate?: boolean;
  /** How far its author had read the log; null: the payload does not say. */
  readonly seen: number | null;
  /** Columns that their author knew under an earlier name, and so did not see edited under the present one. Absent: none. */
  readonly unread?: ReadonlySet<string>;
  /** No user did this: the author's merge had to. */
  readonly isRule: boolean;
}
