-- What a tenant may use that was set at run time; what its configuration says goes before it.
CREATE TABLE quotas (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    most INTEGER NOT NULL CHECK (most > 0),
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO quotas SELECT name, 'lines', lines FROM tenants WHERE lines IS NOT NULL;
ALTER TABLE tenants DROP COLUMN lines;

-- What was sent and scanned of late.
CREATE INDEX notices_sent ON notices (tenant, sent) WHERE state = 'sent';
CREATE INDEX scan_runs_started ON scan_runs (tenant, started);

-- Bytes that each tenant has stored: lengths of texts and bytes, and 8 for each number. Pages, keys and indices are not
-- counted, nor what is bounded elsewhere: tokens, schedules, records for security.log, what tails have decided.
--
-- Summed up when it is asked for, a million incidents take more than a second; so each row is counted as it comes, changes and
-- goes, in the transaction in which it does. `measured` is the same from the rows themselves: what the sums began with.
CREATE TABLE stored (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;

-- An incident's texts stand twice, to be shown and to be searched. Its occurrences come and go with each commit, many times
-- as often as it changes, so they are counted from its own row: 40 bytes each, and as many as are kept of one.
CREATE VIEW measured AS
    SELECT tenant, 'incidents' AS kind, 176 + 2 * (octet_length(fingerprint) + octet_length(subject) + octet_length(title)
        + octet_length(summary) + octet_length(fields))
    + octet_length(pack) + octet_length(rule) + octet_length(tags) + octet_length(sources)
    + coalesce(octet_length(assignee), 0) + 40 * min(occurrences, 8256) AS bytes FROM incidents
    UNION ALL
    SELECT tenant, 'incidents' AS kind, octet_length(pack) + octet_length(rule) + octet_length(title)
    + octet_length(description) + octet_length(links) AS bytes FROM rules
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 24 + octet_length(actor) + octet_length(name) + octet_length(what)
    + octet_length(detail) AS bytes FROM timeline
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 48 + coalesce(octet_length(rule), 0) + coalesce(octet_length(field), 0)
    + coalesce(octet_length(network), 0) + coalesce(octet_length(value), 0)
    + octet_length(reason) + octet_length(actor) + octet_length(name) AS bytes FROM exceptions
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 40 + octet_length(pack) + octet_length(rule) + octet_length(title) AS bytes FROM excepted
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 48 + coalesce(octet_length(rule), 0) + octet_length(fields) + octet_length(reason)
    + octet_length(actor) + octet_length(name) AS bytes FROM silences
    UNION ALL
    SELECT tenant, 'evidence' AS kind, 40 + octet_length(name) + coalesce(octet_length(text), 0) + octet_length(captures)
    + coalesce(octet_length(digest), 0) AS bytes FROM evidence
    UNION ALL
    SELECT tenant, 'notices' AS kind, 24 + octet_length(reason) + octet_length(detail) AS bytes FROM events
    UNION ALL
    SELECT tenant, 'notices' AS kind, 96 + octet_length(recipient) + octet_length(route) + octet_length(reason)
    + octet_length(message) + octet_length(words) AS bytes FROM notices
    UNION ALL
    SELECT tenant, 'states' AS kind, 8 + octet_length(pack) + octet_length(version) + octet_length(digest)
    + octet_length(settings) + coalesce(octet_length(state), 0) + octet_length(host) AS bytes FROM states
    UNION ALL
    SELECT tenant, 'scans' AS kind, 56 + octet_length(name) + octet_length(scanner) + octet_length(author)
    + coalesce(octet_length(addresses), 0) + coalesce(octet_length(ports), 0)
    + coalesce(octet_length(reason), 0) + coalesce(octet_length(detail), 0) AS bytes FROM scan_runs
    UNION ALL
    SELECT tenant, 'scans' AS kind, 16 + octet_length(line) AS bytes FROM scan_findings
    UNION ALL
    SELECT tenant, 'scans' AS kind, 24 + octet_length(name) + octet_length(scanner) + octet_length(technique)
    + octet_length(protocol) + coalesce(octet_length(asked_addresses), 0)
    + coalesce(octet_length(asked_ports), 0) + octet_length(addresses) AS bytes FROM scan_baselines
    UNION ALL
    SELECT tenant, 'scans' AS kind, 24 + octet_length(address) + octet_length(ports) AS bytes FROM scan_hosts
    UNION ALL
    SELECT tenant, 'scans' AS kind, 40 + octet_length(address) + octet_length(state)
    + coalesce(octet_length(service), 0) + coalesce(octet_length(product), 0)
    + coalesce(octet_length(version), 0) + coalesce(octet_length(extra), 0)
    + coalesce(octet_length(tunnel), 0) + coalesce(octet_length(cpe), 0) AS bytes FROM scan_ports
    UNION ALL
    SELECT tenant, 'scans' AS kind, 48 + octet_length(address) + octet_length(script) AS bytes FROM scan_scripts
    UNION ALL
    SELECT tenant, 'packs' AS kind, 16 + octet_length(name) + octet_length(settings) AS bytes FROM own_packs
    UNION ALL
    SELECT tenant, 'packs' AS kind, 48 + octet_length(name) + octet_length(version) + octet_length(author)
    + octet_length(wasm) AS bytes FROM own_pack_versions
    UNION ALL
    SELECT tenant, 'sources' AS kind, 8 + octet_length(name) AS bytes FROM sources
    UNION ALL
    SELECT tenant, 'sources' AS kind, 160 + octet_length(path) AS bytes FROM files
    UNION ALL
    SELECT tenant, 'sources' AS kind, 72 AS bytes FROM batches;

INSERT INTO stored SELECT tenant, kind, sum(bytes) FROM measured GROUP BY tenant, kind;

CREATE TRIGGER incidents_stored AFTER INSERT ON incidents BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    176 + 2 * (octet_length(new.fingerprint) + octet_length(new.subject) + octet_length(new.title)
        + octet_length(new.summary) + octet_length(new.fields))
    + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.tags) + octet_length(new.sources)
    + coalesce(octet_length(new.assignee), 0) + 40 * min(new.occurrences, 8256))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER incidents_unstored AFTER DELETE ON incidents BEGIN
    UPDATE stored SET bytes = bytes - (176 + 2 * (octet_length(old.fingerprint) + octet_length(old.subject) + octet_length(old.title)
        + octet_length(old.summary) + octet_length(old.fields))
    + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.tags) + octet_length(old.sources)
    + coalesce(octet_length(old.assignee), 0) + 40 * min(old.occurrences, 8256))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER incidents_resized AFTER UPDATE OF fingerprint, subject, title, summary, fields, tags, sources, assignee, occurrences ON incidents BEGIN
    UPDATE stored SET bytes = bytes - (176 + 2 * (octet_length(old.fingerprint) + octet_length(old.subject) + octet_length(old.title)
        + octet_length(old.summary) + octet_length(old.fields))
    + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.tags) + octet_length(old.sources)
    + coalesce(octet_length(old.assignee), 0) + 40 * min(old.occurrences, 8256))
        + (176 + 2 * (octet_length(new.fingerprint) + octet_length(new.subject) + octet_length(new.title)
        + octet_length(new.summary) + octet_length(new.fields))
    + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.tags) + octet_length(new.sources)
    + coalesce(octet_length(new.assignee), 0) + 40 * min(new.occurrences, 8256))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER rules_stored AFTER INSERT ON rules BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title)
    + octet_length(new.description) + octet_length(new.links))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER rules_unstored AFTER DELETE ON rules BEGIN
    UPDATE stored SET bytes = bytes - (octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title)
    + octet_length(old.description) + octet_length(old.links))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER rules_resized AFTER UPDATE OF title, description, links ON rules BEGIN
    UPDATE stored SET bytes = bytes - (octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title)
    + octet_length(old.description) + octet_length(old.links))
        + (octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title)
    + octet_length(new.description) + octet_length(new.links))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER timeline_stored AFTER INSERT ON timeline BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    24 + octet_length(new.actor) + octet_length(new.name) + octet_length(new.what)
    + octet_length(new.detail))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER timeline_unstored AFTER DELETE ON timeline BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.actor) + octet_length(old.name) + octet_length(old.what)
    + octet_length(old.detail))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER timeline_resized AFTER UPDATE OF detail ON timeline BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.actor) + octet_length(old.name) + octet_length(old.what)
    + octet_length(old.detail))
        + (24 + octet_length(new.actor) + octet_length(new.name) + octet_length(new.what)
    + octet_length(new.detail))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER exceptions_stored AFTER INSERT ON exceptions BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    48 + coalesce(octet_length(new.rule), 0) + coalesce(octet_length(new.field), 0)
    + coalesce(octet_length(new.network), 0) + coalesce(octet_length(new.value), 0)
    + octet_length(new.reason) + octet_length(new.actor) + octet_length(new.name))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER exceptions_unstored AFTER DELETE ON exceptions BEGIN
    UPDATE stored SET bytes = bytes - (48 + coalesce(octet_length(old.rule), 0) + coalesce(octet_length(old.field), 0)
    + coalesce(octet_length(old.network), 0) + coalesce(octet_length(old.value), 0)
    + octet_length(old.reason) + octet_length(old.actor) + octet_length(old.name))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER excepted_stored AFTER INSERT ON excepted BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    40 + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER excepted_unstored AFTER DELETE ON excepted BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER excepted_resized AFTER UPDATE OF title ON excepted BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title))
        + (40 + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER silences_stored AFTER INSERT ON silences BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    48 + coalesce(octet_length(new.rule), 0) + octet_length(new.fields)
    + octet_length(new.reason) + octet_length(new.actor) + octet_length(new.name))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER silences_unstored AFTER DELETE ON silences BEGIN
    UPDATE stored SET bytes = bytes - (48 + coalesce(octet_length(old.rule), 0) + octet_length(old.fields)
    + octet_length(old.reason) + octet_length(old.actor) + octet_length(old.name))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER evidence_stored AFTER INSERT ON evidence BEGIN
    INSERT INTO stored VALUES (new.tenant, 'evidence',
    40 + octet_length(new.name) + coalesce(octet_length(new.text), 0)
    + octet_length(new.captures) + coalesce(octet_length(new.digest), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER evidence_unstored AFTER DELETE ON evidence BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.name) + coalesce(octet_length(old.text), 0)
    + octet_length(old.captures) + coalesce(octet_length(old.digest), 0))
    WHERE tenant = old.tenant AND kind = 'evidence';
