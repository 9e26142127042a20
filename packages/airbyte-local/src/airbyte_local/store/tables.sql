-- Rows are replaced, never updated, so `rowid` is where a row lies in the heap: it moves to the end with each write,
-- as PostgreSQL may move it, and a listing without ORDER BY changes under the reader as the vendor's does.
CREATE TABLE IF NOT EXISTS workspace (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  organization_id TEXT NOT NULL, tombstone INTEGER NOT NULL, details TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS definition (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, custom INTEGER NOT NULL, tombstone INTEGER NOT NULL,
  grants TEXT NOT NULL, details TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS actor (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, workspace_id TEXT NOT NULL,
  definition_id TEXT NOT NULL, name TEXT NOT NULL, configuration TEXT, created_at INTEGER NOT NULL,
  tombstone INTEGER NOT NULL, details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS actor_listing ON actor (workspace_id, kind, tombstone);
CREATE INDEX IF NOT EXISTS actor_definition ON actor (definition_id);
CREATE TABLE IF NOT EXISTS secret (coordinate TEXT PRIMARY KEY, actor_id TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS secret_actor ON secret (actor_id);
CREATE TABLE IF NOT EXISTS connection (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, source_id TEXT NOT NULL,
  destination_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
  details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS connection_listing ON connection (workspace_id);
CREATE INDEX IF NOT EXISTS connection_source ON connection (source_id);
CREATE INDEX IF NOT EXISTS connection_destination ON connection (destination_id);
CREATE INDEX IF NOT EXISTS connection_scheduled ON connection (id)
  WHERE status = 'active' AND json_extract(details, '$.scheduleType') <> 'manual';
CREATE TABLE IF NOT EXISTS catalog (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, streams TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS catalog_fetch (
  position INTEGER PRIMARY KEY AUTOINCREMENT, actor_id TEXT NOT NULL, image TEXT NOT NULL,
  configuration_hash TEXT NOT NULL, catalog_id TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS catalog_fetch_actor ON catalog_fetch (actor_id, position);
CREATE TABLE IF NOT EXISTS operation (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, configuration TEXT NOT NULL,
  tombstone INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tag (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL,
  UNIQUE (workspace_id, name));
CREATE TABLE IF NOT EXISTS state (
  connection_id TEXT PRIMARY KEY, type TEXT NOT NULL, legacy TEXT, shared TEXT);
CREATE TABLE IF NOT EXISTS stream_state (
  connection_id TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, state TEXT, held INTEGER NOT NULL,
  generation INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (connection_id, namespace, name));
CREATE TABLE IF NOT EXISTS job (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, config_type TEXT NOT NULL,
  status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, started_at INTEGER,
  details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_connection ON job (connection_id, id);
CREATE INDEX IF NOT EXISTS job_status ON job (status);
CREATE TABLE IF NOT EXISTS attempt (
  job_id INTEGER NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, ended_at INTEGER, states INTEGER NOT NULL, streams TEXT NOT NULL,
  failures TEXT NOT NULL, PRIMARY KEY (job_id, number));
