import type { Step } from "../dialect.ts";

/** Snapshots of accounts: at most one that is finished (it has a manifest), and one that is not. */
export const snapshots: Step = {
  name: "snapshots",
  write: ({ text, integer, byAccount, incompressible }) => `
  CREATE TABLE snapshots (
    account ${text} NOT NULL,
    id ${text} NOT NULL,
    device_id ${text} NOT NULL,
    cursor ${integer} NOT NULL,
    chunks ${integer} NOT NULL,
    data_bytes ${integer} NOT NULL,
    through ${integer},
    manifest ${text},
    written_at ${text} NOT NULL,
    PRIMARY KEY (account, id)
  )${byAccount("snapshots")}

  CREATE TABLE snapshot_chunks (
    account ${text} NOT NULL,
    snapshot_id ${text} NOT NULL,
    place ${integer} NOT NULL,
    data_bytes ${integer} NOT NULL,
    data ${text} NOT NULL,
    PRIMARY KEY (account, snapshot_id, place)
  )${byAccount("snapshot_chunks")}
  ${incompressible("snapshot_chunks", "data")}
  `,
};