END;
CREATE TRIGGER evidence_resized AFTER UPDATE OF text, captures, digest ON evidence BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.name) + coalesce(octet_length(old.text), 0)
    + octet_length(old.captures) + coalesce(octet_length(old.digest), 0))
        + (40 + octet_length(new.name) + coalesce(octet_length(new.text), 0)
    + octet_length(new.captures) + coalesce(octet_length(new.digest), 0))
    WHERE tenant = new.tenant AND kind = 'evidence';
END;
CREATE TRIGGER events_stored AFTER INSERT ON events BEGIN
    INSERT INTO stored VALUES (new.tenant, 'notices',
    24 + octet_length(new.reason) + octet_length(new.detail))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER events_unstored AFTER DELETE ON events BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.reason) + octet_length(old.detail))
    WHERE tenant = old.tenant AND kind = 'notices';
END;
CREATE TRIGGER notices_stored AFTER INSERT ON notices BEGIN
    INSERT INTO stored VALUES (new.tenant, 'notices',
    96 + octet_length(new.recipient) + octet_length(new.route)
    + octet_length(new.reason) + octet_length(new.message) + octet_length(new.words))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER notices_unstored AFTER DELETE ON notices BEGIN
    UPDATE stored SET bytes = bytes - (96 + octet_length(old.recipient) + octet_length(old.route)
    + octet_length(old.reason) + octet_length(old.message) + octet_length(old.words))
    WHERE tenant = old.tenant AND kind = 'notices';
