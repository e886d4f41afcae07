//! Databases of older programs, as fixtures: each is opened, brought to the newest version, and read.
//!
//! A new migration needs one of the version before it:
//!
//! ```text
//! TRIPLINE_TEST_VERSION=7 cargo test -p tripline --test store databases::write -- --ignored
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tripline::commit::{Commit, Store, Tenant};
use tripline::incidents::{Act, Actor, Filter, Policy, State};
use tripline::notices::{End, Next, Outbox};
use tripline::quota::{Quota, QuotaKind};
use tripline::security_log::Records;
use tripline::store::{self, Database, DatabaseOptions};
use tripline::token::{NewToken, Scope, TokenSecret};

use crate::fixture::{Hand, decision};
use crate::stored::{counted, measured};

/// Which version [`write`] writes.
const VERSION: &str = "TRIPLINE_TEST_VERSION";
/// The first that was written from the one before it, by its own schema; those before it were left by programs.
const WRITTEN: u32 = 4;

/// What a version can hold that the one before it could not.
fn rows(version: u32) -> &'static str {
    match version {
        // A title that has changed since it was indexed, and one that is gone again.
        4 => {
            "UPDATE incidents SET title = 'ERROR payment failed twice' WHERE id = 1;
            INSERT INTO numbers VALUES ('other', 'incident', 1);
            INSERT INTO incidents SELECT 'other', 1, pack, rule, fingerprint, generation, previous, state, resolution,
                severity, subject, 'ERROR of another tenant', summary, fields, tags, sources, count, occurrences, first,
                last, opened, changed, occurred, acknowledged_until, resolve_after, resolves_at, repeats_at, assignee,
                evidence_dropped, overflow, version FROM incidents WHERE id = 3;"
        }
        // A mail that may have arrived, a digest with one in it, and one that waits for its silence.
        5 => {
            "UPDATE notices SET state = 'deferred', attempts = 1, unsure = 1, words = 'no answer' WHERE id = 1;
            INSERT INTO notices (tenant, recipient, route, reason, critical, state, created, due, message)
                VALUES ('default', 'oncall@example.org', '', 'digest', 0, 'queued', 1795549045966800419,
                    1795549045966800419, 'd1935c7a8ee266c104a5c983842cc259');
            UPDATE notices SET state = 'folded', digest = 4 WHERE id = 2;
            UPDATE notices SET state = 'silenced', silence = 1 WHERE id = 3;"
        }
        6 => {
            "INSERT INTO tokens VALUES (1, 'default', 'ci', zeroblob(32), 'ingest', 1795549082502276423, 'uid:0', NULL,
                    NULL);
            INSERT INTO batches VALUES ('default', randomblob(32), randomblob(32), 1795549082502276423);"
        }
        // A run with a finding, what is known from it, a schedule, and how far the clock is believed.
        7 => {
            "INSERT INTO scan_runs (tenant, number, name, scanner, author, state, started, ended, addresses, ports, up,
                open) VALUES ('default', 1, 'dmz', 'connect', 'uid:0', 'done', 1795549083000000000, 1795549084000000000,
                '192.0.2.1', '22', 1, 1);
            INSERT INTO scan_findings VALUES ('default', 1, 1, '{\"kind\":\"port_open\"}');
            INSERT INTO scan_baselines VALUES ('default', 1, 'dmz', 'connect', 'connect', 'tcp', 0, 1, '192.0.2.1', '22',
                '192.0.2.1');
            INSERT INTO scan_hosts VALUES ('default', 1, '192.0.2.1', '22', 0, 0);
            INSERT INTO scan_ports (tenant, baseline, address, port, state, missed)
                VALUES ('default', 1, '192.0.2.1', 22, 'open', 0);
            INSERT INTO scan_schedules VALUES ('default', 'dmz', 1795549083000000000, NULL, NULL, NULL);
            INSERT INTO tokens VALUES (7, 'default', 'old', randomblob(32), 'reader', 1795549082502276423, 'uid:0', NULL,
                1795549083000000000);"
        }
        // A database that was restored, with deletions that may still lie in the log of changes.
        8 => "UPDATE installation SET epoch = randomblob(16); INSERT INTO scrubbing VALUES (1, 1);",
        // A log that is known by its file, what a tail has decided, and patterns that are half through.
        9 => {
            "UPDATE log_head SET path = CAST('/var/log/security.log' AS BLOB), begins = 1;
            INSERT INTO tails VALUES ('default', randomblob(16), 1), ('default', randomblob(16), NULL);
            INSERT INTO redacted VALUES (1, randomblob(32), 'default', 1, 0);"
        }
        // A file that is known by its foot, and ports of which one was asked what it is, and another guessed.
        10 => {
            "UPDATE files SET foot = randomblob(32) WHERE number = 1;
            INSERT INTO scan_ports (tenant, baseline, address, port, state, missed, probed, service, product)
                VALUES ('default', 1, '192.0.2.1', 23, 'open', 0, 1, 'ssh', 'OpenSSH'),
                    ('default', 1, '192.0.2.1', 80, 'open', 0, 0, 'http', NULL);"
        }
        // When it was asked what a port is, and tokens of which the last are deleted.
        11 => {
            "UPDATE scan_ports SET asked = 1795549083000000000 WHERE port = 23;
            INSERT INTO tokens VALUES (9, 'default', 'gone', randomblob(32), 'reader', 1795549082502276423, 'uid:0', NULL,
                NULL);
            DELETE FROM tokens WHERE id = 9;"
        }
        // Tenants that were added at run time, and a scope that there was not before.
        12 => {
            "INSERT INTO tenants VALUES ('plant', 1795549082502276423, 'uid:0', 100), ('shop', 1795549082502276423, 'uid:0', NULL);
            INSERT INTO tenant_recipients VALUES ('plant', 'a@example.org', 1795549082502276423, NULL),
                ('plant', 'b@example.org', 1795549082502276423, 1795549083000000000);
            INSERT INTO tokens VALUES (12, 'plant', 'packs', randomblob(32), 'author', 1795549082502276423, 'uid:0', NULL, NULL);"
        }
        // A tenant's own pack, in two versions.
        13 => {
            "INSERT INTO own_packs VALUES ('plant', 'doors', 1, 1, '{\"threshold\":3}');
            INSERT INTO own_pack_versions VALUES
                ('plant', 'doors', 1, '1.0.0', randomblob(32), 1795549082502276423, 'token:12', X'0061736D01000000'),
                ('plant', 'doors', 2, '1.1.0', randomblob(32), 1795549083000000000, 'token:12', X'0061736D01000000');
            INSERT INTO scan_scripts VALUES ('default', 1, '192.0.2.1', 80, 'http-title', randomblob(32));"
        }
        // A quota that no tenant had a column for.
        14 => "INSERT INTO quotas VALUES ('shop', 'mails_per_day', 7);",
        other => panic!("expected rows of version {other}: write what it can hold"),
    }
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(super) fn fixture(version: u32) -> PathBuf {
    folder("tests/store/databases").join(format!("{version}.sql"))
}

