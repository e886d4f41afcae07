//! Scans of a running server: by schedule and by hand, their incidents, and what a kill in the middle leaves.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tripline_tests::{PATIENCE, Server, processes, until};

pub(crate) fn listener(last: u8) -> (Ipv4Addr, TcpListener, u16) {
    let host = Ipv4Addr::new(127, 0, 77, last);
    let listener = TcpListener::bind((host, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (host, listener, port)
}

/// Without nmap, so that it is the same everywhere; once at the start, and again when nobody waits any more.
pub(crate) fn sections(schedules: &[(&str, Ipv4Addr, u16)]) -> String {
    let mut text =
        "[server]\nlisten = \"127.0.0.1:0\"\n[[scan.allow]]\nnetworks = [\"127.0.76.0/22\"]\n".to_string();
    for (name, host, port) in schedules {
        text += &format!(
            "[[scan.schedule]]\nname = \"{name}\"\ntargets = [\"{host}\"]\nports = \"{port}\"\nevery = \"1d\"\n\
             every_address = true\n"
        );
    }
    text
}

/// The server's words over the wire.
pub(crate) fn asked(server: &Server, token: &str, arguments: &[&str], code: i32) -> (String, String) {
    let url = format!("http://{}", server.http());
    let mut command = server.command(arguments);
    command.env("TRIPLINE_SERVER", url).env("TRIPLINE_TOKEN", token);
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
    (out, err)
}

pub(crate) fn scans(server: &Server, token: &str) -> Vec<Value> {
    let (listed, _) = asked(server, token, &["scan", "list", "--format", "ndjson"], 0);
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// nmap; where nothing may be skipped, it must be there.
pub(crate) fn nmap() -> Option<PathBuf> {
    let found = tripline::scans::find(None, std::env::var_os("PATH").as_deref());
    assert!(found.is_ok() || std::env::var_os("CI").is_none(), "expected nmap: apt-get install nmap");
    found.ok()
}

pub(crate) fn start(server: &mut Server) {
    server.start(&["--only", "exposure"], None);
    server.http();
}

#[test]
fn what_is_open_against_the_policy_is_one_incident_by_schedule_and_by_hand() {
    let (host, _listener, port) = listener(1);
    let mut server = Server::new(&sections(&[("office", host, port)]));
    let token = server.token("analyst", "default");
    start(&mut server);
    server.says("scan office is done (run 1): hosts 1, open ports 1");
    server.until("default", 1);
    let incident = &server.incidents("default")[0];
    assert_eq!((&incident["pack"], &incident["rule"]), (&"exposure".into(), &"port-not-allowed".into()));
    assert!(incident["title"].as_str().unwrap().contains(&host.to_string()), "{incident}");
    // By hand, under the same name: the same port of the same host is the same incident.
    let target = host.to_string();
    let ports = port.to_string();
    let run = ["scan", "run", &target, "--ports", &ports, "--name", "office", "--every-address"];
    let (out, _) = asked(&server, &token, &run, 1);
    assert!(out.contains("scan 2 of office") && out.contains(&format!("tcp/{port}")), "{out}");
    // What its rules decided is told as it is where this program judges, and both are counted.
    assert!(out.contains("exposure/port-not-allowed") && out.contains("1 incident: 1 medium"), "{out}");
    let incidents = server.incidents("default");
    assert_eq!((incidents.len(), &incidents[0]["count"]), (1, &2.into()));
    let (schedules, _) = asked(&server, &token, &["scan", "schedule"], 0);
    assert!(schedules.contains("office  every 24h"), "{schedules}");
    // What is not listed is not scanned, and there is no incident of it either.
    let (_, err) = asked(&server, &token, &["scan", "run", "10.0.0.1", "--ports", "1"], 2);
    assert!(err.contains("scan.allow.networks"), "{err}");
    // One that comes with a change of the configuration is made at once.
    let (second, _second_listener, second_port) = listener(2);
    server.configure(&sections(&[("office", host, port), ("attic", second, second_port)]));
    server.signal("-HUP");
    server.says("scan attic is done");
    until("it is an incident", || (server.incidents("default").len() == 2).then_some(()));
    assert!(server.end().success());
}

#[test]
fn killed_in_the_middle_of_a_scan_it_is_marked_and_the_next_one_is_right() {
    let (host, _listener, port) = listener(3);
    let mut server = Server::new(&sections(&[("office", host, port)]));
    let token = server.token("analyst", "default");
    start(&mut server);
    server.until("default", 1);
    let at = server.http();
    let body = r#"{"name":"long","targets":["127.0.76.0/22"],"ports":"1-65535","every_address":true}"#;
    let begun = request(at, &token, "POST", "/api/v1/scans", body);
    assert!(begun.starts_with("HTTP/1.1 202"), "{begun}");
    assert_eq!(scans(&server, &token)[0]["state"], "running");
    server.kill();
    start(&mut server);
    let listed = until("it is marked", || {
        let listed = scans(&server, &token);
        (listed[0]["state"] == "failed" && listed[0]["judged"] == true).then_some(listed)
    });
    assert_eq!((&listed[0]["scan"], &listed[0]["reason"]), (&"long".into(), &"died".into()));
    // The schedule was made before the kill, and is not made again for the same time.
    assert_eq!(listed.len(), 2);
    let target = host.to_string();
    let run = ["scan", "run", &target, "--ports", &port.to_string(), "--name", "office", "--every-address"];
    let (out, _) = asked(&server, &token, &run, 1);
    assert!(out.contains("scan 3 of office by") && out.contains("done"), "{out}");
    let failed = |incident: &Value| incident["rule"] == "scan-failed";
    until("that it failed is an incident", || server.incidents("default").iter().any(failed).then_some(()));
    assert!(server.end().success());
}

#[test]
fn a_scan_tells_how_far_it_is_until_somebody_ends_it() {
    let mut server = Server::new(&sections(&[]));
    let token = server.token("analyst", "default");
    start(&mut server);
    let at = server.http();
    let body = r#"{"targets":["127.0.76.0/22"],"ports":"1-65535","every_address":true}"#;
    let begun = request(at, &token, "POST", "/api/v1/scans", body);
    assert!(begun.starts_with("HTTP/1.1 202"), "{begun}");
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET /api/v1/scans/1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    // Some of it is done, and not all. nmap says how long it takes yet, once it knows; who connects does not.
    let left = nmap().is_some();
    let progress = lines.find_map(|line| {
        assert_ne!(line, "event: ended");
        let progress: Value = serde_json::from_str(line.strip_prefix("data: ")?).unwrap();
        let percent = progress["percent"].as_f64().unwrap();
        (percent > 0.0 && percent < 100.0 && progress["left"].is_u64() == left).then_some(progress)
    });
    let progress = progress.unwrap();
    assert!(progress["task"].as_str().is_some_and(|task| !task.is_empty()), "{progress}");
    // What cannot be is told before anything else, and nobody need come again with it.
    for body in [
        r#"{"targets":["10.0.0.1"],"ports":"1"}"#,
        r#"{"targets":["127.0.76.1"],"ports":"1","scripts":["smb-vuln-ms17-010"]}"#,
        r#"{"name":"other","targets":["localhost","10.0.0.1"],"ports":"1"}"#,
    ] {
        let refused = request(at, &token, "POST", "/api/v1/scans", body);
        assert!(refused.starts_with("HTTP/1.1 422"), "{body}: {refused}");
    }
    let full =
        request(at, &token, "POST", "/api/v1/scans", r#"{"name":"b","targets":["127.0.76.1"],"ports":"1"}"#);
    assert!(full.starts_with("HTTP/1.1 429"), "{full}");
    let (_, err) = asked(&server, &token, &["scan", "cancel", "1"], 0);
    assert!(err.contains("ends soon"), "{err}");
    lines.find(|line| line == "event: ended").unwrap();
    let data = lines.find_map(|line| line.strip_prefix("data: ").map(String::from)).unwrap();
    let ended: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((&ended["run"], &ended["state"]), (&1.into(), &"cancelled".into()));
    let (_, err) = asked(&server, &token, &["scan", "cancel", "1"], 2);
    assert!(err.contains("no scan 1 that is underway"), "{err}");
    assert!(server.end().success());
}

#[test]
fn what_is_due_is_made_without_a_server_too() {
    let (host, _listener, port) = listener(4);
    let server = Server::new(&sections(&[("office", host, port)]));
    let due = || {
        let output = server.command(&["scan", "due", "--only", "exposure"]).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = due();
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("scan 1 of office") && out.contains(&format!("tcp/{port}")), "{out}");
    assert_eq!(server.count("default"), 1);
    let (code, out, err) = due();
    assert_eq!((code, &out[..]), (Some(0), ""), "{err}");
    assert!(err.contains("no scan is due"), "{err}");
}

/// An answer's head and what came with it.
fn request(at: std::net::SocketAddr, token: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    answer
}

#[test]
fn what_was_judged_before_a_kill_counts_once_for_a_server_and_for_the_command() {
    let (host, _listener, port) = listener(5);
    let mut server = Server::new(&sections(&[("office", host, port)]));
    let token = server.token("analyst", "default");
    start(&mut server);
    until("it is judged", || is_judged(&server, &token).then_some(()));
    assert_eq!(server.count("default"), 1);
    server.kill();
    // As if it had been killed between the commit and the mark.
    forget(&server);
    start(&mut server);
    until("it is judged again", || is_judged(&server, &token).then_some(()));
    assert!(server.end().success());
    assert_eq!(server.count("default"), 1);
    forget(&server);
    let other = ["scan", "run", &host.to_string(), "--ports", "1", "--name", "other", "--every-address"];
    let output = server.command(&other).args(["--only", "exposure"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.count("default"), 1, "the command finds what the server has judged");
}

/// Nobody knows any more that rules have judged its run.
fn forget(server: &Server) {
    let database = rusqlite::Connection::open(server.path("tripline.db")).unwrap();
    assert_eq!(database.execute("UPDATE scan_runs SET judged = 0", []).unwrap(), 1);
}

/// Whether rules have judged the latest run.
fn is_judged(server: &Server, token: &str) -> bool {
    scans(server, token).first().is_some_and(|scan| scan["judged"] == true)
}

/// A schedule that takes longer than any test; nobody else asks for these ports.
fn night(ports: &str) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[scan.allow]]\nnetworks = [\"127.0.76.0/22\"]\n\
         [[scan.schedule]]\nname = \"night\"\ntargets = [\"127.0.76.0/24\"]\nports = \"{ports}\"\nevery = \"1d\"\n\
         every_address = true\n"
    )
}

#[test]
fn killed_in_the_middle_of_a_schedules_scan_it_leaves_no_nmap_and_makes_it_again_once() {
    if nmap().is_none() {
        return;
    }
    let (host, _listener, port) = listener(6);
    let mut server = Server::new(&night("1-65531"));
    let token = server.token("analyst", "default");
    let words = ["nmap", "-iL", "1-65531"];
    for made in [1, 2] {
        start(&mut server);
        until("nmap runs", || (!processes(&words).is_empty()).then_some(()));
        until("it is kept that it runs", || {
            let listed = scans(&server, &token);
            (listed.len() == made && listed[0]["state"] == "running").then_some(())
        });
        server.kill();
        until("nmap is gone", || processes(&words).is_empty().then_some(()));
    }
    // What brings its program down twice waits for its next time.
    start(&mut server);
    let listed = until("both are marked", || {
        let listed = scans(&server, &token);
        listed.iter().all(|one| one["state"] == "failed" && one["judged"] == true).then_some(listed)
    });
    assert_eq!(listed.len(), 2, "{listed:?}");
    let target = host.to_string();
    let run = ["scan", "run", &target, "--ports", &port.to_string(), "--name", "night", "--every-address"];
    let (out, _) = asked(&server, &token, &run, 1);
    assert!(out.contains("scan 3 of night by nmap: done") && out.contains(&format!("tcp/{port}")), "{out}");
    assert!(server.end().success());
    assert_eq!(processes(&words), [0; 0]);
}

/// An nmap that has begun others, which do not end by themselves.
fn spawning(folder: &Path, mark: &str) {
    let program = folder.join("nmap");
    let text =
        format!("#!/bin/sh\ntrap '' TERM\n/bin/sleep {mark} &\n(/bin/sleep {mark} & /bin/sleep {mark})\n");
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn killed_it_takes_along_what_its_scanner_has_begun() {
    let mark = "98765433";
    let mut server = Server::new(&night("1-65530"));
    let programs = tempfile::tempdir().unwrap();
    spawning(programs.path(), mark);
    server.find_programs_in(programs.path());
    server.start(&["--only", "exposure"], None);
    server.http();
    let all = ["/bin/sleep", mark];
    until("all run", || (processes(&all).len() == 3).then_some(()));
    server.kill();
    until("all are gone", || processes(&all).is_empty().then_some(()));
    until("it is gone", || processes(&["nmap", "1-65530"]).is_empty().then_some(()));
}

/// An nmap that stays at what has these ports, and does the rest as nmap does.
fn staying(folder: &Path, nmap: &Path, ports: &str) {
    let program = folder.join("nmap");
    let nmap = nmap.display();
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *{ports}*) exec /bin/sleep 98765432 ;; esac\nexec {nmap} \"$@\"\n"
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn another_configuration_in_the_middle_of_a_scan_ends_it_only_if_it_may_not_be() {
    let Some(nmap) = nmap() else { return };
    let (host, _listener, port) = listener(7);
    let mut server = Server::new(&night("1-65529"));
    let programs = tempfile::tempdir().unwrap();
    staying(programs.path(), &nmap, "1-65529");
    server.find_programs_in(programs.path());
    let token = server.token("analyst", "default");
    start(&mut server);
    let state = |wanted: &str| {
        until(wanted, || {
            let listed = scans(&server, &token);
            let night = listed.iter().find(|one| one["scan"] == "night");
            night.is_some_and(|night| night["state"] == wanted).then_some(())
        });
    };
    state("running");
    // One more schedule; the one that is underway is not on the list any more.
    let other = sections(&[("office", host, port)]);
    server.configure(&format!("{other}[scan]\nat_once = 2\nat_once_of_tenant = 2\n"));
    server.signal("-HUP");
    server.says("scan office is done");
    state("running");
    // What it looks at may not be scanned any more.
    server.configure(&sections(&[("office", host, port)]).replace("127.0.76.0/22", "127.0.77.0/24"));
    server.signal("-HUP");
    state("cancelled");
    server.until("default", 2);
    assert!(server.end().success());
}

#[test]
fn files_and_schedules_go_to_a_server_over_the_wire() {
    let (host, _listener, port) = listener(8);
    let mut server = Server::new(&sections(&[("office", host, port)]));
    let token = server.token("analyst", "default");
    start(&mut server);
    server.says("scan office is done (run 1)");
    let (out, _) = asked(&server, &token, &["scan", "run", "--schedule", "office"], 1);
    assert!(out.contains("scan 2 of office") && out.contains(&format!("tcp/{port}")), "{out}");
    let (_, err) = asked(&server, &token, &["scan", "run", "--schedule", "attic"], 2);
    assert!(err.contains("no schedule of this name"), "{err}");
    let xml = "<nmaprun scanner=\"nmap\" start=\"1795000000\"><scaninfo type=\"syn\" protocol=\"tcp\" services=\"23\"/>\
               <host endtime=\"1795000001\"><status state=\"up\"/><address addr=\"192.0.2.7\"/><ports>\
               <port protocol=\"tcp\" portid=\"23\"><state state=\"open\"/></port></ports></host>\
               <runstats><finished exit=\"success\"/></runstats></nmaprun>";
    std::fs::write(server.path("dmz.xml"), xml).unwrap();
    let import = ["scan", "import", "dmz.xml", "--name", "dmz"];
    let (out, _) = asked(&server, &token, &import, 1);
    assert!(out.contains("scan 3 of dmz by nmap: done") && out.contains("192.0.2.7"), "{out}");
    until("it is judged", || server.incidents("default").iter().any(is_telnet).then_some(()));
    let (_, err) = asked(&server, &token, &import, 3);
    assert!(err.contains("found an earlier one"), "{err}");
    asked(&server, &token, &["scan", "import", "none.xml"], 3);
    assert!(server.end().success());
}

fn is_telnet(incident: &Value) -> bool {
    incident["rule"] == "risky-service"
        && incident["title"].as_str().is_some_and(|it| it.contains("192.0.2.7"))
}
