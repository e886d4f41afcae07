-- Packs of tenants' own, which judge their lines beside the operator's.
CREATE TABLE own_packs (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The version that counts.
    current INTEGER NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    -- What its tenant has set, as a JSON object.
    settings TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;

-- What was pushed: the newest has the highest number. Nothing but the module is kept, and machine code never.
CREATE TABLE own_pack_versions (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    version TEXT NOT NULL,
    -- SHA-256 of the module.
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    pushed INTEGER NOT NULL,
    author TEXT NOT NULL,
    wasm BLOB NOT NULL,
    PRIMARY KEY (tenant, name, number),
    UNIQUE (tenant, name, digest),
    FOREIGN KEY (tenant, name) REFERENCES own_packs (tenant, name) ON DELETE CASCADE
) STRICT;
