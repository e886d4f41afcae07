//! Memory is bounded however slow disk and senders are, and is given back. That a slow rule fills no more than its tenant's room
//! is shown by the library's own test of large batches.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use tripline_tests::{PATIENCE, Server, bring};

/// What it may have at most, in MiB, beyond what it has with nothing to do: lines that wait (64), bodies that are read (128), and
/// what is on its way to the judges.
const PEAK: u64 = 320;
/// What of that it may keep.
const KEPT: u64 = 64;
/// Lines of a large body, about 31 MiB.
const LINES: usize = 380_000;

/// Resident memory, in MiB.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// A packed body of 31 MiB, ten lines of which are errors: ten members that are the same.
fn large() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for number in 0..LINES / 10 {
        let level = if number == 0 { "ERROR" } else { "INFO" };
        writeln!(
            packed,
            "2026-11-24T10:00:00Z {level} request {number} took some milliseconds, and that is that"
        )
        .unwrap();
    }
    packed.finish().unwrap().repeat(10)
}

/// Brings a packed body; the status.
fn post(at: SocketAddr, token: &str, source: &str, body: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(at).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/ingest?source={source} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIdempotency-Key: {source}\r\n\
         Authorization: Bearer {token}\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\
         Content-Length: {length}\r\n\r\n"
    )
    .ok()?;
    stream.write_all(body).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

/// Sends it again for as long as it is told to come again.
fn until_taken(at: SocketAddr, token: &str, source: &str, body: &[u8]) {
    let until = Instant::now() + PATIENCE;
    loop {
        match post(at, token, source, body) {
            Some(200) => return,
            Some(409 | 429 | 503) | None => {}
            other => panic!("{source}: {other:?}"),
        }
        assert!(Instant::now() < until, "{source} is not taken");
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn memory_is_bounded_however_slow_disk_and_senders_are() {
    let mut server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    let tenants = ["a", "b", "slow"];
    let tokens = tenants.map(|tenant| server.token("ingest", tenant));
    server.start(&["--only", "app-errors"], None);
    let at = server.http();
    for token in &tokens {
        assert_eq!(bring(at, token, "first", "2026-11-24T10:00:00Z ERROR first\n"), Some(200));
    }
    let id = server.id();
    let before = resident(id);
    let (body, over, peak) = (large(), AtomicBool::new(false), std::sync::atomic::AtomicU64::new(0));
    let disk = rusqlite::Connection::open(server.path("tripline.db")).unwrap();
    let slow = || {
        let mut stream = TcpStream::connect(at).unwrap();
        let head = "POST /api/v1/ingest?source=slow HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n";
        write!(stream, "{head}Authorization: Bearer {}\r\nContent-Length: 8000000\r\n\r\n", tokens[2])
            .unwrap();
        let _ = stream.write_all(&[b'x'; 1 << 20]);
        stream
    };
    scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                peak.fetch_max(resident(id), Relaxed);
                sleep(Duration::from_millis(10));
            }
        });
        // Disk: nothing is committed.
        disk.execute_batch("BEGIN EXCLUSIVE").unwrap();
        // Senders: much of a body, and then nothing.
        let senders: Vec<TcpStream> = (0..40).map(|_| slow()).collect();
        let posts: Vec<_> = (0..4)
            .map(|number| {
                let (token, body) = (&tokens[number % 2], &body);
                scope.spawn(move || until_taken(at, token, &format!("s{number}"), body))
            })
            .collect();
        sleep(Duration::from_secs(5));
        disk.execute_batch("ROLLBACK").unwrap();
        drop(senders);
        let all: Vec<_> = posts.into_iter().map(|post| post.join()).collect();
        // Before it may panic: whoever watches ends by it.
        over.store(true, Relaxed);
        assert!(all.iter().all(Result::is_ok), "all are taken");
    });
    // Each of two large bodies once, however often it was sent.
    for tenant in &tenants[..2] {
        assert_eq!(server.count(tenant), 1 + 2 * 10);
    }
    let peak = peak.load(Relaxed);
    assert!(peak <= before + PEAK, "it had {before} MiB, and then {peak}");
    let until = Instant::now() + PATIENCE;
    let mut kept = resident(id);
    while kept > before + KEPT {
        assert!(Instant::now() < until, "it had {before} MiB, then {peak}, and keeps {kept}");
        sleep(Duration::from_millis(100));
        kept = resident(id);
    }
    println!("resident: {before} MiB before, {peak} at most, {kept} kept");
    assert!(server.is_alive());
}