END;
CREATE TRIGGER notices_resized AFTER UPDATE OF route, message, words ON notices BEGIN
    UPDATE stored SET bytes = bytes - (96 + octet_length(old.recipient) + octet_length(old.route)
    + octet_length(old.reason) + octet_length(old.message) + octet_length(old.words))
        + (96 + octet_length(new.recipient) + octet_length(new.route)
    + octet_length(new.reason) + octet_length(new.message) + octet_length(new.words))
    WHERE tenant = new.tenant AND kind = 'notices';
END;
CREATE TRIGGER states_stored AFTER INSERT ON states BEGIN
    INSERT INTO stored VALUES (new.tenant, 'states',
    8 + octet_length(new.pack) + octet_length(new.version) + octet_length(new.digest)
    + octet_length(new.settings) + coalesce(octet_length(new.state), 0)
    + octet_length(new.host))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER states_unstored AFTER DELETE ON states BEGIN
    UPDATE stored SET bytes = bytes - (8 + octet_length(old.pack) + octet_length(old.version) + octet_length(old.digest)
    + octet_length(old.settings) + coalesce(octet_length(old.state), 0)
    + octet_length(old.host))
    WHERE tenant = old.tenant AND kind = 'states';
END;
CREATE TRIGGER states_resized AFTER UPDATE OF state, host, settings, digest, version ON states BEGIN
    UPDATE stored SET bytes = bytes - (8 + octet_length(old.pack) + octet_length(old.version) + octet_length(old.digest)
    + octet_length(old.settings) + coalesce(octet_length(old.state), 0)
    + octet_length(old.host))
        + (8 + octet_length(new.pack) + octet_length(new.version) + octet_length(new.digest)
    + octet_length(new.settings) + coalesce(octet_length(new.state), 0)
    + octet_length(new.host))
    WHERE tenant = new.tenant AND kind = 'states';
