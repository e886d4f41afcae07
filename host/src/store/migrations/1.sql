-- Where reading goes on, and what packs remember.
CREATE TABLE installation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Random: message ids of two databases never meet.
    id BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- The last number that was given out, by tenant and kind: numbers of what was deleted are not given again.
CREATE TABLE numbers (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    source INTEGER NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    head BLOB NOT NULL,
    head_length INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    path TEXT NOT NULL,
    -- The position; all of it or nothing.
    offset INTEGER,
    line INTEGER,
    judged INTEGER,
    format TEXT,
    year INTEGER,
    month INTEGER,
    day INTEGER,
    latest INTEGER,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, source) REFERENCES sources (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_of_source ON files (tenant, source, number);

CREATE TABLE states (
    tenant TEXT NOT NULL,
    pack TEXT NOT NULL,
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    settings BLOB NOT NULL,
    state BLOB,
    host BLOB NOT NULL,
    saved INTEGER NOT NULL,
    PRIMARY KEY (tenant, pack)
) STRICT;
