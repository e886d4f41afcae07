//! More records than are written to security.log at once: it may die behind the first of them, and behind the next.

use std::fs;

use serde_json::Value;

use crate::oracle::{World, open};

/// More than twice as many as are written at once.
const RECORDS: i64 = 2_300;

#[test]
fn behind_each_of_several_appends_every_record_stands_once() {
    for hit in 1..=3 {
        let what = format!("after_log_append:{hit}");
        let world = World::new(2, Vec::new());
        // They wait, as after a time in which nothing could be written.
        assert!(world.check(Some("after_log_append")).status.code().is_none());
        fs::remove_file(world.path("security.log")).unwrap();
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO log_records (tenant, at, event, fields) SELECT 'default', 0, 'test', '{}' FROM n";
        open(&world.path("t.db")).execute(sql, [RECORDS]).unwrap();
        let died = world.check(Some(&what)).status.code().is_none();
        assert!(died, "{what} was not reached");
        world.drain(&what);
        world.judge(&what, 0);
        let log = fs::read_to_string(world.path("security.log")).unwrap();
        let seqs: Vec<i64> = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap())
            .collect();
        assert!(seqs.len() as i64 > RECORDS, "{what}");
        assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>(), "{what}");
    }
}