END;
CREATE TRIGGER scan_runs_stored AFTER INSERT ON scan_runs BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    56 + octet_length(new.name) + octet_length(new.scanner) + octet_length(new.author)
    + coalesce(octet_length(new.addresses), 0) + coalesce(octet_length(new.ports), 0)
    + coalesce(octet_length(new.reason), 0) + coalesce(octet_length(new.detail), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_runs_unstored AFTER DELETE ON scan_runs BEGIN
    UPDATE stored SET bytes = bytes - (56 + octet_length(old.name) + octet_length(old.scanner) + octet_length(old.author)
    + coalesce(octet_length(old.addresses), 0) + coalesce(octet_length(old.ports), 0)
    + coalesce(octet_length(old.reason), 0) + coalesce(octet_length(old.detail), 0))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_runs_resized AFTER UPDATE OF addresses, ports, reason, detail ON scan_runs BEGIN
    UPDATE stored SET bytes = bytes - (56 + octet_length(old.name) + octet_length(old.scanner) + octet_length(old.author)
    + coalesce(octet_length(old.addresses), 0) + coalesce(octet_length(old.ports), 0)
    + coalesce(octet_length(old.reason), 0) + coalesce(octet_length(old.detail), 0))
        + (56 + octet_length(new.name) + octet_length(new.scanner) + octet_length(new.author)
    + coalesce(octet_length(new.addresses), 0) + coalesce(octet_length(new.ports), 0)
    + coalesce(octet_length(new.reason), 0) + coalesce(octet_length(new.detail), 0))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_findings_stored AFTER INSERT ON scan_findings BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    16 + octet_length(new.line))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_findings_unstored AFTER DELETE ON scan_findings BEGIN
    UPDATE stored SET bytes = bytes - (16 + octet_length(old.line))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_baselines_stored AFTER INSERT ON scan_baselines BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    24 + octet_length(new.name) + octet_length(new.scanner)
    + octet_length(new.technique) + octet_length(new.protocol)
    + coalesce(octet_length(new.asked_addresses), 0)
    + coalesce(octet_length(new.asked_ports), 0) + octet_length(new.addresses))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_baselines_unstored AFTER DELETE ON scan_baselines BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.name) + octet_length(old.scanner)
    + octet_length(old.technique) + octet_length(old.protocol)
    + coalesce(octet_length(old.asked_addresses), 0)
    + coalesce(octet_length(old.asked_ports), 0) + octet_length(old.addresses))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_baselines_resized AFTER UPDATE OF asked_addresses, asked_ports, addresses ON scan_baselines BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.name) + octet_length(old.scanner)
    + octet_length(old.technique) + octet_length(old.protocol)
    + coalesce(octet_length(old.asked_addresses), 0)
    + coalesce(octet_length(old.asked_ports), 0) + octet_length(old.addresses))
        + (24 + octet_length(new.name) + octet_length(new.scanner)
    + octet_length(new.technique) + octet_length(new.protocol)
    + coalesce(octet_length(new.asked_addresses), 0)
    + coalesce(octet_length(new.asked_ports), 0) + octet_length(new.addresses))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_hosts_stored AFTER INSERT ON scan_hosts BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    24 + octet_length(new.address) + octet_length(new.ports))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_hosts_unstored AFTER DELETE ON scan_hosts BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.address) + octet_length(old.ports))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_hosts_resized AFTER UPDATE OF ports ON scan_hosts BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.address) + octet_length(old.ports))
        + (24 + octet_length(new.address) + octet_length(new.ports))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_ports_stored AFTER INSERT ON scan_ports BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    40 + octet_length(new.address) + octet_length(new.state)
    + coalesce(octet_length(new.service), 0) + coalesce(octet_length(new.product), 0)
    + coalesce(octet_length(new.version), 0) + coalesce(octet_length(new.extra), 0)
    + coalesce(octet_length(new.tunnel), 0) + coalesce(octet_length(new.cpe), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_ports_unstored AFTER DELETE ON scan_ports BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.address) + octet_length(old.state)
    + coalesce(octet_length(old.service), 0) + coalesce(octet_length(old.product), 0)
    + coalesce(octet_length(old.version), 0) + coalesce(octet_length(old.extra), 0)
    + coalesce(octet_length(old.tunnel), 0) + coalesce(octet_length(old.cpe), 0))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_ports_resized AFTER UPDATE OF state, service, product, version, extra, tunnel, cpe ON scan_ports BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.address) + octet_length(old.state)
    + coalesce(octet_length(old.service), 0) + coalesce(octet_length(old.product), 0)
    + coalesce(octet_length(old.version), 0) + coalesce(octet_length(old.extra), 0)
    + coalesce(octet_length(old.tunnel), 0) + coalesce(octet_length(old.cpe), 0))
        + (40 + octet_length(new.address) + octet_length(new.state)
    + coalesce(octet_length(new.service), 0) + coalesce(octet_length(new.product), 0)
    + coalesce(octet_length(new.version), 0) + coalesce(octet_length(new.extra), 0)
    + coalesce(octet_length(new.tunnel), 0) + coalesce(octet_length(new.cpe), 0))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_scripts_stored AFTER INSERT ON scan_scripts BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    48 + octet_length(new.address) + octet_length(new.script))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_scripts_unstored AFTER DELETE ON scan_scripts BEGIN
    UPDATE stored SET bytes = bytes - (48 + octet_length(old.address) + octet_length(old.script))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER own_packs_stored AFTER INSERT ON own_packs BEGIN
    INSERT INTO stored VALUES (new.tenant, 'packs',
    16 + octet_length(new.name) + octet_length(new.settings))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER own_packs_unstored AFTER DELETE ON own_packs BEGIN
    UPDATE stored SET bytes = bytes - (16 + octet_length(old.name) + octet_length(old.settings))
    WHERE tenant = old.tenant AND kind = 'packs';
