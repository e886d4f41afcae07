//! Bytes that each tenant has stored: counted as rows come and go, they are what the rows themselves have.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tripline::commit::{Commit, PackState, Store, Tenant};
use tripline::incidents::{Act, Policy, Redaction, Resolution};
use tripline::notices::{End, Next, Outbox};
use tripline::store::{Database, DatabaseOptions, StoredKind};

use crate::databases;
use crate::fixture::{Fixture, HOUR, Hand, decision, policy, with};
use crate::timers::me;

type Sums = BTreeMap<(String, String), i64>;

fn sums(path: &Path, sql: &str) -> Sums {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)));
    rows.unwrap().map(Result::unwrap).filter(|(_, bytes)| *bytes != 0).collect()
}

/// As it is kept.
pub(crate) fn counted(path: &Path) -> Sums {
    sums(path, "SELECT tenant, kind, bytes FROM stored")
}

/// As the rows have it.
pub(crate) fn measured(path: &Path) -> Sums {
    sums(path, "SELECT tenant, kind, sum(bytes) FROM measured GROUP BY tenant, kind")
}

#[track_caller]
fn same(fixture: &Fixture) {
    let counted = counted(&fixture.path());
    assert_eq!(counted, measured(&fixture.path()));
    let told = fixture.database.stored().unwrap();
    for ((tenant, kind), bytes) in &counted {
        let kind = StoredKind::ALL.into_iter().find(|one| one.as_str() == kind).unwrap();
        assert_eq!(told[&Tenant::new(tenant).unwrap()].of(kind), *bytes as u64, "{tenant} {kind:?}");
    }
    let all: i64 = counted.values().sum();
    assert_eq!(told.values().map(|one| one.all()).sum::<u64>(), all as u64);
}

fn of(fixture: &Fixture, kind: StoredKind) -> u64 {
    fixture.database.stored_of(&fixture.tenant).unwrap().of(kind)
}

#[test]
fn what_comes_changes_and_goes_is_counted() {
    let mut fixture = Fixture::new(policy(&["a@example.org"]));
    assert_eq!(fixture.database.stored().unwrap().len(), 0);
    // More than are kept of one, in several commits, with evidence that goes again; and many of their own.
    for part in 0..3 {
        fixture.decide((0..6_000).map(|n| decision("one", Some("same"), part * 6_000 + n)).collect());
        same(&fixture);
    }
    fixture.decide((0..50).map(|n| decision("r", Some(&format!("password=f{n}")), n)).collect());
    same(&fixture);
    let evidence = of(&fixture, StoredKind::Evidence);
    let longer = with(decision("r", Some("long"), 1), |one| one.evidence[0].text = Some(vec![b'x'; 1_000]));
    fixture.decide(vec![longer]);
    let name = fixture.database.evidence(&fixture.tenant, 52).unwrap()[0].name.len() as u64;
    assert_eq!(of(&fixture, StoredKind::Evidence) - evidence, 1_000 + name + 40 + 8 + 32);
    for (id, act) in [
        (1, Act::Comment { text: "é".repeat(500) }),
        (2, Act::Assign { to: Some("somebody".into()) }),
        (3, Act::Resolve { resolution: Resolution::Expected, comment: "why".into() }),
    ] {
        fixture.database.act(&fixture.tenant, id, None, act, me()).unwrap().unwrap();
        same(&fixture);
    }
    let state = |bytes: usize| PackState {
        pack: "demo".into(),
        version: "1.0.0".into(),
        digest: [1; 32],
        settings: [2; 32],
        state: Some(vec![0; bytes]),
        host: Vec::new(),
    };
    for bytes in [10, 5_000, 100] {
        let commit = Commit { states: vec![state(bytes)], ..Commit::default() };
        fixture.database.commit(&fixture.tenant, commit).unwrap();
        same(&fixture);
    }
    assert_eq!(of(&fixture, StoredKind::States), 100 + 8 + 4 + 5 + 64);
    // Most of them as one.
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        fixture.database.finish("relay", leased.notice, &End::Sent("250 taken".into())).unwrap();
        same(&fixture);
    }
    // What was stored before a pattern was there is blotted out.
    fixture.policy.redaction = Redaction::new(&["password=(?<secret>\\S+)".into()]).unwrap();
    let mut fixture = fixture.again();
    assert!(fixture.database.due().unwrap().blotted > 0);
    same(&fixture);
    fixture.policy.limits.retention = Some(HOUR);
    let fixture = fixture.again();
    fixture.clock.pass(2 * HOUR);
    assert!(fixture.database.due().unwrap().deleted > 0);
    same(&fixture);
}

