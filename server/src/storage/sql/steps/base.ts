import type { Step } from "../dialect.ts";

export const base: Step = {
  name: "accounts, devices, log and keys",
  write: ({ text, integer, end, byAccount, incompressible }) => `
  CREATE TABLE apps (
    id ${text} NOT NULL PRIMARY KEY,
    name ${text} NOT NULL UNIQUE,
    api_key_hash ${text} NOT NULL UNIQUE,
    created_at ${text} NOT NULL
  )${end}

  CREATE TABLE users (
    id ${text} NOT NULL PRIMARY KEY,
    email ${text} NOT NULL UNIQUE,
    password_hash ${text} NOT NULL,
    created_at ${text} NOT NULL
  )${end}

  CREATE TABLE accounts (
    account ${text} NOT NULL PRIMARY KEY,
    app_id ${text} NOT NULL REFERENCES apps (id),
    user_id ${text} NOT NULL REFERENCES users (id),
    head ${integer} NOT NULL DEFAULT 0
  )${byAccount("accounts")}

  CREATE TABLE devices (
    account ${text} NOT NULL REFERENCES accounts (account),
    id ${text} NOT NULL,
    number ${integer} NOT NULL,
    name ${text} NOT NULL,
    platform ${text} NOT NULL,
    created_at ${text} NOT NULL,
    last_seen_at ${text} NOT NULL,
    last_batch_digest ${text},
    last_batch_cursor ${integer},
    PRIMARY KEY (account, id),
    UNIQUE (account, name)
  )${byAccount("devices")}

  -- No reference to the account: the push that writes here holds its row, and a check of each entry would double the cost.
  CREATE TABLE sync_log (
    account ${text} NOT NULL,
    seq ${integer} NOT NULL,
    device_id ${text} NOT NULL,
    table_name ${text} NOT NULL,
    op ${text} NOT NULL,
    row_id ${text} NOT NULL,
    timestamp ${text} NOT NULL,
    stamp ${integer} NOT NULL,
    data ${text},
    PRIMARY KEY (account, seq)
  )${byAccount("sync_log")}
  ${incompressible("sync_log", "data")}

  CREATE TABLE keys (
    account ${text} NOT NULL PRIMARY KEY REFERENCES accounts (account),
    envelope ${text} NOT NULL,
    version ${integer} NOT NULL,
    updated_at ${text} NOT NULL
  )${byAccount("keys")}
  `,
};
