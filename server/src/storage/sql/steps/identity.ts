import type { Step } from "../dialect.ts";

/** Sessions that were ended, devices that were removed, and what signs, sends and records sign-ins. */
export const identity: Step = {
  name: "codes, signing keys and the audit log",
  write: ({ text, integer, bytes, end }) => `
  ALTER TABLE users ADD COLUMN valid_from ${integer} NOT NULL DEFAULT 0;
  ALTER TABLE devices ADD COLUMN removed_at ${text};

  CREATE TABLE redirect_uris (
    app_id ${text} NOT NULL REFERENCES apps (id),
    uri ${text} NOT NULL,
    PRIMARY KEY (app_id, uri)
  )${end}

  CREATE TABLE authorization_codes (
    code_hash ${text} NOT NULL PRIMARY KEY,
    app_id ${text} NOT NULL REFERENCES apps (id),
    user_id ${text} NOT NULL REFERENCES users (id),
    redirect_uri ${text} NOT NULL,
    code_challenge ${text} NOT NULL,
    expires_at ${text} NOT NULL
  )${end}

  CREATE TABLE signing_keys (
    number ${integer} NOT NULL PRIMARY KEY,
    secret ${bytes} NOT NULL,
    created_at ${text} NOT NULL
  )${end}

  CREATE TABLE audit_log (
    id ${text} NOT NULL PRIMARY KEY,
    at ${text} NOT NULL,
    action ${text} NOT NULL,
    outcome ${text} NOT NULL,
    app_id ${text},
    user_id ${text},
    address ${text}
  )${end}
  CREATE INDEX audit_log_at ON audit_log (at);
  `,
};
