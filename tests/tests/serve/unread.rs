//! Nobody reads what the server says: it goes on, and ends when it is asked to.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tripline_tests::{PATIENCE, Server};

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks for something without a token; the first line of the answer.
fn ask(at: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(at).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.lines().next().map(Into::into)
}

#[test]
fn nobody_reads_what_it_says_and_nothing_waits_for_that() {
    let server = Server::new(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[follow]]\npaths = [\"app.log\"]\nfrom = \"start\"\n",
    );
    // What is said is more than the pipe takes: each file is a line, and so is each request.
    let folder = server.path("many");
    std::fs::create_dir(&folder).unwrap();
    let name = "n".repeat(200);
    for number in 0..300 {
        std::fs::write(folder.join(format!("{name}{number}.log")), "").unwrap();
    }
    let mut command = server.command(&["serve", "--only", "app-errors", "--verbose", "many"]);
    let mut process = Ended(command.stderr(Stdio::piped()).spawn().unwrap());
    // Its first words, and then no more.
    let mut said = BufReader::with_capacity(1, process.0.stderr.take().unwrap()).lines();
    let at: SocketAddr = loop {
        let line = said.next().expect("it says where it listens").unwrap();
        if let Some((_, at)) = line.split_once("listens at http://") {
            break at.trim().parse().unwrap();
        }
    };
    for _ in 0..431 {
        assert!(ask(at, "/api/v1/incidents").is_some_and(|answer| answer.starts_with("HTTP/1.1 4")));
    }
    assert!(ask(at, "/livez").is_some_and(|answer| answer.contains("200")));
    let mut log = OpenOptions::new().create(true).append(true).open(server.path("app.log")).unwrap();
    writeln!(log, "2026-11-24T10:00:00Z ERROR disk is full").unwrap();
    server.until("default", 1);
    let asked = Instant::now();
    let id = process.0.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let ended = loop {
        if let Some(ended) = process.0.try_wait().unwrap() {
            break ended;
        }
        assert!(asked.elapsed() < PATIENCE, "it does not end");
        sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{ended}");
    drop(said);
}
