//! Lines that are brought: a success means that they are judged and on disk, once.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tripline::quota::{Quota, QuotaKind};
use tripline::serve::IntakeLimits;
use tripline::token::Scope;

use crate::fixture::{Setup, Site, lines, problem};

#[test]
fn a_success_means_that_all_is_on_disk() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let mut sent = 0;
    for batch in 0..5 {
        let body = lines(batch * 10, batch * 10 + 7);
        let reply = site.bring(&token, "", body.as_bytes());
        sent += 7;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json(), json!({ "lines": 7, "bytes": body.len(), "duplicate": false }));
        assert_eq!(site.count("default"), sent);
    }
    let site = site.again();
    assert_eq!(site.count("default"), sent);
}

#[test]
fn what_comes_again_with_its_key_counts_once() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let key = "Idempotency-Key: 3f9a-1\r\n";
    let body = lines(0, 3);
    assert_eq!(site.bring(&token, key, body.as_bytes()).json()["duplicate"], false);
    assert_eq!(site.bring(&token, key, body.as_bytes()).json()["duplicate"], true);
    let packed = gzip(body.as_bytes());
    let again = site.bring(&token, &format!("{key}Content-Encoding: gzip\r\n"), &packed);
    assert_eq!(again.json(), json!({ "lines": 3, "bytes": body.len(), "duplicate": true }));
    // The server forgets nothing when it ends.
    let site = site.again();
    assert_eq!(site.bring(&token, key, body.as_bytes()).json()["duplicate"], true);
    let other = site.bring(&token, key, lines(0, 4).as_bytes());
    assert_eq!((other.status, problem(&other).as_str()), (422, "key-reused"));
    let elsewhere = site.bring_to("/api/v1/ingest?source=mail", &token, key, body.as_bytes());
    assert_eq!((elsewhere.status, problem(&elsewhere).as_str()), (422, "key-reused"));
    assert_eq!(site.count("default"), 3);
    // Another tenant's keys are its own.
    let stranger = site.token_of("other", Scope::Ingest, None);
    assert_eq!(site.bring(&stranger, key, body.as_bytes()).json()["duplicate"], false);
    assert_eq!((site.count("default"), site.count("other")), (3, 3));
}

#[test]
fn packed_lines_are_unpacked() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let body = lines(0, 2_000);
    let two_members = [gzip(&body.as_bytes()[..100]), gzip(&body.as_bytes()[100..])].concat();
    let bodies = [
        ("gzip", two_members),
        ("zstd", zstd::encode_all(body.as_bytes(), 19).unwrap()),
        ("identity", body.clone().into_bytes()),
    ];
    for (number, (packing, packed)) in (1..).zip(&bodies) {
        let reply = site.bring(&token, &format!("Content-Encoding: {packing}\r\n"), packed);
        assert_eq!(reply.json()["bytes"], body.len(), "{packing}: {reply:?}");
        assert_eq!(site.count("default"), number * 2_000);
    }
}

#[test]
fn bytes_that_are_no_text_are_lines_all_the_same() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let body = b"\xff\xfe n=1\n\0\0\0 n=2\r\n\n\nn=3 \xc3\x28\x00\nlast n=4";
    let reply = site.bring(&token, "Content-Type: text/plain; charset=utf-8\r\n", body);
    assert_eq!((reply.status, reply.json()["lines"].clone()), (200, json!(6)), "{reply:?}");
    assert_eq!(site.count("default"), 4);
    assert_eq!(site.bring(&token, "", b"").json(), json!({ "lines": 0, "bytes": 0, "duplicate": false }));
}

#[test]
fn each_line_of_ndjson_is_an_event() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let path = "/api/v1/ingest?source=app";
    let content = "Content-Type: application/x-ndjson\r\n";
    let body = b"{\"msg\":\"n=1\"}\n  {\"msg\": \"n=2\"}\nno JSON n=3\n";
    assert_eq!(site.bring_to(path, &token, content, body).json()["lines"], 3);
    assert_eq!(site.count("default"), 3, "nothing joins the line before");
    // What the source's first request has said holds.
    let reply = site.bring_to(path, &token, "", body);
    assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"));
    let zoned = site.bring_to(&format!("{path}&timezone=Europe/Berlin"), &token, content, body);
    assert_eq!(zoned.status, 409);
    assert_eq!(site.bring_to(path, &token, content, body).status, 200);
}

