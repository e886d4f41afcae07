//! Lines over HTTP: what was answered with 200 is on disk, whenever the server is killed.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use tripline_tests::{Random, Server, bring};

use crate::server::{TENANT, start};
use crate::tools::tool;

const HTTP: &str = "[server]\nlisten = \"127.0.0.1:0\"\n";

fn lines(first: u64, count: u64) -> String {
    (first..first + count).map(|number| format!("2026-11-24T10:00:00Z ERROR job {number} failed\n")).collect()
}

#[test]
fn curl_brings_lines() {
    let Some(curl) = tool("curl") else { return };
    let mut server = Server::new(HTTP);
    let bearer = format!("Authorization: Bearer {}", server.token("ingest", TENANT));
    start(&mut server);
    let url = format!("http://{}/api/v1/ingest?source=web", server.http());
    let bring = |authorization: &str, key: &str| {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--show-error", "--noproxy", "*", "--output", "/dev/null"]);
        command.args(["--write-out", "%{http_code}", "--header", authorization, "--header", key]);
        command.args(["--header", "Content-Type: text/plain", "--data-binary", &lines(0, 10), &url]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(bring(&bearer, "Idempotency-Key: one"), "200");
    // Committed when it was answered, and the same again is known.
    assert_eq!(server.count(TENANT), 10);
    assert_eq!(bring(&bearer, "Idempotency-Key: one"), "200");
    assert_eq!(bring("Authorization: Bearer tl_wrong", "Idempotency-Key: two"), "401");
    assert_eq!(bring(&bearer, "Idempotency-Key: three"), "200");
    assert_eq!(server.count(TENANT), 20);
    assert!(server.end().success());
}

/// What a client keeps: which batch is next, and how many lines were answered.
struct Client {
    token: String,
    number: u64,
    answered: u64,
    refused: u64,
}

impl Client {
    /// Lines of the batch that is next.
    fn open(&self) -> u64 {
        1 + self.number % 60
    }

    /// Brings it; what was not answered is the next one again, as it was.
    fn bring(&mut self, at: SocketAddr) {
        let (key, text) = (format!("batch-{}", self.number), lines(self.number * 100, self.open()));
        if bring(at, &self.token, &key, &text) == Some(200) {
            self.answered += self.open();
            self.number += 1;
        } else {
            self.refused += 1;
        }
    }
}

#[test]
fn what_was_answered_is_kept_when_the_server_is_killed() {
    let mut server = Server::new(HTTP);
    let token = server.token("ingest", TENANT);
    let mut client = Client { token, number: 0, answered: 0, refused: 0 };
    let mut random = Random(4711);
    for _ in 0..10 {
        start(&mut server);
        let (at, killed) = (server.http(), AtomicBool::new(false));
        scope(|scope| {
            scope.spawn(|| {
                while !killed.load(Relaxed) {
                    client.bring(at);
                }
            });
            sleep(Duration::from_millis(100 + random.below(700)));
            server.kill();
            killed.store(true, Relaxed);
        });
        // Nothing is sent now: what was answered is there, and at most the one that was not.
        let found = server.count(TENANT);
        let whole = [client.answered, client.answered + client.open()];
        assert!(whole.contains(&found), "{found} of {}", client.answered);
    }
    start(&mut server);
    let before = client.number;
    client.bring(server.http());
    assert_eq!(client.number, before + 1, "{}", server.said());
    assert_eq!(server.count(TENANT), client.answered, "each line once");
    assert!(client.refused >= 5 && before >= 10, "{} refused, {before} batches", client.refused);
    assert!(server.end().success());
}
