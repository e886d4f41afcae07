//! Lines over HTTP: what was answered with 200 is on disk, whenever the server is killed.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use tripline_tests::Random;

use crate::server::{Server, tcp_port};
use crate::tools::tool;

fn http(port: u16) -> Server {
    Server::new(&format!("[server]\nlisten = \"127.0.0.1:{port}\"\n"))
}

/// A token that brings lines.
fn token(server: &Server) -> String {
    let added = server.command(&["token", "add", "--name", "web", "--scope", "ingest"]).output().unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    String::from_utf8(added.stdout).unwrap().trim().to_string()
}

fn lines(first: u64, count: u64) -> String {
    (first..first + count).map(|number| format!("2026-11-24T10:00:00Z ERROR job {number} failed\n")).collect()
}

#[test]
fn curl_brings_lines() {
    let Some(curl) = tool("curl") else { return };
    let port = tcp_port();
    let mut server = http(port);
    let bearer = format!("Authorization: Bearer {}", token(&server));
    server.start_at(&[], &[port]);
    let url = format!("http://127.0.0.1:{port}/api/v1/ingest?source=web");
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
    assert_eq!(server.count(), 10);
    assert_eq!(bring(&bearer, "Idempotency-Key: one"), "200");
    assert_eq!(bring("Authorization: Bearer tl_wrong", "Idempotency-Key: two"), "401");
    assert_eq!(bring(&bearer, "Idempotency-Key: three"), "200");
    assert_eq!(server.count(), 20);
    assert!(server.end().success());
}

/// What a client keeps: batches that were answered, and the one that was not.
struct Client {
    agent: ureq::Agent,
    url: String,
    bearer: String,
    answered: u64,
    refused: u64,
}

impl Client {
    /// Brings the batch of this number; whether it was answered with 200.
    fn bring(&mut self, number: u64) -> bool {
        let text = lines(number * 100, 1 + number % 60);
        let request = self.agent.post(&self.url).header("Authorization", &self.bearer);
        let request =
            request.header("Content-Type", "text/plain").header("Idempotency-Key", format!("batch-{number}"));
        let answered = request.send(text.as_bytes()).is_ok_and(|answer| answer.status() == 200);
        self.answered += if answered { 1 + number % 60 } else { 0 };
        self.refused += u64::from(!answered);
        answered
    }
}

#[test]
fn what_was_answered_is_kept_when_the_server_is_killed() {
    let port = tcp_port();
    let mut server = http(port);
    let bearer = format!("Bearer {}", token(&server));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let url = format!("http://127.0.0.1:{port}/api/v1/ingest?source=web");
    let mut client = Client { agent, url, bearer, answered: 0, refused: 0 };
    let (mut random, mut number) = (Random(4711), 0);
    for _ in 0..10 {
        server.start_at(&[], &[port]);
        let killed = AtomicBool::new(false);
        scope(|scope| {
            let (client, number, killed) = (&mut client, &mut number, &killed);
            scope.spawn(move || {
                // What was not answered is sent again, as it was; nothing new before that.
                while !killed.load(Relaxed) {
                    *number += u64::from(client.bring(*number));
                }
            });
            sleep(Duration::from_millis(100 + random.below(700)));
            server.kill();
            killed.store(true, Relaxed);
        });
        // Nothing is sent now: what was answered is there, and at most the one that was not.
        let open = 1 + number % 60;
        let found = server.count();
        assert!(
            found == client.answered || found == client.answered + open,
            "{found} of {}",
            client.answered
        );
    }
    server.start_at(&[], &[port]);
    assert!(client.bring(number));
    assert_eq!(server.count(), client.answered, "each line once");
    assert!(client.refused >= 5 && number >= 10, "{} refused, {number} batches", client.refused);
    assert!(server.end().success());
}
