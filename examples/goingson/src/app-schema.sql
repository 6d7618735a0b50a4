-- GoingsOn's own tables, as the app's migrations would leave them. Nothing here knows of sync.

-- The app has one user, whom every device calls 'local'.
CREATE TABLE IF NOT EXISTS users (
  id TEXT PRIMARY KEY NOT NULL,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);
INSERT OR IGNORE INTO users (id) VALUES ('local');

CREATE TABLE IF NOT EXISTS projects (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  project_type TEXT NOT NULL DEFAULT 'Other',
  status TEXT NOT NULL DEFAULT 'Active',
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);

CREATE TABLE IF NOT EXISTS milestones (
  id TEXT PRIMARY KEY NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  due TEXT,
  status TEXT NOT NULL DEFAULT 'Open',
  sort_order INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);
CREATE INDEX IF NOT EXISTS milestones_by_project ON milestones (project_id);

-- Credentials stand beside the configuration, in columns that the schema keeps on the device.
CREATE TABLE IF NOT EXISTS email_accounts (
  id TEXT PRIMARY KEY NOT NULL,
  account_name TEXT NOT NULL,
  email_address TEXT NOT NULL,
  display_name TEXT,
  imap_host TEXT NOT NULL,
  imap_port INTEGER NOT NULL DEFAULT 993,
  imap_security TEXT NOT NULL DEFAULT 'tls',
  imap_username TEXT NOT NULL,
  smtp_host TEXT NOT NULL,
  smtp_port INTEGER NOT NULL DEFAULT 465,
  smtp_security TEXT NOT NULL DEFAULT 'tls',
  smtp_username TEXT NOT NULL,
  auth_method TEXT NOT NULL DEFAULT 'password',
  signature TEXT NOT NULL DEFAULT '',
  fetch_interval_minutes INTEGER NOT NULL DEFAULT 15,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  password TEXT,
  oauth_token TEXT,
  oauth_refresh_token TEXT,
  oauth_expires_at TEXT
);

-- Fetched on each device; never synced.
CREATE TABLE IF NOT EXISTS emails (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT NOT NULL REFERENCES email_accounts (id) ON DELETE CASCADE,
  sender TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT '',
  received_at TEXT NOT NULL DEFAULT (datetime('now'))
);
CREATE INDEX IF NOT EXISTS emails_by_account ON emails (account_id);

CREATE TABLE IF NOT EXISTS tasks (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  project_id TEXT REFERENCES projects (id) ON DELETE SET NULL,
  milestone_id TEXT REFERENCES milestones (id) ON DELETE SET NULL,
  description TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'Pending',
  priority TEXT NOT NULL DEFAULT 'Medium',
  due TEXT,
  tags TEXT NOT NULL DEFAULT '[]',
  urgency REAL NOT NULL DEFAULT 0.0,
  recurrence TEXT NOT NULL DEFAULT 'None',
  recurrence_parent_id TEXT REFERENCES tasks (id) ON DELETE SET NULL,
  source_email_id TEXT REFERENCES emails (id) ON DELETE SET NULL,
  snoozed_until TEXT,
  waiting_for_response INTEGER NOT NULL DEFAULT 0 CHECK (waiting_for_response IN (0, 1)),
  follow_up_at TEXT,
  scheduled_start TEXT,
  scheduled_minutes INTEGER,
  completed_at TEXT,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);
CREATE INDEX IF NOT EXISTS tasks_by_project ON tasks (project_id);
CREATE INDEX IF NOT EXISTS tasks_by_milestone ON tasks (milestone_id);
CREATE INDEX IF NOT EXISTS tasks_by_recurrence_parent ON tasks (recurrence_parent_id);
CREATE INDEX IF NOT EXISTS tasks_by_source_email ON tasks (source_email_id);

CREATE TABLE IF NOT EXISTS events (
  id TEXT PRIMARY KEY NOT NULL,
  project_id TEXT REFERENCES projects (id) ON DELETE SET NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  location TEXT,
  starts_at TEXT NOT NULL,
  ends_at TEXT,
  all_day INTEGER NOT NULL DEFAULT 0 CHECK (all_day IN (0, 1))
);
CREATE INDEX IF NOT EXISTS events_by_project ON events (project_id);

CREATE TABLE IF NOT EXISTS annotations (
  id TEXT PRIMARY KEY NOT NULL,
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);
CREATE INDEX IF NOT EXISTS annotations_by_task ON annotations (task_id);

CREATE TABLE IF NOT EXISTS subtasks (
  id TEXT PRIMARY KEY NOT NULL,
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  description TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
  position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS subtasks_by_task ON subtasks (task_id);

CREATE TABLE IF NOT EXISTS contacts (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  organization TEXT,
  birthday TEXT,
  notes TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL DEFAULT (datetime('now'))
);

CREATE TABLE IF NOT EXISTS contact_emails (
  id TEXT PRIMARY KEY NOT NULL,
  contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  label TEXT,
  address TEXT NOT NULL,
  is_primary INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1))
);
CREATE INDEX IF NOT EXISTS contact_emails_by_contact ON contact_emails (contact_id);

CREATE TABLE IF NOT EXISTS contact_phones (
  id TEXT PRIMARY KEY NOT NULL,
  contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  label TEXT,
  number TEXT NOT NULL,
  is_primary INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1))
);
CREATE INDEX IF NOT EXISTS contact_phones_by_contact ON contact_phones (contact_id);

CREATE TABLE IF NOT EXISTS contact_social_handles (
  id TEXT PRIMARY KEY NOT NULL,
  contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  platform TEXT NOT NULL,
  handle TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS contact_social_handles_by_contact ON contact_social_handles (contact_id);

CREATE TABLE IF NOT EXISTS contact_custom_fields (
  id TEXT PRIMARY KEY NOT NULL,
  contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS contact_custom_fields_by_contact ON contact_custom_fields (contact_id);

CREATE TABLE IF NOT EXISTS saved_views (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  filter TEXT NOT NULL,
  sort_order INTEGER NOT NULL DEFAULT 0
);
