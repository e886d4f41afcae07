//! Several hosts whose ports open and close between scans: what has changed, the incidents, and the mails.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use mail_parser::MessageParser;
use serde_json::Value;
use tripline_tests::Sink;

use crate::fixture::{Greets, Here, free, scanners};

fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 79, last)
}

/// Kind, the last byte of the address and the port of what has changed.
fn changes(here: &Here) -> Vec<(String, u8, u64)> {
    let diff = here.json(&["scan", "diff", "--db", "t.db"], 0);
    let change = |one: &Value| {
        let target: Ipv4Addr = one["target"].as_str().unwrap().parse().unwrap();
        let kind = one["finding"].as_str().unwrap().to_string();
        (kind, target.octets()[3], one["port"].as_u64().unwrap_or(0))
    };
    let mut changes: Vec<_> = diff["changes"].as_array().unwrap().iter().map(change).collect();
    changes.sort();
    changes
}

/// Incidents of a document: severity and count by what they are about.
fn incidents(list: &Value) -> BTreeMap<String, (String, u64)> {
    let one = |one: &Value| {
        assert_eq!(one["rule"], "port-not-allowed", "{one}");
        let key = one["fingerprint"].as_str().unwrap().to_string();
        (key, (one["severity"].as_str().unwrap().to_string(), one["count"].as_u64().unwrap()))
    };
    list.as_array().unwrap().iter().map(one).collect()
}

/// Subject and text of each mail.
fn mails(sink: &Sink) -> Vec<(String, String)> {
    let read = |mail: String| {
        let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("security@example.org"));
        (parsed.subject().unwrap().to_string(), parsed.body_text(0).unwrap().into_owned())
    };
    let mut mails: Vec<_> = sink.whole().into_iter().map(read).collect();
    mails.sort();
    mails
}

fn story(scanner: &str) {
    let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
    let [allowed, other] = free(host(1));
    let here = Here::new(&format!(
        "[[scan.allow]]\nnetworks = [\"127.0.79.0/24\"]\n[packs.exposure]\nallowed = [\"127.0.79.0/24: {allowed}\"]\n"
    ));
    let (relay, ports) = (sink.relay(), format!("{allowed},{other}"));
    // The line of the seed, with a name, so that it is compared, and a relay that is the test's.
    let line =
        ["scan", "run", "127.0.79.1", "127.0.79.2/31", "127.0.79.4", "--ports", &ports, "--db", "t.db"];
    let rest =
        ["--name", "lab", "--scanner", scanner, "--mail-to", "security@example.org", "--relay", &relay];
    let line = [&line[..], &rest].concat();
    let key = |last: u8| format!("{} {other}/tcp", host(last));
    let scan = |run: u64, expected: &[(u8, &str, u64)], changed: &[(&str, u8, u16)]| {
        let told = here.json(&line, i32::from(!expected.is_empty()));
        let scan = &told["scans"][0];
        assert_eq!(
            (&scan["run"], &scan["state"], &scan["scanner"]),
            (&run.into(), &"done".into(), &scanner.into())
        );
        assert_eq!(scan["hosts"], 4, "{scan}");
        let expected =
            expected.iter().map(|(last, severity, count)| (key(*last), (severity.to_string(), *count)));
        assert_eq!(incidents(&told["check"]["incidents"]), expected.collect(), "run {run}");
        let mut changed: Vec<_> =
            changed.iter().map(|(kind, last, port)| (kind.to_string(), *last, u64::from(*port))).collect();
        changed.sort();
        assert_eq!(changes(&here), changed, "run {run}");
    };
    let _one = Greets::at(host(1), allowed);
    let two = Greets::at(host(2), other);
    let _three = Greets::at(host(3), allowed);
    // Nothing was there to compare with; what no policy allows is told all the same.
    scan(1, &[(2, "medium", 1)], &[]);
    drop(two);
    let _four = Greets::at(host(4), other);
    scan(2, &[(4, "high", 1)], &[("port_opened", 4, other)]);
    // Not found once is no time; the second time it is closed.
    scan(3, &[(4, "high", 2)], &[("port_closed", 2, other)]);
    let _two = Greets::at(host(2), other);
    scan(4, &[(2, "high", 2), (4, "high", 3)], &[("port_opened", 2, other)]);

    let list = here.json(&["incident", "list", "--db", "t.db"], 0);
    let all = [(key(2), ("high".to_string(), 2)), (key(4), ("high".to_string(), 3))];
    assert_eq!(incidents(&list["incidents"]), all.into());
    // Each is mailed once, the one that became worse once more, in the same thread; none for what is as before.
    let mails = mails(&sink);
    let about = |last: u8| {
        let place = format!("{} port {other}/tcp", host(last));
        mails.iter().filter(|(subject, text)| subject.contains(&place) && text.contains(&place)).count()
    };
    assert_eq!((about(2), about(4), mails.len()), (2, 1, 3), "{mails:#?}");
    let numbers = |last: u8| {
        let place = host(last).to_string();
        let of = mails.iter().filter(|(subject, _)| subject.contains(&place));
        of.map(|(subject, _)| subject.split(']').next().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!((numbers(2), numbers(4)), (vec!["[tripline #1".into(); 2], vec!["[tripline #2".to_string()]));
}

#[test]
fn several_hosts_are_scanned_compared_judged_and_mailed() {
    scanners().into_iter().for_each(story);
}

#[test]
fn the_line_of_the_seed_waits_for_the_network_alone() {
    let here = Here::new("");
    let mut command = tripline_tests::program();
    command.current_dir(&here.0).env("TRIPLINE_CONFIG", "tripline.toml");
    let line = "scan run example.org --ports 80 --mail-to security@example.org --db incidents.db";
    let output = command.args(line.split(' ')).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("tenant `default` may scan in `scan.allow.networks`, found none"), "{err}");
    assert!(!err.contains("relay") && !here.0.path().join("incidents.db").exists(), "{err}");
}
