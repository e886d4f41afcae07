//! Fingerprints are chosen by whoever writes the log: a million of them must not become a million rows.

use rusqlite::Connection;
use tripline::commit::{Commit, Store};
use tripline::incidents::{Filter, Fingerprint};

use crate::fixture::{Fixture, decision, policy};

/// Decisions of one commit, as a check hands them over.
const TOGETHER: u64 = 10_000;
/// What the process may grow by: far below what a million decisions take.
const GROWTH: u64 = 256 * 1024 * 1024;

/// So many; `TRIPLINE_FINGERPRINTS` names another number for a slow machine. A million take about ten seconds.
fn fingerprints() -> u64 {
    std::env::var("TRIPLINE_FINGERPRINTS").ok().and_then(|number| number.parse().ok()).unwrap_or(1_000_000)
}

#[test]
fn a_million_fingerprints_are_one_overflow_incident() {
    let all = fingerprints();
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let limits = fixture.policy.limits;
    let one = |i: u64| decision("r", Some(&format!("f{i}")), i);
    let commit = |from: u64| {
        let decisions = (from..(from + TOGETHER).min(all)).map(one).collect();
        fixture.database.commit(&fixture.tenant, Commit { decisions, ..Commit::default() }).unwrap()
    };
    commit(0);
    let (before, rows) = (peak(), rows_of(&fixture));
    let mut opened = 0;
    for from in (TOGETHER..all).step_by(TOGETHER as usize) {
        opened += commit(from).opened.len();
    }
    assert_eq!(opened, 0);
    let grown = peak().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} bytes more for {all} fingerprints");

    // One for each that was let in, one for all others, which has the exact number.
    let filter = Filter { text: Some("f999".into()), ..Filter::default() };
    assert!(!fixture.database.page(&fixture.tenant, &filter, None, 10).unwrap().incidents.is_empty());
    let connection = Connection::open(fixture.path()).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    assert_eq!(number("SELECT count(*) FROM incidents"), limits.open_per_rule + 1);
    assert_eq!(number("SELECT sum(count) FROM incidents"), all);
    assert_eq!(number("SELECT count FROM incidents WHERE overflow = 1"), all - limits.open_per_rule);
    let overflow = number("SELECT id FROM incidents WHERE overflow = 1") as i64;
    let overflow = fixture.database.incident(&fixture.tenant, overflow).unwrap().unwrap();
    assert_eq!(overflow.fingerprint, Fingerprint::overflow());
    let kept = limits.first_occurrences + limits.last_occurrences;
    let occurrences = format!("SELECT count(*) FROM occurrences WHERE incident = {}", overflow.id);
    assert!(number(&occurrences) <= kept);
    // Nothing grows with the number of fingerprints but one line of the timeline for each commit.
    let now = rows_of(&fixture);
    for (table, count) in &rows {
        let (_, now) = now.iter().find(|(name, _)| name == table).unwrap();
        let more = now - count;
        let most = if table == "timeline" { all / TOGETHER } else { kept };
        assert!(more <= most, "{table}: {more} rows more");
    }
}

/// Rows by table.
fn rows_of(fixture: &Fixture) -> Vec<(String, u64)> {
    let connection = Connection::open(fixture.path()).unwrap();
    // An index of words keeps its pages in tables of its own.
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let count = |name: &str| {
        connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0)).unwrap()
    };
    names.map(|name| (name.clone(), count(&name))).collect()
}

/// What this process had in memory at most, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kilobytes| kilobytes * 1024)
}