#[test]
fn what_a_request_says_is_looked_at() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let long = format!("?source={}", "x".repeat(65));
    let long_zone = format!("?source=a&timezone={}", "x".repeat(65));
    for (query, status) in [
        ("", 400),
        ("?source=", 422),
        ("?source=a/b", 422),
        ("?source=..%2f", 422),
        ("?source=a%00", 422),
        ("?source=a&source=b", 400),
        ("?source=a&tenant=other", 400),
        ("?source=a&format=xml", 422),
        // Only the server's own scans write findings.
        ("?source=a&format=finding", 422),
        ("?source=a&timezone=../../etc/passwd", 422),
        (long.as_str(), 422),
        (long_zone.as_str(), 422),
        ("?source=a&format=plain&timezone=%2B02:00", 200),
    ] {
        let reply = site.bring_to(&format!("/api/v1/ingest{query}"), &token, "", b"n=1\n");
        assert_eq!(reply.status, status, "{query}: {reply:?}");
        let _ = (status != 200).then(|| problem(&reply));
    }
    let key = format!("Idempotency-Key: {}\r\n", "k".repeat(256));
    for (headers, status) in [
        ("Content-Type: application/json\r\n", 415),
        ("Content-Type: \r\n", 415),
        ("Content-Encoding: br\r\n", 415),
        ("Content-Encoding: gzip, gzip\r\n", 415),
        ("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", 415),
        ("Content-Encoding: gzip\r\n", 400),
        ("Content-Encoding: zstd\r\n", 400),
        ("Idempotency-Key: a b\r\n", 400),
        ("Idempotency-Key: \r\n", 400),
        ("Idempotency-Key: a\r\nIdempotency-Key: a\r\n", 400),
        (key.as_str(), 400),
    ] {
        let reply = site.bring(&token, headers, b"n=1\n");
        assert_eq!(reply.status, status, "{headers}: {reply:?}");
        problem(&reply);
    }
    assert_eq!(site.count("default"), 1);
}

#[test]
fn whoever_finds_no_room_comes_again() {
    let mut setup = Setup::limited(|limits| limits.commit = std::time::Duration::from_millis(50));
    setup.judges = false;
    setup.intake = IntakeLimits { bytes: 1_000, tenant_bytes: 1_000, source_bytes: 60, sources: 2 };
    let site = Site::of(setup);
    let token = site.token(Scope::Ingest);
    let body = [b'x'; 50];
    let key = "Idempotency-Key: a\r\n";
    // Taken, but nobody judges it: no success.
    let taken = site.bring(&token, key, &body);
    assert_eq!((taken.status, problem(&taken).as_str()), (503, "unavailable"));
    assert!(taken.header("retry-after").is_some());
    let underway = site.bring(&token, key, b"x");
    assert_eq!((underway.status, problem(&underway).as_str()), (409, "underway"));
    let full = site.bring(&token, "", &body);
    assert_eq!((full.status, problem(&full).as_str()), (429, "full"));
    assert_eq!(full.header("retry-after"), Some("1"));
    assert_eq!(site.bring_to("/api/v1/ingest?source=b", &token, "", &body).status, 503, "the other's room");
    let third = site.bring_to("/api/v1/ingest?source=c", &token, "", b"x");
    assert_eq!((third.status, problem(&third).as_str()), (422, "invalid"));
    site.intake.stop();
    assert_eq!(site.bring(&token, "", b"x").status, 503);
}

#[test]
fn a_tenant_that_floods_leaves_room_to_others() {
    let mut setup = Setup::limited(|limits| limits.commit = std::time::Duration::from_millis(20));
    setup.judges = false;
    setup.intake = IntakeLimits { bytes: 400, tenant_bytes: 100, source_bytes: 50, sources: 100 };
    let site = Site::of(setup);
    let noisy = site.token(Scope::Ingest);
    let bring = |token: &str, source: u32| {
        site.bring_to(&format!("/api/v1/ingest?source=s{source}"), token, "", &[b'x'; 30]).status
    };
    let statuses: Vec<u16> = (0..10).map(|source| bring(&noisy, source)).collect();
    assert_eq!(statuses, [503, 503, 503, 429, 429, 429, 429, 429, 429, 429]);
    for quiet in 0..9 {
        let token = site.token_of(&format!("quiet-{quiet}"), Scope::Ingest, None);
        assert_eq!(bring(&token, 0), 503, "taken, though nobody judges it");
    }
}

