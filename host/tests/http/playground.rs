//! The rule playground's files: for everybody, with one policy, and nothing of the server in them.

use tripline::playground::{POLICY, page};

use crate::fixture::{Site, problem};

#[test]
fn it_is_served_without_a_token_and_with_its_policy() {
    let site = Site::new();
    let ask = |path: &str, more: &str| site.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n"));
    let moved = ask("/playground", "");
    assert_eq!((moved.status, moved.header("location")), (308, Some("playground/")));
    let index = ask("/playground/", "");
    assert_eq!((index.status, index.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let expected = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; \
                    style-src 'self'; img-src 'self'";
    assert_eq!(POLICY, expected);
    for (path, file) in page() {
        let got = ask(&format!("/playground/{path}"), "");
        assert_eq!(got.status, 200, "{path}");
        assert!(got.body == file.bytes[..], "{path}");
        assert_eq!(got.header("content-type"), Some(file.content_type), "{path}");
        assert_eq!(got.header("content-security-policy"), Some(expected), "{path}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!((got.header("set-cookie"), got.header("access-control-allow-origin")), (None, None));
    }
    assert_eq!(ask("/playground/tripline_bg.wasm", "").header("content-type"), Some("application/wasm"));
}

#[test]
fn it_is_packed_for_who_takes_that_and_not_sent_twice() {
    let site = Site::new();
    let ask = |more: &str| site.ask(format!("GET /playground/page.js HTTP/1.1\r\nHost: a\r\n{more}\r\n"));
    let plain = ask("");
    let packed = ask("Accept-Encoding: br, gzip;q=0.5\r\n");
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), (None, Some("gzip")));
    assert!(packed.body.len() < plain.body.len() / 2);
    let unpacked = std::io::read_to_string(flate2::read::GzDecoder::new(&packed.body[..])).unwrap();
    assert_eq!(unpacked.as_bytes(), &plain.body[..]);
    for refused in ["gzip;q=0", "gzip;q=0.0", "identity", "x-gzip"] {
        let got = ask(&format!("Accept-Encoding: {refused}\r\n"));
        assert_eq!(got.header("content-encoding"), None, "{refused}");
    }
    let (one, other) = (plain.header("etag").unwrap(), packed.header("etag").unwrap());
    assert_ne!(one, other);
    let known = ask(&format!("If-None-Match: {one}\r\n"));
    assert_eq!((known.status, known.body.len()), (304, 0));
    let known = ask(&format!("Accept-Encoding: gzip\r\nIf-None-Match: {other}\r\n"));
    assert_eq!((known.status, known.header("content-encoding")), (304, None));
    assert_eq!(ask("If-None-Match: \"old\"\r\n").status, 200);
}

#[test]
fn there_is_nothing_else_below_it() {
    let site = Site::new();
    for path in [
        "x",
        "../livez",
        "%2e%2e/%2e%2e/etc/passwd",
        "packs/",
        "packs/../index.html",
        "given.log",
        "page.js/",
    ] {
        let got = site.ask(format!("GET /playground/{path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!((got.status, problem(&got).as_str()), (404, "unknown"), "{path}");
    }
    let posted = site.ask("POST /playground/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(posted.status, 405);
}
