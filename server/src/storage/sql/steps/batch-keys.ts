import type { Step } from "../dialect.ts";

/** Which batches of a device are known again by their key. */
export const batchKeys: Step = {
  name: "keys of batches",
  write: ({ text, integer, byAccount }) => `
  CREATE TABLE batch_keys (
    account ${text} NOT NULL,
    device_id ${text} NOT NULL,
    key ${text} NOT NULL,
    cursor ${integer} NOT NULL,
    PRIMARY KEY (account, device_id, key)
  )${byAccount("batch_keys")}
  `,
};
