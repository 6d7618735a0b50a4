-- audiofiles' own tables, as the app's migrations would leave them. Nothing here knows of sync.

-- A library: a tree of folders and samples that the user arranges.
CREATE TABLE IF NOT EXISTS vfs (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  sync_files INTEGER NOT NULL DEFAULT 0 CHECK (sync_files IN (0, 1)),
  created_at INTEGER NOT NULL
);

-- A sample is its content: the key is the SHA-256 of the file.
CREATE TABLE IF NOT EXISTS samples (
  hash TEXT PRIMARY KEY NOT NULL,
  original_name TEXT NOT NULL,
  file_extension TEXT NOT NULL,
  file_size INTEGER NOT NULL,
  import_date INTEGER NOT NULL,
  last_modified INTEGER NOT NULL,
  cloud_only INTEGER NOT NULL DEFAULT 0 CHECK (cloud_only IN (0, 1)),
  duration REAL,
  source_path TEXT
);

-- A node without a sample is a folder.
CREATE TABLE IF NOT EXISTS vfs_nodes (
  id TEXT PRIMARY KEY NOT NULL,
  vfs_id TEXT NOT NULL REFERENCES vfs (id) ON DELETE CASCADE,
  parent_id TEXT REFERENCES vfs_nodes (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  sample_hash TEXT REFERENCES samples (hash) ON DELETE CASCADE,
  position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS vfs_nodes_by_vfs ON vfs_nodes (vfs_id);
CREATE INDEX IF NOT EXISTS vfs_nodes_by_parent ON vfs_nodes (parent_id);
CREATE INDEX IF NOT EXISTS vfs_nodes_by_sample ON vfs_nodes (sample_hash);

CREATE TABLE IF NOT EXISTS audio_analysis (
  hash TEXT PRIMARY KEY NOT NULL REFERENCES samples (hash) ON DELETE CASCADE,
  bpm REAL,
  musical_key TEXT,
  duration REAL NOT NULL,
  sample_rate INTEGER NOT NULL,
  channels INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS tags (
  sample_hash TEXT NOT NULL REFERENCES samples (hash) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (sample_hash, tag)
);

CREATE TABLE IF NOT EXISTS collections (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  filter_json TEXT,
  created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS collection_members (
  collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  sample_hash TEXT NOT NULL REFERENCES samples (hash) ON DELETE CASCADE,
  position INTEGER NOT NULL DEFAULT 0,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (collection_id, sample_hash)
);
CREATE INDEX IF NOT EXISTS collection_members_by_sample ON collection_members (sample_hash);

CREATE TABLE IF NOT EXISTS smart_folders (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  rules TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS user_config (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
);
