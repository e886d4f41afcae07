-- Scopes: an admin of a tenant, and an author of packs.
CREATE TABLE scoped_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scope TEXT NOT NULL CHECK (scope IN ('operator', 'admin', 'analyst', 'author', 'reader', 'ingest')),
    created INTEGER NOT NULL,
    author TEXT NOT NULL,
    expires INTEGER,
    revoked INTEGER
) STRICT;
INSERT INTO scoped_tokens SELECT id, tenant, name, hash, scope, created, author, expires, revoked FROM tokens;
-- Numbers go on, also behind those whose rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'scoped_tokens';
UPDATE sqlite_sequence SET name = 'scoped_tokens' WHERE name = 'tokens';
DROP TABLE tokens;
ALTER TABLE scoped_tokens RENAME TO tokens;
CREATE INDEX tokens_tenant ON tokens (tenant, id);

-- Tenants that were added at run time; those of the configuration stand there.
CREATE TABLE tenants (
    name TEXT NOT NULL PRIMARY KEY,
    created INTEGER NOT NULL,
    author TEXT NOT NULL,
    -- Lines a second; NULL: as many as there are.
    lines INTEGER CHECK (lines > 0)
) STRICT, WITHOUT ROWID;

-- Whom such a tenant's incidents are told, once it is confirmed that they want to be.
CREATE TABLE tenant_recipients (
    tenant TEXT NOT NULL REFERENCES tenants (name) ON DELETE CASCADE,
    address TEXT NOT NULL COLLATE NOCASE,
    created INTEGER NOT NULL,
    confirmed INTEGER,
    PRIMARY KEY (tenant, address)
) STRICT, WITHOUT ROWID;
