-- Scans: each run, what it found, and what is known from the runs before.
CREATE TABLE scan_runs (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    scanner TEXT NOT NULL,
    author TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'partial', 'failed', 'cancelled')),
    started INTEGER NOT NULL,
    ended INTEGER,
    -- What was asked: networks and ports as ranges; NULL: a file that does not say.
    addresses TEXT,
    ports TEXT,
    reason TEXT,
    detail TEXT,
    up INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL DEFAULT 0,
    -- Whether somebody has asked to break it off.
    cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
    -- Whether rules have judged its findings.
    judged INTEGER NOT NULL DEFAULT 0 CHECK (judged IN (0, 1)),
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX scan_runs_running ON scan_runs (tenant, number) WHERE state = 'running';
CREATE INDEX scan_runs_unjudged ON scan_runs (tenant, number) WHERE judged = 0;
CREATE INDEX scan_runs_ended ON scan_runs (ended);

-- One line for each finding, as rules read it.
CREATE TABLE scan_findings (
    tenant TEXT NOT NULL,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (tenant, run, number),
    FOREIGN KEY (tenant, run) REFERENCES scan_runs (tenant, number)
) STRICT, WITHOUT ROWID;

-- Scans that can be compared: what asks otherwise is answered otherwise.
CREATE TABLE scan_baselines (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    scanner TEXT NOT NULL,
    technique TEXT NOT NULL,
    protocol TEXT NOT NULL,
    privileged INTEGER NOT NULL CHECK (privileged IN (0, 1)),
    latest INTEGER NOT NULL,
    -- What the last was asked.
    asked_addresses TEXT,
    asked_ports TEXT,
    -- Where it is known whether there is a host.
    addresses TEXT NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, name, scanner, technique, protocol, privileged)
) STRICT, WITHOUT ROWID;

CREATE TABLE scan_hosts (
    tenant TEXT NOT NULL,
    baseline INTEGER NOT NULL,
    address TEXT NOT NULL,
    -- Ports of which it is known whether they are open.
    ports TEXT NOT NULL,
    missed INTEGER NOT NULL,
    gone INTEGER NOT NULL CHECK (gone IN (0, 1)),
    PRIMARY KEY (tenant, baseline, address),
    FOREIGN KEY (tenant, baseline) REFERENCES scan_baselines (tenant, number)
) STRICT, WITHOUT ROWID;

-- Ports that count as open; the others that are known do not.
CREATE TABLE scan_ports (
    tenant TEXT NOT NULL,
    baseline INTEGER NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    state TEXT NOT NULL,
    missed INTEGER NOT NULL,
    -- The service; probed is NULL without one.
    probed INTEGER CHECK (probed IN (0, 1)),
    service TEXT,
    product TEXT,
    version TEXT,
    extra TEXT,
    tunnel TEXT,
    cpe TEXT,
    PRIMARY KEY (tenant, baseline, address, port),
    FOREIGN KEY (tenant, baseline, address) REFERENCES scan_hosts (tenant, baseline, address)
) STRICT, WITHOUT ROWID;

-- What scripts said last, by hash; port 0 is the host.
CREATE TABLE scan_scripts (
    tenant TEXT NOT NULL,
    baseline INTEGER NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    script TEXT NOT NULL,
    said BLOB NOT NULL CHECK (length(said) = 32),
    PRIMARY KEY (tenant, baseline, address, port, script),
    FOREIGN KEY (tenant, baseline, address) REFERENCES scan_hosts (tenant, baseline, address)
) STRICT, WITHOUT ROWID;

-- How schedules stand, nanoseconds since 1970.
CREATE TABLE scan_schedules (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    -- First known; the last time that is settled; that of the last whole scan; the last that was told to be overdue.
    since INTEGER NOT NULL,
    settled INTEGER,
    whole INTEGER,
    told INTEGER,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- How far the clock is believed: what has been kept for long enough is deleted by this.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- The latest time that was believed.
    believed INTEGER NOT NULL,
    -- Since when the clock has been ahead of that by more than a day, by its own account; NULL: it is not.
    ahead INTEGER
) STRICT;

-- The clock may be ahead while this is done: what has come so far is what is believed.
INSERT INTO clock (one, believed)
    SELECT 1, latest FROM (SELECT max(changed) AS latest FROM incidents) WHERE latest IS NOT NULL;