fn migration(version: u32) -> PathBuf {
    folder("src/store/migrations").join(format!("{version}.sql"))
}

#[test]
fn each_version_before_the_newest_has_one() {
    let newest = (1..).take_while(|version| migration(*version).exists()).last().unwrap();
    let missing: Vec<u32> = (1..newest).filter(|version| !fixture(*version).exists()).collect();
    assert!(missing.is_empty(), "no fixture of {missing:?}: this file says how one is made");
}

#[test]
fn each_is_brought_to_the_newest_version_and_read() {
    let tenant = Tenant::default();
    for version in (1..).take_while(|version| fixture(*version).exists()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let sql = fs::read_to_string(fixture(version)).unwrap();
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        let (found, newest) = store::check(&path).unwrap().version;
        assert_eq!(found, version as usize);
        let clock = Hand::default();
        clock.pass(1_795_549_100_000_000_000);
        let options = DatabaseOptions::default();
        let database = Database::open(&path, Policy::default(), Arc::new(clock), options).unwrap();
        assert_eq!(database.source(&tenant, "/var/log/app.log").unwrap().number, 1, "{version}");
        let ids = |text: &str| {
            let filter = Filter { text: (!text.is_empty()).then(|| text.into()), ..Filter::default() };
            let page = database.page(&tenant, &filter, None, 100).unwrap();
            let mut ids: Vec<i64> = page.incidents.iter().map(|incident| incident.id).collect();
            ids.sort_unstable();
            ids
        };
        if version == 1 {
            // It knew only of files.
            assert_eq!(ids(""), [0; 0]);
            continue;
        }
        assert_eq!(
            (ids(""), ids("payment failed"), ids("nothing like it")),
            (vec![1, 2, 3], vec![1], vec![])
        );
        assert_eq!(ids("twice").len(), usize::from(version >= 4), "{version}");
        let first = database.incident(&tenant, 1).unwrap().unwrap();
        assert_eq!((first.state, first.count), (State::Acknowledged, 2));
        assert_eq!(database.evidence(&tenant, 1).unwrap().len(), 2);
        assert!(database.timeline(&tenant, 1).unwrap().len() >= 3);
        assert_eq!(database.exceptions(&tenant, true).unwrap().len(), 2, "{version}");
        assert_eq!(database.silences(&tenant, true).unwrap().len(), 1, "{version}");
        assert_eq!(database.states(&tenant).unwrap().len(), 1, "{version}");
        if version >= 3 {
            assert_eq!(database.head().unwrap().unwrap().seq, 3);
            assert_eq!(database.after(3, 10).unwrap().len(), 5);
            // What was queued goes, alone or within its digest; what perhaps arrived goes as itself.
            let message = database.told(&tenant, 1).unwrap()[0].message.clone();
            let mut sent = Vec::new();
            while let Next::Send(leased) = database.next("relay").unwrap() {
                database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
                sent.push(leased.message);
            }
            assert_eq!(sent.iter().filter(|sent| **sent == message).count(), 1, "{version}");
            assert_eq!(database.waits(&tenant).unwrap(), 0, "{version}");
        }
        if version >= 6 {
            // Numbers of tokens go on.
            let new =
                NewToken { tenant: tenant.clone(), name: "new".into(), scope: Scope::Reader, expires: None };
            let hash = TokenSecret::draw().unwrap().hash();
            let next = database.add_token(new, hash, Actor::timer(), None).unwrap();
            // … also behind those whose rows are gone.
            let expected = match version {
                6 => 2,
                7..=10 => 8,
                11 => 10,
                _ => 13,
            };
            assert_eq!(next, expected, "{version}");
        }
        if version >= 10 {
            // What was asked is remembered, from version 11 on with its time; what was guessed is not.
            let asked = if version == 10 { "23 ssh OpenSSH" } else { "23 ssh OpenSSH 1795549083000000000" };
            assert_eq!(services(&path), ["22", asked, "80"]);
        }
        if version >= 12 {
            // What was a tenant's own column is a quota now.
            let of = |tenant: &str, kind, most| (Tenant::new(tenant).unwrap(), Quota::of(kind, most));
            let mut expected = vec![of("plant", QuotaKind::Lines, 100)];
            if version >= 14 {
                expected.push(of("shop", QuotaKind::Mails, 7));
            }
            assert_eq!(database.quotas().unwrap().into_iter().collect::<Vec<_>>(), expected);
        }
        assert_eq!(counted(&path), measured(&path), "{version}");
        // It is written, too.
        database
            .act(&tenant, 3, None, Act::Comment { text: "seen".into() }, Actor::timer())
            .unwrap()
            .unwrap();
        let commit = Commit { decisions: vec![decision("r", Some("a"), 1)], ..Commit::default() };
        assert_eq!(database.commit(&tenant, commit).unwrap().opened, [4], "{version}");
        drop(database);
        assert_eq!(store::check(&path).unwrap().version, (newest, newest));
    }
}

