//! Those who take their time, and those who come with too many: each is let go, and others are served meanwhile.

use std::time::{Duration, Instant};

use tripline::token::Scope;

use crate::fixture::{Setup, Site, problem};
use crate::raw::PATIENCE;

const SHORT: Duration = Duration::from_millis(150);

#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let site = Site::of(Setup::limited(|limits| limits.head = SHORT));
    for begun in ["", "GET", "GET /livez HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
        let mut raw = site.raw();
        raw.send(begun.as_bytes());
        raw.closed();
    }
    // One that never stands still, and would be there for minutes.
    let begun = Instant::now();
    let mut raw = site.raw();
    raw.send(b"GET /livez HTTP/1.1\r\nX: ");
    while raw.send(b"x") {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn a_connection_that_is_idle_is_closed() {
    let site = Site::of(Setup::limited(|limits| limits.head = SHORT));
    let mut raw = site.raw();
    for _ in 0..3 {
        raw.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(raw.reply().status, 200);
    }
    assert!(raw.try_reply().is_none());
}

#[test]
fn a_body_that_trickles_is_not_waited_for() {
    let site = Site::of(Setup::limited(|limits| {
        limits.grace = SHORT;
        limits.rate = 1_000_000;
    }));
    let head = |length: usize| {
        let token = site.token(Scope::Ingest);
        format!(
            "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut raw = site.raw();
    raw.send(head(10).as_bytes());
    let still = raw.reply();
    assert_eq!((still.status, problem(&still).as_str()), (408, "too-slow"));
    let mut raw = site.raw();
    raw.send(head(100_000).as_bytes());
    while raw.send(b"n=1\n") {
        std::thread::sleep(Duration::from_millis(5));
        if raw.has_reply() {
            break;
        }
    }
    assert_eq!(raw.reply().status, 408);
    let mut raw = site.raw();
    raw.send(head(4).replace("Content-Length: 4", "Transfer-Encoding: chunked").as_bytes());
    while raw.send(b"1\r\nx\r\n") {
        std::thread::sleep(Duration::from_millis(5));
        if raw.has_reply() {
            break;
        }
    }
    assert_eq!(raw.reply().status, 408, "chunks without end");
    assert_eq!(site.count("default"), 0);
}

#[test]
fn a_body_has_its_time_however_fast_it_is() {
    let site = Site::of(Setup::limited(|limits| {
        limits.body = SHORT;
        limits.rate = 1;
    }));
    let token = site.token(Scope::Ingest);
    let mut raw = site.raw();
    raw.send(
        format!(
            "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"
        )
        .as_bytes(),
    );
    while raw.send(&[b'x'; 100]) && !raw.has_reply() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(raw.reply().status, 408);
}

#[test]
fn a_request_has_its_time() {
    let mut setup = Setup::limited(|limits| limits.request = SHORT);
    // What is taken is never committed.
    setup.judges = false;
    let site = Site::of(setup);
    let reply = site.bring(&site.token(Scope::Ingest), "", b"n=1\n");
    assert_eq!((reply.status, problem(&reply).as_str()), (503, "unavailable"));
}

#[test]
fn who_does_not_read_is_let_go() {
    let site = Site::of(Setup::limited(|limits| {
        limits.stalled = SHORT;
        limits.head = Duration::from_secs(60);
    }));
    let token = site.token(Scope::Operator);
    let mut raw = site.raw();
    let ask =
        format!("GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
    // Asked again and again, and never read: it takes no more of it, and then closes. Else this would end with a patience.
    let mut sent = Instant::now();
    while raw.send(ask.as_bytes()) {
        sent = Instant::now();
    }
    assert!(sent.elapsed() < PATIENCE / 2);
}

#[test]
fn connections_are_counted() {
    let site = Site::of(Setup::limited(|limits| limits.connections_of_address = 3));
    let livez = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut open: Vec<_> = (0..3).map(|_| site.raw()).collect();
    for raw in &mut open {
        raw.send(livez);
        assert_eq!(raw.reply().status, 200);
    }
    let mut fourth = site.raw();
    fourth.send(livez);
    assert!(fourth.try_reply().is_none(), "one too many");
    for raw in &mut open {
        raw.send(livez);
        assert_eq!(raw.reply().status, 200, "those that are open stay");
    }
    drop(open);
    // Until the server has seen that they are gone.
    loop {
        let mut raw = site.raw();
        raw.send(livez);
        if raw.try_reply().is_some() {
            break;
        }
    }
}

#[test]
fn it_ends_though_somebody_dawdles() {
    let mut site = Site::new();
    let token = site.token(Scope::Ingest);
    let mut idle = site.raw();
    idle.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(idle.reply().status, 200);
    let mut slow = site.raw();
    let head = format!(
        "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n"
    );
    slow.send(head.as_bytes());
    let port = site.port();
    site.http.take().unwrap().stop(Duration::from_millis(300));
    idle.closed();
    slow.closed();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}
