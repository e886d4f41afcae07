-- Who vouches for a version: a line as its signature's file has it; NULL: nobody.
ALTER TABLE own_pack_versions ADD COLUMN signature TEXT;

-- Public keys, of which one has to have signed what a tenant that was added at run time pushes; none: as for everybody.
CREATE TABLE tenant_signers (
    tenant TEXT NOT NULL REFERENCES tenants (name) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

-- Who has named a recipient, in words, for the mail that asks whether they want to be.
ALTER TABLE tenant_recipients ADD COLUMN author TEXT NOT NULL DEFAULT '';

-- What such a mail has: whoever has it confirms. Only its hash is kept.
CREATE TABLE recipient_tokens (
    tenant TEXT NOT NULL,
    address TEXT NOT NULL COLLATE NOCASE,
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    FOREIGN KEY (tenant, address) REFERENCES tenant_recipients (tenant, address) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_tokens_of ON recipient_tokens (tenant, address, created);

-- How often an address was asked lately, whichever tenants named it: by the hash of it.
CREATE TABLE asked (
    address_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(address_sha256) = 32),
    since INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
