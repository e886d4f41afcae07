//! Many programs on one database at the same time: each does its part, and none undoes another's.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};

use rusqlite::Connection;
use tripline_tests::Sink;

use crate::fixture::{Folder, random};

const REPORTS: usize = 24;
const ERRORS: u64 = 8;

#[test]
fn many_reports_and_a_check_at_the_same_time_lose_nothing() {
    let (mut random, mut folder) = (random(8), Folder::new());
    folder.grow(4_000, ERRORS, &mut random);
    let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
    let relay = sink.relay();
    fs::write(folder.path.join("tripline.toml"), "[throttle]\nper_hour = 1000\n").unwrap();
    let keep = ["--config", "tripline.toml", "--db", "t.db", "--security-log", "security.log"];
    let mail = ["--mail-to", "oncall@example.org", "--relay", &relay];
    let start = |arguments: &[&str]| -> Child {
        let mut command = folder.command(arguments);
        command.args(keep).args(mail).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    // None is there yet: they make it together, too.
    let mut running = vec![("check".to_string(), start(&["check", "app.log", "--only", "app-errors"]))];
    for number in 0..REPORTS {
        let title = format!("report {number}");
        running
            .push((title.clone(), start(&["incident", "report", "--severity", "high", "--title", &title])));
    }
    for (what, process) in running {
        let output = process.wait_with_output().unwrap();
        // 1: the check found something. None is told that its own notices wait: whoever delivers them, they go.
        let ends: &[i32] = if what == "check" { &[0, 1] } else { &[0] };
        assert!(output.status.code().is_some_and(|code| ends.contains(&code)), "{what}: {output:?}");
    }
    let flush = start(&["notify", "flush"]).wait_with_output().unwrap();
    assert!(flush.status.success(), "{flush:?}");

    let incidents = folder.incidents();
    assert_eq!(incidents.len(), REPORTS + folder.errors.len(), "{incidents:?}");
    for (error, count) in &folder.errors {
        assert_eq!(incidents[error].0, *count, "{error}");
    }
    for number in 0..REPORTS {
        assert_eq!(incidents[&format!("report {number}")].0, 1);
    }
    let numbers: BTreeSet<i64> = {
        let db = Connection::open(folder.path.join("t.db")).unwrap();
        let mut statement = db.prepare("SELECT id FROM incidents").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(numbers, (1..=incidents.len() as i64).collect());
    // Each is told once, by whomever.
    let mails = sink.mails();
    assert_eq!(mails.len(), incidents.len(), "{mails:?}");
    let again = mails.values().flat_map(|ids| ids.values()).filter(|count| **count > 1).count();
    assert_eq!(again, 0, "{mails:?}");
    folder.is_sound("together");
    let log = fs::read_to_string(folder.path.join("security.log")).unwrap();
    assert_eq!(log.matches("\"event\":\"incident.opened\"").count(), incidents.len());
    let verify = folder.command(&["log", "verify", "security.log", "--db", "t.db"]).output().unwrap();
    assert!(verify.status.success(), "{verify:?}");
}
