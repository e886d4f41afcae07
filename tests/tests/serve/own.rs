//! What the server writes itself lies among the logs it follows: none of it is opened.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;

use tripline_tests::{Server, bring};

const LINE: &str = "2026-11-24T10:00:00Z ERROR disk is full\n";

#[test]
fn its_database_among_the_logs_is_none_of_them() {
    let mut server =
        Server::new("[server]\nlisten = \"127.0.0.1:0\"\n[security_log]\npath = \"security.log\"\n");
    let write = |line: &str| {
        let mut log = OpenOptions::new().create(true).append(true).open(server.path("app.log")).unwrap();
        log.write_all(line.as_bytes()).unwrap();
    };
    write(LINE);
    // Whoever may write among the logs can lead there.
    symlink(server.path("tripline.db"), server.path("app.log.1")).unwrap();
    symlink(server.path("tripline.db-wal"), server.path("other.log")).unwrap();
    server.start(&["--only", "app-errors", "--from-start", "."], None);
    server.until("default", 1);
    // Each command opens the database, too: its locks are what keeps both apart.
    for count in 2..6 {
        let mut log = OpenOptions::new().append(true).open(server.path("app.log")).unwrap();
        log.write_all(LINE.as_bytes()).unwrap();
        let listed = server.command(&["incident", "list", "--format", "ndjson"]).output().unwrap();
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        server.until("default", count);
    }
    assert!(server.is_alive());
    let said = server.said();
    let followed: Vec<&str> = said.lines().filter(|line| line.contains("follows ")).collect();
    assert_eq!(followed.len(), 2, "app.log and the configuration: {said}");
    assert!(!said.contains("was cut"), "{said}");
    assert!(server.end().success());
    // Nor does a check read it.
    let checked =
        server.command(&["check", "--format", "ndjson", "--db", "tripline.db", "."]).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(!told.contains("tripline.db") && !said.contains("other.log"), "{told}{said}");
    let named = server.command(&["check", "--db", "tripline.db", "tripline.db"]).output().unwrap();
    let said = String::from_utf8_lossy(&named.stderr);
    assert!(said.contains("expected a log, found a file that this program writes itself"), "{said}");
    assert!(fs::metadata(server.path("tripline.db")).is_ok());
}

#[test]
fn a_check_beside_it_is_refused_and_says_so() {
    let mut server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    std::fs::write(server.path("app.log"), "2026-11-24T10:00:00Z ERROR disk is full\n").unwrap();
    let token = server.token("ingest", "default");
    server.start(&["--only", "app-errors"], None);
    // It has the database to itself once it has committed something.
    assert_eq!(bring(server.http(), &token, "1", LINE), Some(200));
    let check = server
        .command(&["check", "app.log", "--db", "tripline.db", "--only", "app-errors"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stderr);
    assert_eq!(check.status.code(), Some(2), "{said}");
    assert!(said.contains("no other check or server"), "{said}");
    assert!(check.stdout.is_empty(), "nothing was checked, so there is no report: {check:?}");
    assert!(server.end().success());
    assert_eq!(server.count("default"), 1);
}
