/**
 * The plaintext of one entry: the row's synced columns as one JSON object, and one reserved member that
 * repeats, inside the encryption, what the wire says outside of it. A server that moves a ciphertext to
 * another table, row or operation, or changes its time, is found out.
 */

/** Name of the reserved member. No column may have it. */
export const RESERVED_MEMBER = "$sync";

export type ChangeOp = "INSERT" | "UPDATE" | "DELETE";
export const CHANGE_OPS: readonly ChangeOp[] = ["INSERT", "UPDATE", "DELETE"];

/** Value of the reserved member. One-letter names: it travels with every entry. */
export interface ReservedMember {
  /** Table. */
  readonly t: string;
  /** Operation. */
  readonly o: ChangeOp;
  /** Clock: stamp in microseconds, and the id of the device that wrote. */
  readonly c: readonly [stamp: number, device: string];
  /** Present: no user did this; the merge had to, by a rule of the schema. */
  readonly r?: true;
  /** How far the author had read the server's log: what came later, it cannot have known. */
  readonly s: number;
  /** Epoch of the table in its author's version of the app; absent: 0. A reader whose own is lower would misread the entry. */
  readonly e?: number;
  /** Names of the columns that an UPDATE writes. Absent: all that the payload has, as an INSERT. */
  readonly m?: readonly string[];
  /**
   * Later edits of the same row by the same device, coalesced into this entry: each with its stamp, how far its author had
   * read by then, and the columns that it wrote last. Rising, later than `c`, and no column stands twice. Absent where there are none.
   */
  readonly g?: readonly (readonly [stamp: number, seen: number, columns: readonly string[]])[];
}
