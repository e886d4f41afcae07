//! A batch that is larger than a turn is committed in pieces: killed in the middle of it, and sent again, it counts once.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use tripline_tests::{PATIENCE, Server, bring};

const LINES: usize = 30_000;

#[test]
fn a_large_batch_that_is_sent_again_counts_once() {
    let mut server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    let token = server.token("ingest", "default");
    let pad = "x".repeat(60);
    let lines: String =
        (0..LINES).map(|number| format!("2026-11-24T10:00:00Z ERROR job {number} failed {pad}\n")).collect();
    let mut before = 0;
    for _ in 0..3 {
        server.start(&["--only", "app-errors"], None);
        let at = server.http();
        scope(|scope| {
            let sent = scope.spawn(|| bring(at, &token, "large", &lines));
            let until = Instant::now() + PATIENCE;
            // Some more of it is on disk; or all, if that was quick.
            let mut count = server.count("default");
            while count <= before && count < LINES as u64 {
                assert!(Instant::now() < until, "nothing of it is committed");
                sleep(Duration::from_millis(5));
                count = server.count("default");
            }
            before = count;
            server.kill();
            let _ = sent.join();
        });
    }
    server.start(&["--only", "app-errors"], None);
    assert_eq!(bring(server.http(), &token, "large", &lines), Some(200));
    assert_eq!(server.count("default"), LINES as u64);
    // Another of the same source goes on where its own lines were.
    assert_eq!(bring(server.http(), &token, "small", "2026-11-24T10:00:00Z ERROR one more\n"), Some(200));
    assert_eq!(bring(server.http(), &token, "large", &lines), Some(200));
    assert_eq!(server.count("default"), LINES as u64 + 1);
    assert!(server.end().success());
}
