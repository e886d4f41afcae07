-- Incidents. Times are nanoseconds since 1970.
CREATE TABLE incidents (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    generation INTEGER NOT NULL,
    previous INTEGER,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    resolution TEXT,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    fields TEXT NOT NULL,
    tags TEXT NOT NULL,
    sources TEXT NOT NULL,
    count INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    opened INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    occurred INTEGER NOT NULL,
    acknowledged_until INTEGER,
    resolve_after INTEGER,
    -- Timers: when it resolves itself, and when an open one is told again.
    resolves_at INTEGER,
    repeats_at INTEGER,
    assignee TEXT,
    evidence_dropped INTEGER NOT NULL,
    overflow INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, pack, rule, fingerprint, generation)
) STRICT;
CREATE INDEX incidents_changed ON incidents (tenant, changed, id);
CREATE INDEX incidents_by_state ON incidents (tenant, state, changed, id);
CREATE INDEX incidents_by_severity ON incidents (tenant, severity, changed, id);
CREATE INDEX incidents_by_rule ON incidents (tenant, pack, rule, state, changed, id);
CREATE INDEX incidents_assigned ON incidents (tenant, assignee, changed, id) WHERE assignee IS NOT NULL;
CREATE INDEX incidents_expire ON incidents (acknowledged_until) WHERE acknowledged_until IS NOT NULL;
CREATE INDEX incidents_resolve ON incidents (resolves_at) WHERE resolves_at IS NOT NULL;
-- Every command that opens the database asks what is to be deleted.
CREATE INDEX incidents_delete ON incidents (changed) WHERE state = 2;
CREATE INDEX incidents_repeat ON incidents (repeats_at) WHERE repeats_at IS NOT NULL;

-- What a notice says of the rule; the latest that was seen of it.
CREATE TABLE rules (
    tenant TEXT NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    links TEXT NOT NULL,
    PRIMARY KEY (tenant, pack, rule)
) STRICT, WITHOUT ROWID;

-- The first and the last occurrences of each incident; a replay finds itself here.
CREATE TABLE occurrences (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time INTEGER,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX occurrences_of_incident ON occurrences (tenant, incident, number);

CREATE TABLE evidence (
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    file INTEGER,
    name TEXT NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    text BLOB,
    cut INTEGER NOT NULL,
    captures BLOB NOT NULL,
    digest BLOB,
    PRIMARY KEY (tenant, incident, number),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline (
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (tenant, incident, number),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE silences (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    rule TEXT,
    severity INTEGER,
    fields TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    -- Whether what it held back has been looked at since it was over.
    settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE exceptions (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    rule TEXT,
    field TEXT,
    network TEXT,
    value TEXT,
    severity INTEGER,
    until INTEGER,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    count INTEGER NOT NULL DEFAULT 0,
    last INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- The last decisions that each exception took out; a replay finds itself here, too.
CREATE TABLE excepted (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    exception INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, exception) REFERENCES exceptions (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX excepted_by ON excepted (tenant, exception, number);
