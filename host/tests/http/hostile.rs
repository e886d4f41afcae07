//! What strangers try: too much, too deep, too odd. Each time the next request is answered as if nothing were.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tripline::token::Scope;

use crate::fixture::{Setup, Site, problem};
use crate::ingest::gzip;

/// It still answers.
#[track_caller]
fn lives(site: &Site) {
    assert_eq!(site.ask("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

#[test]
fn too_many_headers_and_too_large_ones() {
    let site = Site::new();
    let many: String = (0..100_000).map(|n| format!("X-{n}: x\r\n")).collect();
    let reply = site.ask(format!("GET /livez HTTP/1.1\r\nHost: a\r\n{many}\r\n"));
    assert_eq!(reply.status, 431);
    let few: String = (0..70).map(|n| format!("X-{n}: x\r\n")).collect();
    let reply = site.ask(format!("GET /livez HTTP/1.1\r\nHost: a\r\n{few}\r\n"));
    assert_eq!(reply.status, 431);
    let large = "x".repeat(20 << 10);
    let reply = site.ask(format!("GET /livez HTTP/1.1\r\nHost: a\r\nX: {large}\r\n\r\n"));
    assert_eq!(reply.status, 431);
    let mut raw = site.raw();
    raw.send(format!("GET /{large}{large}{large}{large} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    let reply = raw.try_reply();
    assert!(reply.is_none_or(|reply| [414, 431].contains(&reply.status)));
    // One head without an end.
    let mut raw = site.raw();
    raw.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ");
    while raw.send(&[b'x'; 8192]) {}
    lives(&site);
}

#[test]
fn bodies_that_are_too_large() {
    let site = Site::of(Setup::limited(|limits| limits.packed_bytes = 1_000));
    let token = site.token(Scope::Ingest);
    let reply = site.bring(&token, "", &[b'x'; 1_001]);
    assert_eq!((reply.status, problem(&reply).as_str()), (413, "too-large"));
    assert_eq!(site.bring(&token, "", &[b'x'; 1_000]).status, 200);
    // One that says it is larger than anything.
    let head = format!(
        "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/plain\r\n"
    );
    let reply = site.ask(format!("{head}Content-Length: 18446744073709551615\r\n\r\nx"));
    assert!([400, 413, 431].contains(&reply.status), "{reply:?}");
    // Chunks without end.
    let mut raw = site.raw();
    raw.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    for _ in 0..20 {
        if !raw.send(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes()) {
            break;
        }
    }
    let reply = raw.reply();
    assert_eq!((reply.status, problem(&reply).as_str()), (413, "too-large"));
    // Refused before it is sent, if its sender asks.
    let mut raw = site.raw();
    raw.send(format!("{head}Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n").as_bytes());
    assert_eq!(raw.reply().status, 413);
    lives(&site);
}

#[test]
fn bombs_are_not_unpacked() {
    let site = Site::of(Setup::limited(|limits| {
        limits.unpacked_bytes = 4 << 20;
        limits.ratio = 100;
    }));
    let token = site.token(Scope::Ingest);
    let zeros = vec![0; 64 << 20];
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("zstd", zstd::encode_all(&zeros[..], 3).unwrap()),
        // Below the bound in bytes, above the ratio.
        ("gzip", gzip(&zeros[..3 << 20])),
        ("zstd", zstd::encode_all(&zeros[..3 << 20], 3).unwrap()),
    ];
    for (packing, bomb) in bombs {
        let reply = site.bring(&token, &format!("Content-Encoding: {packing}\r\n"), &bomb);
        assert_eq!((reply.status, problem(&reply).as_str()), (413, "too-large"), "{packing}");
    }
    // A frame that wants gigabytes to look back at.
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(27).unwrap();
    wide.include_contentsize(false).unwrap();
    std::io::Write::write_all(&mut wide, b"n=1\n").unwrap();
    let reply = site.bring(&token, "Content-Encoding: zstd\r\n", &wide.finish().unwrap());
    assert_eq!(reply.status, 400, "{reply:?}");
    // Cut in the middle, and with something after it.
    let whole = gzip(b"n=1\n");
    for wrong in [&whole[..whole.len() - 4], &[&whole[..], b"more"].concat()] {
        let reply = site.bring(&token, "Content-Encoding: gzip\r\n", wrong);
        assert_eq!((reply.status, problem(&reply).as_str()), (400, "malformed"));
    }
    assert_eq!(site.count("default"), 0);
    lives(&site);
}

#[test]
fn a_tenants_bodies_leave_room_to_others() {
    let site = Site::of(Setup::limited(|limits| {
        limits.held_bytes = 1_000;
        limits.held_bytes_of_tenant = 600;
    }));
    let (token, other) = (site.token(Scope::Ingest), site.token_of("other", Scope::Ingest, None));
    let mut raw = site.raw();
    let head = format!(
        "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/plain\r\nContent-Length: 501\r\n\r\n"
    );
    raw.send(&[head.as_bytes(), &[b'x'; 500]].concat());
    let operator = site.token(Scope::Operator);
    while !site.get("/metrics", &operator).text().contains("tripline_http_held_bytes 500\n") {}
    let full = site.bring(&token, "", &[b'x'; 500]);
    assert_eq!((full.status, problem(&full).as_str()), (429, "full"));
    assert!(full.header("retry-after").is_some());
    assert_eq!(site.bring(&other, "", &[b'x'; 400]).status, 200);
    raw.send(b"x");
    assert_eq!(raw.reply().status, 200);
    assert_eq!(site.bring(&token, "", &[b'x'; 500]).status, 200);
}

#[test]
fn two_requests_in_one_are_none() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let head = format!(
        "POST /api/v1/ingest?source=web HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/plain\r\n"
    );
    for lengths in [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +4\r\n",
        "Transfer-Encoding : chunked\r\n",
    ] {
        let mut raw = site.raw();
        raw.send(format!("{head}{lengths}\r\nn=1\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let first = raw.try_reply();
        assert!(first.is_none_or(|reply| reply.status >= 400), "{lengths}");
    }
    assert_eq!(site.count("default"), 0);
    lives(&site);
}

#[test]
fn any_bytes_are_answered_or_closed() {
    let site = Site::of(Setup::limited(|limits| limits.head = std::time::Duration::from_millis(200)));
    let token = site.token(Scope::Operator);
    let word = prop_oneof![
        Just("GET ".to_string()),
        Just("POST ".into()),
        Just("/livez".into()),
        Just("/api/v1/ingest?source=a".into()),
        Just("/metrics".into()),
        Just(" HTTP/1.1\r\n".into()),
        Just(" HTTP/1.0\r\n".into()),
        Just("Host: a\r\n".into()),
        Just(format!("Authorization: Bearer {token}\r\n")),
        Just("Content-Type: text/plain\r\n".into()),
        Just("Content-Encoding: zstd\r\n".into()),
        Just("Content-Encoding: gzip\r\n".into()),
        Just("Content-Length: 7\r\n".into()),
        Just("Transfer-Encoding: chunked\r\n".into()),
        Just("Idempotency-Key: k\r\n".into()),
        Just("Expect: 100-continue\r\n".into()),
        Just("Upgrade: h2c\r\n".into()),
        Just("\r\n".into()),
        Just("3\r\nn=1\r\n0\r\n\r\n".into()),
        "\\PC{0,8}",
    ]
    .prop_map(String::into_bytes);
    let odd = proptest::collection::vec(any::<u8>(), 0..20);
    let bytes = proptest::collection::vec(prop_oneof![8 => word, 1 => odd], 0..14);
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&bytes, |words| {
        let mut raw = site.raw();
        raw.send(&words.concat());
        raw.finish();
        // Whatever else it is, it is not ours to mend; and there is no answer that nobody asked for.
        for status in raw.statuses() {
            prop_assert!((200..=599).contains(&status) && status != 500, "{status}");
        }
        Ok(())
    });
    tried.unwrap();
    lives(&site);
}
