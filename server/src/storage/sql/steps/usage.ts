import type { Step } from "../dialect.ts";

/** What the changes of an account take, counted as they come: a quota cannot add up a long log for each push. */
export const usage: Step = {
  name: "bytes of changes",
  write: ({ integer }) => `
  ALTER TABLE accounts ADD COLUMN change_bytes ${integer} NOT NULL DEFAULT 0;
  UPDATE accounts SET change_bytes = (
    SELECT coalesce(sum(coalesce(octet_length(data), 0) + octet_length(row_id) + octet_length(table_name)), 0)
    FROM sync_log WHERE sync_log.account = accounts.account);
  `,
};
