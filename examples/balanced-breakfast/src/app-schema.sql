-- Balanced Breakfast's own tables, as the app's migrations would leave them. Nothing here knows of sync.

CREATE TABLE IF NOT EXISTS feeds (
  id TEXT PRIMARY KEY NOT NULL,
  busser_id TEXT NOT NULL,
  name TEXT NOT NULL,
  config TEXT NOT NULL DEFAULT '{}',
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  last_fetch TEXT,
  consecutive_failures INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  last_success_at TEXT,
  circuit_broken INTEGER NOT NULL DEFAULT 0 CHECK (circuit_broken IN (0, 1)),
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  updated_at TEXT NOT NULL DEFAULT (datetime('now'))
);

-- What the sources gave. Every device fetches for itself and gives an item its own id.
CREATE TABLE IF NOT EXISTS feed_items (
  id TEXT PRIMARY KEY NOT NULL,
  external_id TEXT NOT NULL UNIQUE,
  feed_id TEXT NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
  busser_id TEXT NOT NULL,
  bite_author TEXT NOT NULL,
  bite_text TEXT NOT NULL,
  bite_secondary TEXT,
  bite_indicator TEXT,
  is_read INTEGER NOT NULL DEFAULT 0 CHECK (is_read IN (0, 1)),
  is_starred INTEGER NOT NULL DEFAULT 0 CHECK (is_starred IN (0, 1))
);
CREATE INDEX IF NOT EXISTS feed_items_by_feed ON feed_items (feed_id);

CREATE TABLE IF NOT EXISTS feed_tags (
  id TEXT PRIMARY KEY NOT NULL,
  feed_id TEXT NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  UNIQUE (feed_id, tag)
);

CREATE TABLE IF NOT EXISTS query_feeds (
  id TEXT PRIMARY KEY NOT NULL,
  feed_id TEXT REFERENCES feeds (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS query_feeds_by_feed ON query_feeds (feed_id);

CREATE TABLE IF NOT EXISTS user_config (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL,
  updated_at TEXT NOT NULL DEFAULT (datetime('now'))
);
