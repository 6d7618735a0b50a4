import type { Step } from "../dialect.ts";

/** One sealed digest of each device. */
export const digests: Step = {
  name: "digests of devices",
  write: ({ text, byAccount, incompressible }) => `
  CREATE TABLE digests (
    account ${text} NOT NULL,
    device_id ${text} NOT NULL,
    data ${text} NOT NULL,
    updated_at ${text} NOT NULL,
    PRIMARY KEY (account, device_id)
  )${byAccount("digests")}
  ${incompressible("digests", "data")}
  `,
};