#[test]
fn a_server_that_stops_tells_what_became_of_lines() {
    let mut site = Site::new();
    let token = site.token(Scope::Ingest);
    let port = site.port();
    let senders: Vec<_> = (0..8)
        .map(|number| {
            let token = token.clone();
            std::thread::spawn(move || {
                let mut raw = crate::raw::Raw::open(port);
                let mut taken = 0;
                for n in 0..200 {
                    let body = format!("n={number}-{n}\n");
                    let length = body.len();
                    raw.send(
                        format!(
                            "POST /api/v1/ingest?source=s{number} HTTP/1.1\r\nHost: a\r\n\
                             Authorization: Bearer {token}\r\nContent-Type: text/plain\r\n\
                             Content-Length: {length}\r\n\r\n{body}"
                        )
                        .as_bytes(),
                    );
                    match raw.try_reply() {
                        Some(reply) if reply.status == 200 => taken += 1,
                        _ => break,
                    }
                }
                taken
            })
        })
        .collect();
    while site.count("default") < 20 {
        std::thread::yield_now();
    }
    site.end();
    let taken: u64 = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
    // What was on its way may be on disk without its answer: one of each sender.
    let count = site.count("default");
    assert!((taken..=taken + 8).contains(&count), "{taken} were answered, {count} are kept");
}

#[test]
fn curl_brings_lines() {
    let site = Site::new();
    let token = site.token(Scope::Ingest);
    let path = site.path("lines.log");
    // Large enough that curl asks first whether it may.
    std::fs::write(&path, lines(0, 50_000)).unwrap();
    let mut curl = std::process::Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "-H", "Content-Type: text/plain"]);
    curl.arg("-H").arg(format!("Authorization: Bearer {token}"));
    curl.arg("--data-binary").arg(format!("@{}", path.display())).arg(site.url("/api/v1/ingest?source=web"));
    let Ok(output) = curl.output() else {
        eprintln!("skipped: there is no curl");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(site.count("default"), 50_000);
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Over its lines a second a tenant is refused, and comes again when it is told; others are not, and operators see it.
#[test]
fn over_its_quota_a_tenant_waits_and_others_do_not() {
    let site = Site::new();
    let plant = crate::api::tenant("plant");
    let (token, other) = (site.token_of("plant", Scope::Ingest, None), site.token(Scope::Ingest));
    site.intake.quotas().unwrap().put(&plant, Quota::of(QuotaKind::Lines, 10));
    let lines = b"n=1\n".repeat(30);
    assert_eq!(site.bring(&token, "", &lines).status, 200, "what comes at once is not torn");
    let refused = site.bring(&token, "", b"n=1\n");
    assert_eq!((refused.status, problem(&refused).as_str()), (429, "full"));
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(site.bring(&other, "", &lines).status, 200);
    let metrics = site.get("/metrics", &site.token(Scope::Operator)).text();
    assert!(metrics.contains("tripline_tenant_over_quota{tenant=\"plant\",quota=\"lines\"} 1"), "{metrics}");
    assert!(
        metrics.contains("tripline_tenant_went_over_quota_total{tenant=\"plant\",quota=\"lines\"} 1"),
        "{metrics}"
    );
    site.clock.pass(2);
    assert_eq!(site.bring(&token, "", b"n=1\n").status, 200);
    let told = || {
        let page = site.database.page(&plant, &tripline::incidents::Filter::default(), None, 10).unwrap();
        page.incidents.iter().filter(|one| one.rule == "over-quota").map(|one| one.count).sum::<u64>()
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while told() == 0 {
        assert!(std::time::Instant::now() < until, "it is not told");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(told(), 1);
    // Events count, however they are written: without an end, or all in one line.
    let records = crate::api::tenant("records");
    let token = site.token_of("records", Scope::Ingest, None);
    site.intake.quotas().unwrap().put(&records, Quota::of(QuotaKind::Lines, 10));
    let brought = (0..100)
        .take_while(|_| site.bring_to("/api/v1/ingest?source=open", &token, "", b"n=1").status == 200)
        .count();
    assert!((10..=12).contains(&brought), "{brought}");
    site.intake.quotas().unwrap().put(&records, Quota::default());
    site.intake.quotas().unwrap().put(&records, Quota::of(QuotaKind::Lines, 10));
    let all = format!("{{\"Records\":[{}]}}", ["{\"n\":1}"; 30].join(","));
    let together =
        || site.bring_to("/api/v1/ingest?source=together&format=records", &token, "", all.as_bytes());
    assert_eq!(together().status, 200);
    assert_eq!(together().status, 429);
}
