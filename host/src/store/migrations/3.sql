-- What is told: mail by the outbox, security.log by its records.

-- What has happened to an incident and may be told.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX events_of_incident ON events (tenant, incident, id);

-- One row for each event and recipient; a digest has no event.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    event INTEGER,
    incident INTEGER,
    recipient TEXT NOT NULL,
    route TEXT NOT NULL,
    reason TEXT NOT NULL,
    critical INTEGER NOT NULL,
    -- queued, sending, sent, deferred, dead, folded (into a digest), silenced
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    -- Not before this: quiet hours, the next try.
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease INTEGER,
    message TEXT NOT NULL,
    words TEXT NOT NULL DEFAULT '',
    sent INTEGER,
    -- The digest that carries it.
    digest INTEGER REFERENCES notices (id) ON DELETE SET NULL,
    silence INTEGER,
    FOREIGN KEY (event) REFERENCES events (id) ON DELETE CASCADE,
    UNIQUE (event, recipient)
) STRICT;
CREATE INDEX notices_waiting ON notices (tenant, recipient, critical, due) WHERE state IN ('queued', 'deferred');
CREATE INDEX notices_due ON notices (due) WHERE state IN ('queued', 'deferred');
CREATE INDEX notices_sending ON notices (lease) WHERE state = 'sending';
CREATE INDEX notices_of_incident ON notices (tenant, incident, recipient, id);
CREATE INDEX notices_in_digest ON notices (digest) WHERE digest IS NOT NULL;
CREATE INDEX notices_dead ON notices (tenant, id) WHERE state = 'dead';
CREATE INDEX notices_silenced ON notices (tenant, silence) WHERE state = 'silenced';

CREATE TABLE buckets (
    tenant TEXT NOT NULL,
    recipient TEXT NOT NULL,
    critical INTEGER NOT NULL,
    -- Nanoseconds of its refill that are there.
    level INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, recipient, critical)
) STRICT, WITHOUT ROWID;

CREATE TABLE breakers (
    relay TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    words TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;

CREATE TABLE log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
