-- Who may use the server: only the hash of a token is kept.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scope TEXT NOT NULL CHECK (scope IN ('operator', 'analyst', 'reader', 'ingest')),
    created INTEGER NOT NULL,
    author TEXT NOT NULL,
    expires INTEGER,
    revoked INTEGER
) STRICT;
CREATE INDEX tokens_tenant ON tokens (tenant, id);

-- Batches that came with a key and were committed: one that comes again is known.
CREATE TABLE batches (
    tenant TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    body BLOB NOT NULL CHECK (length(body) = 32),
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_at ON batches (at);