#[test]
fn a_tenant_that_leaves_has_nothing_left_and_others_have_what_they_had() {
    let fixture = Fixture::new(Policy::default());
    let plant = Tenant::new("plant").unwrap();
    let commit =
        || Commit { decisions: (0..10).map(|n| decision("r", None, n)).collect(), ..Commit::default() };
    for tenant in [&plant, &fixture.tenant] {
        fixture.database.source(tenant, "/var/log/app.log").unwrap();
        fixture.database.commit(tenant, commit()).unwrap();
    }
    let before = fixture.database.stored().unwrap();
    assert_eq!(before[&plant], before[&fixture.tenant]);
    assert!(before[&plant].all() > 1_000);
    assert!(fixture.database.delete_tenant(&plant, me()).unwrap());
    let after = fixture.database.stored().unwrap();
    assert_eq!(after.into_iter().collect::<Vec<_>>(), [(fixture.tenant.clone(), before[&fixture.tenant])]);
    same(&fixture);
}

/// Each table that counts, also those that a program fills which is not here.
#[test]
fn each_table_is_counted_down_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(&fs::read_to_string(databases::fixture(13)).unwrap())
        .unwrap();
    drop(
        Database::open(&path, Policy::default(), Arc::new(Hand::default()), DatabaseOptions::default())
            .unwrap(),
    );
    let db = Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let sql = "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%\\_stored' ESCAPE '\\'";
    let tables: Vec<String> =
        db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(tables.len(), 21, "{tables:?}");
    let view: String =
        db.query_row("SELECT sql FROM sqlite_schema WHERE name = 'measured'", [], |row| row.get(0)).unwrap();
    for table in &tables {
        assert!(view.contains(&format!("FROM {table}")), "{table}");
        let rows: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0, "nothing in {table}");
        assert_eq!(counted(&path), measured(&path), "{table}");
        db.execute(&format!("DELETE FROM {table}"), []).unwrap();
        assert_eq!(counted(&path), measured(&path), "{table} with {rows} rows");
    }
    assert_eq!(counted(&path), Sums::new());
}

/// How long it takes among a million incidents: by hand, since it takes minutes.
#[test]
#[ignore = "fills a database with a million incidents of 200 tenants, and says how long it takes"]
fn among_a_million() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(&fs::read_to_string(databases::fixture(13)).unwrap()).unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; BEGIN; DROP TRIGGER incidents_added;
        CREATE TEMP TABLE n AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000)
            SELECT n FROM n;
        CREATE TEMP TABLE one AS SELECT * FROM incidents WHERE id = 1 AND tenant = 'default';
        UPDATE one SET id = 0;
        INSERT INTO incidents SELECT 'tenant-' || (n % 200), n, pack, rule, CAST('fingerprint ' || n AS BLOB), generation,
            previous, state, resolution, severity, subject, title, summary, fields, tags, sources, count, occurrences,
            first, last, opened, changed + n, occurred, acknowledged_until, resolve_after, resolves_at, repeats_at,
            assignee, evidence_dropped, overflow, version FROM n, one;
        INSERT INTO evidence SELECT 'tenant-' || (n % 200), n, 1, 1, '/var/log/app.log', n, n, CAST(hex(randomblob(100)) AS
            BLOB), 0, zeroblob(8), zeroblob(32) FROM n;
        COMMIT;",
    )
    .unwrap();
    drop(db);
    let began = std::time::Instant::now();
    let database =
        Database::open(&path, Policy::default(), Arc::new(Hand::default()), DatabaseOptions::default())
            .unwrap();
    println!("brought to this version in {:?}", began.elapsed());
    for _ in 0..3 {
        let began = std::time::Instant::now();
        let stored = database.stored().unwrap();
        println!(
            "{} tenants, {} bytes in {:?}",
            stored.len(),
            stored.values().map(|one| one.all()).sum::<u64>(),
            began.elapsed()
        );
    }
}