END;
CREATE TRIGGER own_packs_resized AFTER UPDATE OF settings ON own_packs BEGIN
    UPDATE stored SET bytes = bytes - (16 + octet_length(old.name) + octet_length(old.settings))
        + (16 + octet_length(new.name) + octet_length(new.settings))
    WHERE tenant = new.tenant AND kind = 'packs';
END;
CREATE TRIGGER own_pack_versions_stored AFTER INSERT ON own_pack_versions BEGIN
    INSERT INTO stored VALUES (new.tenant, 'packs',
    48 + octet_length(new.name) + octet_length(new.version) + octet_length(new.author)
    + octet_length(new.wasm))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER own_pack_versions_unstored AFTER DELETE ON own_pack_versions BEGIN
    UPDATE stored SET bytes = bytes - (48 + octet_length(old.name) + octet_length(old.version) + octet_length(old.author)
    + octet_length(old.wasm))
    WHERE tenant = old.tenant AND kind = 'packs';
END;
CREATE TRIGGER own_pack_versions_resized AFTER UPDATE OF author ON own_pack_versions BEGIN
    UPDATE stored SET bytes = bytes - (48 + octet_length(old.name) + octet_length(old.version) + octet_length(old.author)
    + octet_length(old.wasm))
        + (48 + octet_length(new.name) + octet_length(new.version) + octet_length(new.author)
    + octet_length(new.wasm))
    WHERE tenant = new.tenant AND kind = 'packs';
END;
CREATE TRIGGER sources_stored AFTER INSERT ON sources BEGIN
    INSERT INTO stored VALUES (new.tenant, 'sources',
    8 + octet_length(new.name))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER sources_unstored AFTER DELETE ON sources BEGIN
    UPDATE stored SET bytes = bytes - (8 + octet_length(old.name))
    WHERE tenant = old.tenant AND kind = 'sources';
END;
CREATE TRIGGER files_stored AFTER INSERT ON files BEGIN
    INSERT INTO stored VALUES (new.tenant, 'sources',
    160 + octet_length(new.path))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER files_unstored AFTER DELETE ON files BEGIN
    UPDATE stored SET bytes = bytes - (160 + octet_length(old.path))
    WHERE tenant = old.tenant AND kind = 'sources';
END;
CREATE TRIGGER files_resized AFTER UPDATE OF path ON files BEGIN
    UPDATE stored SET bytes = bytes - (160 + octet_length(old.path))
        + (160 + octet_length(new.path))
    WHERE tenant = new.tenant AND kind = 'sources';
END;
CREATE TRIGGER batches_stored AFTER INSERT ON batches BEGIN
    INSERT INTO stored VALUES (new.tenant, 'sources',
    72)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER batches_unstored AFTER DELETE ON batches BEGIN
    UPDATE stored SET bytes = bytes - (72)
    WHERE tenant = old.tenant AND kind = 'sources';
END;
