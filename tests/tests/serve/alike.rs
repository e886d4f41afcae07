//! A scan is told alike by a server, which makes and judges it, and by the command that does so itself.

use std::net::Ipv4Addr;

use serde_json::Value;
use tripline_tests::Server;

use crate::scanning::{asked, listener, sections, start};

#[test]
fn a_scan_is_told_alike_by_a_server_and_by_the_command() {
    let (host, _listener, port) = listener(9);
    let (allowed, _allowed_listener, allowed_port) = listener(10);
    let open = format!("[packs.exposure]\nallowed = [\"{allowed}: any\"]\n");
    let run = |target: Ipv4Addr, port: u16| {
        let words =
            ["scan", "run", &target.to_string(), "--ports", &port.to_string(), "--every-address", "--name"];
        words.map(String::from).to_vec()
    };
    let (against, within) = (run(host, port), run(allowed, allowed_port));
    let told = |how: &mut dyn FnMut(&[&str], i32) -> String| {
        let mut told = Vec::new();
        for (arguments, name, code) in [(&against, "against", 1), (&within, "within", 0)] {
            let words: Vec<&str> = arguments.iter().map(String::as_str).chain([name]).collect();
            let json = how(&[&words[..], &["--format", "json"]].concat(), code);
            let json: Value = serde_json::from_str(&json).unwrap();
            let ndjson = how(&[&words[..], &["--format", "ndjson"]].concat(), code);
            let types =
                ndjson.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone());
            told.push((keys(&json), types.collect::<Vec<_>>()));
            // Worse than any: nothing of that.
            how(&[&words[..], &["--fail-on", "critical"]].concat(), 0);
        }
        told
    };
    let sections = sections(&[]) + &open;
    let mut server = Server::new(&sections);
    let token = server.token("analyst", "default");
    start(&mut server);
    let there = told(&mut |words, code| asked(&server, &token, words, code).0);
    assert!(server.end().success());
    let alone = Server::new(&sections);
    let here = told(&mut |words, code| {
        let output = alone.command(words).args(["--only", "exposure"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    assert_eq!(there, here);
    assert_eq!(here[0].1, ["scan", "finding", "incident"]);
    // Packs that are named here do not judge there.
    let mut server = alone;
    start(&mut server);
    let words: Vec<&str> = within.iter().map(String::as_str).chain(["within", "--only", "sshd"]).collect();
    let (_, err) = asked(&server, &token, &words, 2);
    assert!(err.contains("its own packs judge"), "{err}");
    assert!(server.end().success());
}

/// Keys of a document, and what their values are.
fn keys(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), keys(value))).collect(),
        // All are alike.
        Value::Array(list) => list.iter().map(keys).collect::<Vec<_>>().into(),
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
    }
}
