//! A tenant that is added: what is printed for its machines is used as it is printed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};
use tripline_tests::Server;

use crate::rsyslog::Rsyslog;
use crate::server::{ports, start};
use crate::tools::tool;

/// Adds a tenant to a server that is not started yet.
fn add(server: &Server, name: &str, syslog: u16) -> Value {
    let at = format!("127.0.0.1:{syslog}");
    let arguments = ["tenant", "add", name, "--syslog", &at, "--format", "json"];
    let added = server.command(&arguments).output().unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    serde_json::from_slice(&added.stdout).unwrap()
}

#[test]
fn rsyslog_brings_a_tenants_lines_by_what_was_printed() {
    let Some(rsyslogd) = tool("rsyslogd") else { return };
    let off = "[server]\nlisten = \"off\"\n";
    let mut server = Server::new(off);
    let (_, tcp) = ports();
    let added = add(&server, "plant", tcp);
    server.configure(&format!("{off}{}", added["server"].as_str().unwrap()));
    start(&mut server);
    server.says("takes syslog at tcp/");
    let folder = tempfile::tempdir().unwrap();
    let rsyslog = Rsyslog::start(&rsyslogd, folder.path(), added["rsyslog"].as_str().unwrap());
    rsyslog.log("shipped", 100);
    // Its own word that it starts may come, too.
    let count = || -> u64 {
        let shipped = |one: &Value| one["title"].as_str().is_some_and(|title| title.starts_with("shipped"));
        let incidents = server.incidents("plant");
        incidents.iter().filter(|one| shipped(one)).filter_map(|one| one["count"].as_u64()).sum()
    };
    tripline_tests::until("all that it was given", || (count() == 100).then_some(()));
    rsyslog.end();
    assert_eq!(server.count("default"), 0);
    assert!(server.end().success());
}

/// What the collector's exporter sends by this configuration: OTLP's JSON, packed, to this address with this header.
#[test]
fn a_collectors_request_brings_a_tenants_lines_by_what_was_printed() {
    let mut server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    let added = add(&server, "plant", 5514);
    start(&mut server);
    let at = server.http();
    let collector = added["collector"].as_str().unwrap();
    let printed = |key: &str| {
        let line = collector.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        line.trim().trim_matches('"').to_string()
    };
    assert_eq!((printed("encoding:").as_str(), printed("compression:").as_str()), ("json", "gzip"));
    let endpoint = printed("logs_endpoint:");
    let path = endpoint.strip_prefix("http://127.0.0.1:8480").unwrap();
    let request = json!({ "resourceLogs": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "pay" } }] },
        "scopeLogs": [{ "logRecords": [{ "timeUnixNano": "1795000000000000000", "severityText": "ERROR",
            "body": { "stringValue": "payment failed" } }] }],
    }] });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.json");
    std::fs::write(&file, request.to_string()).unwrap();
    assert!(Command::new("gzip").arg(&file).status().unwrap().success());
    let packed = std::fs::read(folder.path().join("request.json.gz")).unwrap();
    let send = || {
        let mut stream = TcpStream::connect(at).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {}\r\n\
             Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            printed("Authorization:"),
            packed.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&packed).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // A collector that got no answer sends it again: it counts once.
    for _ in 0..2 {
        let answer = send();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("{}"), "{answer}");
    }
    let incidents = server.incidents("plant");
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!(incidents[0]["count"], 1);
    assert_eq!(server.count("default"), 0);
    assert!(server.end().success());
}

/// What the commands do to a database they do to a server.
#[test]
fn a_tenant_comes_and_goes_on_a_server_that_runs() {
    let mut server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    std::fs::write(server.path("operator"), server.token("operator", "default")).unwrap();
    start(&mut server);
    let url = format!("http://{}", server.http());
    let asked = |arguments: &[&str]| {
        let whole = [arguments, &["--server", &url, "--token-file", "operator"]].concat();
        let output = server.command(&whole).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), said)
    };
    let done = |arguments: &[&str]| {
        let (code, out, said) = asked(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {out}{said}");
        out
    };
    let add = [
        "tenant",
        "add",
        "plant",
        "--recipient",
        "soc@plant.example",
        "--quota",
        "lines=1000",
        "--format",
        "json",
    ];
    let added: Value = serde_json::from_str(&done(&add)).unwrap();
    assert!(added["collector"].as_str().unwrap().contains(&url), "it names the server: {added}");
    let secret = added["secret"].as_str().unwrap();
    assert_eq!(tripline_tests::bring(server.http(), secret, "one", "ERROR canary failed\n"), Some(200));
    assert_eq!(server.count("plant"), 1);
    done(&["tenant", "confirm", "plant", "soc@plant.example"]);
    let listed = done(&["tenant", "list", "--format", "ndjson"]);
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let plant = listed.iter().find(|one| one["name"] == "plant").unwrap();
    assert_eq!((&plant["open"], &plant["quota"]["lines"]), (&json!(1), &json!(1000)));
    assert!(plant["recipients"][0]["confirmed"].is_string(), "{plant}");
    assert!(done(&["tenant", "list"]).contains("plant"));
    // Given out by the server and by its database it is the same, but for what the requests themselves have recorded.
    let rows = |text: String| text.lines().filter(|line| !line.contains("log_records")).count();
    let by_server = rows(done(&["tenant", "export", "plant"]));
    let local = server.command(&["tenant", "export", "plant"]).output().unwrap();
    assert_eq!(by_server, rows(String::from_utf8(local.stdout).unwrap()));
    assert!(by_server > 5, "{by_server}");
    // Beside a server nobody deletes what that one has in memory.
    let local = server.command(&["tenant", "delete", "plant", "--yes"]).output().unwrap();
    assert_eq!(local.status.code(), Some(2), "{}", String::from_utf8_lossy(&local.stderr));
    assert_eq!(asked(&["tenant", "delete", "plant"]).0, Some(2), "it has to be meant");
    done(&["tenant", "delete", "plant", "--yes"]);
    assert_eq!(tripline_tests::bring(server.http(), secret, "two", "ERROR canary failed\n"), Some(401));
    assert_eq!(server.count("plant"), 0);
    let (code, _, said) = asked(&["tenant", "delete", "plant", "--yes"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no tenant plant"), "{said}");
    assert!(server.end().success());
    for end in ["", "-wal"] {
        let bytes = std::fs::read(server.path(&format!("tripline.db{end}"))).unwrap_or_default();
        assert!(
            !bytes.windows(6).any(|window| window == b"canary"),
            "it is in the file with the end {end:?}"
        );
    }
}
