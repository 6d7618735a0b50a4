import type { Step } from "../dialect.ts";

export const blobs: Step = {
  name: "blobs",
  write: ({ text, integer, byAccount }) => `
  CREATE TABLE blobs (
    account ${text} NOT NULL REFERENCES accounts (account),
    hash ${text} NOT NULL,
    name ${text} NOT NULL,
    size_bytes ${integer} NOT NULL,
    billing_key ${text} NOT NULL,
    confirmed_at ${text} NOT NULL,
    PRIMARY KEY (account, hash)
  )${byAccount("blobs")}

  CREATE TABLE blob_uploads (
    account ${text} NOT NULL REFERENCES accounts (account),
    name ${text} NOT NULL,
    hash ${text} NOT NULL,
    size_bytes ${integer} NOT NULL,
    billing_key ${text} NOT NULL,
    begun_at ${text} NOT NULL,
    is_given_up ${integer} NOT NULL DEFAULT 0,
    PRIMARY KEY (account, name)
  )${byAccount("blob_uploads")}
  `,
};