/// Ports and what is remembered of them.
fn services(path: &Path) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    let sql = "SELECT concat_ws(' ', port, service, product, asked) FROM scan_ports ORDER BY port";
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
#[ignore = "writes the fixture of the version that is asked for"]
fn write() {
    let version: u32 = std::env::var(VERSION).expect(VERSION).parse().expect(VERSION);
    assert!(version >= WRITTEN, "those before {WRITTEN} were left by programs");
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&fs::read_to_string(fixture(version - 1)).unwrap()).unwrap();
    db.execute_batch(&fs::read_to_string(migration(version)).unwrap()).unwrap();
    db.execute_batch(rows(version)).unwrap();
    db.pragma_update(None, "user_version", version).unwrap();
    fs::write(fixture(version), dump(&db, version)).unwrap();
}

/// The whole database as statements, also the index for searches: as it is, not made anew.
fn dump(db: &Connection, version: u32) -> String {
    let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    let mut sql = format!(
        "-- A database of version {version}: the one before it, its migration, and what only it can hold.\n\
         PRAGMA application_id={application}; PRAGMA user_version={version};\n\
         PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n"
    );
    let entries: Vec<(String, String, String)> = db
        .prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY rowid")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let virtuals: Vec<String> = entries
        .iter()
        .filter(|(_, _, sql)| sql.starts_with("CREATE VIRTUAL"))
        .map(|(_, name, _)| name.clone())
        .collect();
    for (_, name, definition) in entries.iter().filter(|(kind, _, _)| kind == "table") {
        // A virtual table makes its own tables, which are then filled with what was in them.
        let is_made = virtuals.iter().any(|own| name.starts_with(&format!("{own}_")));
        if name.starts_with("sqlite_") || is_made {
            sql += &format!("DELETE FROM {name};\n");
        } else {
            sql += &format!("{definition};\n");
        }
        if !virtuals.contains(name) {
            sql += &inserts(db, name);
        }
    }
    for (_, _, definition) in entries.iter().filter(|(kind, _, sql)| kind != "table" && !sql.is_empty()) {
        sql += &format!("{definition};\n");
    }
    sql + "COMMIT;\n"
}

fn inserts(db: &Connection, table: &str) -> String {
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut sql = String::new();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<String> = (0..columns).map(|at| quoted(row.get_ref(at).unwrap())).collect();
        sql += &format!("INSERT INTO {table} VALUES({});\n", values.join(","));
    }
    sql
}

fn quoted(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''")),
        ValueRef::Blob(bytes) => {
            format!("X'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}
