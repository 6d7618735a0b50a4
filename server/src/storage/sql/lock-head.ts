/** The lock that orders everything that happens to one account. */
import { AccountGoneError } from "../port.ts";
import type { Transaction } from "./sql-database.ts";

/**
 * The account's last number, nobody else's to change until the transaction ends. What is decided by the account's other
 * rows must be read after this, or another transaction may change them in between.
 */
export async function lockHead(tx: Transaction, account: string): Promise<number> {
  const row = await tx.get<{ readonly head: number }>(`SELECT head FROM accounts WHERE account = :account${tx.forUpdate}`, { account });
  // The session check has seen it.
  if (row === null) throw new AccountGoneError("the account was removed");
  return row.head;
}
