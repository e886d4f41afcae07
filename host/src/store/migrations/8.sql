-- Random since a backup was restored: what is told from then on is told by other message ids than what was told by the
-- database that was there. NULL: it was not.
ALTER TABLE installation ADD COLUMN epoch BLOB;

-- Which file security.log is, and the first record in it; NULL: it is not known yet.
ALTER TABLE log_head ADD COLUMN path BLOB;
ALTER TABLE log_head ADD COLUMN begins INTEGER;

-- Tokens that are over are deleted, and no other may have their number.
CREATE TABLE numbered_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scope TEXT NOT NULL CHECK (scope IN ('operator', 'analyst', 'reader', 'ingest')),
    created INTEGER NOT NULL,
    author TEXT NOT NULL,
    expires INTEGER,
    revoked INTEGER
) STRICT;
INSERT INTO numbered_tokens SELECT id, tenant, name, hash, scope, created, author, expires, revoked FROM tokens;
DROP TABLE tokens;
ALTER TABLE numbered_tokens RENAME TO tokens;
CREATE INDEX tokens_tenant ON tokens (tenant, id);

-- Deletions of which something may still lie in the log of changes.
CREATE TABLE scrubbing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    deletions INTEGER NOT NULL
) STRICT;
