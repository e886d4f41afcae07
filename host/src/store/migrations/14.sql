-- Who vouches for a version: a line as its signature's file has it; NULL: nobody.
ALTER TABLE own_pack_versions ADD COLUMN signature TEXT;

-- Public keys, of which one has to have signed what a tenant that was added at run time pushes; none: as for everybody.
CREATE TABLE tenant_signers (
    tenant TEXT NOT NULL REFERENCES tenants (name) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
