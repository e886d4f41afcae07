//! A folder by a glob: files that are renamed within it, thousands of them, names that are no text, and what is gone.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tripline_tests::{PATIENCE, Server, bring};

const FOLLOW: &str =
    "[server]\nlisten = \"127.0.0.1:0\"\n[[follow]]\npaths = [\"logs/*.log\"]\nfrom = \"start\"\n";

fn server() -> Server {
    let server = Server::new(FOLLOW);
    fs::create_dir(server.path("logs")).unwrap();
    server
}

fn start(server: &mut Server) {
    server.start(&["--only", "app-errors"], None);
}

fn write(path: &Path, lines: u64) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    for line in 0..lines {
        file.write_all(format!("2026-11-24T10:00:00Z ERROR job {line} of {path:?} failed\n").as_bytes())
            .unwrap();
    }
}

/// Names of the sources that the server says it has.
fn sources(server: &Server, token: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(server.http()).unwrap();
    write!(
        stream,
        "GET /api/v1/sources HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let name = |source: &Value| source["name"].as_str().unwrap().to_string();
    answer["sources"].as_array().unwrap().iter().map(name).collect()
}

/// As log4j and logback rotate: none of the names is one of logrotate's.
#[test]
fn what_is_renamed_to_another_name_of_the_glob_counts_once() {
    let mut server = server();
    let path = |server: &Server, name: &str| server.path("logs").join(name);
    write(&path(&server, "app.log"), 500);
    start(&mut server);
    let mut written = 500;
    server.until("default", written);
    for (round, name) in ["app.2026-11-25.log", "app.2026-11-26.log", "other.log"].into_iter().enumerate() {
        let app = path(&server, "app.log");
        let mut writer = OpenOptions::new().append(true).open(&app).unwrap();
        fs::rename(&app, path(&server, name)).unwrap();
        // Whoever has it open does not know yet.
        writer.write_all(b"2026-11-24T10:00:00Z ERROR late failed\n").unwrap();
        write(&app, 100);
        written += 101;
        server.until("default", written);
        if round == 1 {
            server.kill();
            // What was renamed while nobody looked is known, too.
            fs::rename(&app, path(&server, "app.away.log")).unwrap();
            write(&app, 50);
            written += 50;
            start(&mut server);
            server.until("default", written);
        }
    }
    // A file of its own comes and is told from them.
    write(&path(&server, "new.log"), 70);
    server.until("default", written + 70);
    assert!(server.end().success());
    assert_eq!(server.count("default"), written + 70);
}

#[test]
fn many_files_are_opened_while_others_are_served() {
    const FILES: usize = 600;
    let mut server = server();
    for number in 0..FILES {
        write(&server.path(&format!("logs/{number}.log")), 1);
    }
    let token = server.token("ingest", "default");
    start(&mut server);
    let at = server.http();
    let begun = Instant::now();
    assert_eq!(bring(at, &token, "one", "2026-11-24T10:00:00Z ERROR job failed\n"), Some(200));
    let waited = begun.elapsed();
    let opened = server.said().matches("follows ").count();
    assert!(opened < FILES, "{opened} files were opened first; the batch waited {waited:?}");
    server.until("default", FILES as u64 + 1);
    // Stopped while it opens them again.
    server.kill();
    start(&mut server);
    server.says("follows ");
    let begun = Instant::now();
    assert!(server.end().success());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn names_that_are_no_text_are_followed_each_by_itself() {
    let mut server = server();
    for byte in [0xfe, 0xff] {
        let name = [b"app", &[byte][..], b".log"].concat();
        write(&server.path("logs").join(OsStr::from_bytes(&name)), 5);
    }
    let token = server.token("reader", "default");
    start(&mut server);
    server.until("default", 10);
    let until = Instant::now() + PATIENCE;
    while sources(&server, &token).len() < 2 {
        assert!(Instant::now() < until, "{:?}", sources(&server, &token));
        sleep(Duration::from_millis(50));
    }
    let names = sources(&server, &token);
    assert!(names[0].ends_with("app\\xfe.log") && names[1].ends_with("app\\xff.log"), "{names:?}");
    assert!(server.end().success());
}

#[test]
fn what_is_gone_is_no_source_any_more() {
    let mut server = server();
    let gone: Vec<String> = (0..20).map(|number| format!("logs/job-{number}.log")).collect();
    gone.iter().for_each(|name| write(&server.path(name), 1));
    write(&server.path("logs/stays.log"), 1);
    let token = server.token("reader", "default");
    start(&mut server);
    server.until("default", 21);
    gone.iter().for_each(|name| fs::remove_file(server.path(name)).unwrap());
    // A deleted file stays open for a minute: its writer may not know yet.
    let until = Instant::now() + Duration::from_secs(180);
    while sources(&server, &token).len() != 1 {
        assert!(Instant::now() < until, "{:?}", sources(&server, &token));
        sleep(Duration::from_millis(200));
    }
    // One that is there again is one again.
    // By other words: the same on the same inode is the same file.
    let lines = "2026-11-24T11:00:00Z ERROR again failed\n".repeat(2);
    fs::write(server.path("logs/job-1.log"), lines).unwrap();
    server.until("default", 23);
    assert!(server.end().success());
    assert_eq!(server.count("default"), 23);
}
