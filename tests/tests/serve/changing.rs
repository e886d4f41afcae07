//! Configuration and packs change while it runs: nothing is lost, nothing counts twice, what packs remember stays.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use tripline_tests::{Server, bring, builtin};

fn append(path: &Path, line: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

/// A failed login; they are a second apart.
fn guess(server: &Server, second: u32) {
    let line = format!(
        "2026-11-24T10:00:{second:02}Z host sshd[7]: Failed password for root from 203.0.113.9 port 50{second:03} ssh2"
    );
    append(&server.path("auth.log"), &line);
}

fn sections(follow: &str, rest: &str) -> String {
    format!("[server]\nlisten = \"off\"\n[[follow]]\npaths = [{follow}]\nfrom = \"start\"\n{rest}")
}

#[test]
fn what_packs_remember_outlives_a_change_of_the_sources() {
    let mut server = Server::new(&sections("\"auth.log\"", ""));
    // Guessing is five within a minute: three before the change and two behind it.
    (1..=3).for_each(|second| guess(&server, second));
    server.start(&["--only", "sshd", "--only", "app-errors"], None);
    append(&server.path("auth.log"), "2026-11-24T10:00:04Z ERROR one of app-errors");
    server.until("default", 1);
    server.configure(&sections("\"auth.log\", \"more.log\"", ""));
    server.signal("-HUP");
    server.says("goes on with the changed configuration");
    append(&server.path("more.log"), "2026-11-24T10:00:04Z ERROR another one");
    (5..=6).for_each(|second| guess(&server, second));
    server.until("default", 3);
    let rules: Vec<String> =
        server.incidents("default").iter().map(|one| one["rule"].as_str().unwrap().to_string()).collect();
    assert!(rules.iter().any(|rule| rule == "password-guessing"), "{rules:?}");
    assert!(server.end().success());
}

/// What security.log tells of settings that were not taken, and from where.
const REFUSED: (&str, &str) = ("settings.refused", "tripline");

#[test]
fn a_file_that_is_changed_is_read_again_and_a_wrong_one_is_not_taken() {
    let mut server = Server::new(&sections("\"app.log\"", ""));
    append(&server.path("app.log"), "2026-11-24T10:00:01Z ERROR one");
    server.start(&["--only", "app-errors", "--security-log", "security.log"], None);
    server.until("default", 1);
    server.configure(&sections("\"app.log\"", "[packs.app-errors]\nno_such_setting = 1\n"));
    server.says("it goes on as it was");
    append(&server.path("app.log"), "2026-11-24T10:00:02Z ERROR one");
    server.until("default", 2);
    server.configure(&sections("\"app.log\"", "[mail]\nbogus = 1\n"));
    let said = server.says("tripline.toml:9:1: ");
    assert!(said.contains("`bogus`"), "{said}");
    server.configure(&sections("\"app.log\", \"more.log\"", ""));
    server.says("goes on with the changed configuration");
    append(&server.path("more.log"), "2026-11-24T10:00:03Z ERROR one");
    server.until("default", 3);
    assert!(server.end().success());
    // security.log tells of the start and of each change, taken or not, by hash.
    let log = fs::read_to_string(server.path("security.log")).unwrap();
    let settings: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["event"].as_str().unwrap().starts_with("settings."))
        .collect();
    let told = settings.iter().map(|one| (one["event"].as_str().unwrap(), one["from"].as_str().unwrap()));
    let expected = [("settings.loaded", "cli"), REFUSED, REFUSED, ("settings.loaded", "tripline")];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_ne!(settings[0]["configuration_sha256"], settings[3]["configuration_sha256"]);
    assert_eq!(settings[0]["packs_sha256"], settings[3]["packs_sha256"]);
    // Each has the hash of what it tells of, taken or not.
    let hashes = settings.iter().map(|one| one["configuration_sha256"].as_str().unwrap());
    assert_eq!(hashes.collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn a_pack_that_comes_while_it_runs_judges_from_then_on() {
    let mut server = Server::new(&sections("\"auth.log\"", ""));
    let packs = server.path("packs");
    fs::create_dir(&packs).unwrap();
    let half = server.path("half");
    let put = |name: &str| {
        let all = builtin();
        let pack = all.iter().map(|one| &one.pack).find(|pack| pack.name() == name).unwrap();
        // What is still being written is not read: it comes at once.
        fs::write(&half, pack.wasm()).unwrap();
        fs::rename(&half, packs.join(format!("{name}.wasm"))).unwrap();
    };
    put("app-errors");
    (1..=5).for_each(|second| guess(&server, second));
    append(&server.path("auth.log"), "2026-11-24T10:00:06Z ERROR one of app-errors");
    server.start(&["--no-builtin", "--pack", "packs"], None);
    server.until("default", 1);
    put("sshd");
    server.says("goes on with the changed configuration");
    (11..=15).for_each(|second| guess(&server, second));
    server.until("default", 2);
    assert!(server.end().success());
}

/// What is said of a source counts for each kind of source, and changes while it runs.
#[test]
fn a_source_is_the_log_that_is_said_of_it() {
    let sections = |log: &str, more: &str| {
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n\
             [[follow]]\npaths = [\"auth.log\"]\ntenant = \"files\"\nfrom = \"start\"\n{log}\
             [[http]]\nsource = \"app\"\ntenant = \"web\"\n{log}\
             [[syslog]]\nlisten = \"127.0.0.1:0\"\ntransport = \"tcp\"\ntenant = \"net\"\n\
             log_source.service = \"ftp\"\n{more}"
        )
    };
    let ftp = "log_source = { service = \"ftp\" }\n";
    let mut server = Server::new(&sections(ftp, ""));
    let token = server.token("ingest", "web");
    server.start(&["--only", "sshd", "--only", "app-errors"], None);
    let at = server.http();
    let syslog: std::net::SocketAddr = server.says("takes syslog at tcp/").parse().unwrap();
    let minute = |minute: u32| {
        let guess = |second: u32| {
            format!(
                "2026-11-24T10:{minute:02}:{second:02}Z host sshd[7]: Failed password for root from \
                 203.0.113.9 port 50{second:03} ssh2\n"
            )
        };
        let guesses: String = (1..=5).map(guess).collect();
        guesses + &format!("2026-11-24T10:{minute:02}:06Z ERROR one of app-errors\n")
    };
    append(&server.path("auth.log"), minute(0).trim_end());
    std::net::TcpStream::connect(syslog).unwrap().write_all(minute(0).as_bytes()).unwrap();
    assert_eq!(bring(at, &token, "1", &minute(0)), Some(200));
    // The pack for sshd is for logs of sshd, and these are said to be of something else.
    ["files", "net", "web"].iter().for_each(|tenant| server.until(tenant, 1));
    let missed = "[[http]]\nsource = \"never\"\ntenant = \"quiet\"\nsilent_after = \"1s\"\n";
    server.configure(&sections("", missed));
    server.says("goes on with the changed configuration");
    append(&server.path("auth.log"), minute(1).trim_end());
    assert_eq!(bring(at, &token, "2", &minute(1)), Some(200));
    ["files", "web"].iter().for_each(|tenant| server.until(tenant, 3));
    // It was never there, and is missed all the same.
    server.until("quiet", 1);
    assert_eq!(server.incidents("quiet")[0]["title"], "Source http/never is silent");
    assert!(server.end().success());
}

const LINE: &str = "2026-11-24T10:00:00Z ERROR one of app-errors";

/// `more.log` with two rotated files, of six lines in all.
fn with_history(server: &Server) {
    (0..2).for_each(|_| append(&server.path("more.log"), LINE));
    (0..3).for_each(|_| append(&server.path("more.log.2"), LINE));
    append(&server.path("more.log.1"), LINE);
    let packed = Command::new("gzip").arg(server.path("more.log.2")).status().unwrap();
    assert!(packed.success());
}

/// What was there already begins where the entry says; without a word at its end.
#[test]
fn an_entry_that_comes_while_it_runs_begins_where_it_says() {
    for (from, old) in [("", 0), ("from = \"end\"\n", 0), ("from = \"start\"\n", 6)] {
        let follow =
            |more: &str| format!("[server]\nlisten = \"off\"\n[[follow]]\npaths = [\"app.log\"]\n{more}");
        let mut server = Server::new(&follow(""));
        server.start(&["--only", "app-errors"], None);
        server.says("follows ");
        append(&server.path("app.log"), LINE);
        server.until("default", 1);
        with_history(&server);
        server.configure(&follow(&format!("[[follow]]\npaths = [\"more.log\"]\n{from}")));
        server.signal("-HUP");
        server.says("more.log");
        server.until("default", 1 + old);
        append(&server.path("more.log"), LINE);
        server.until("default", 2 + old);
        assert!(server.end().success());
        assert_eq!(server.count("default"), 2 + old, "{from:?}");
    }
}

/// While it runs and while it is stopped, an entry's tenant changes, and a file is moved: each line is of one tenant.
#[test]
fn a_line_counts_for_one_tenant_whoever_comes_after() {
    let follow = |tenant: &str| {
        format!(
            "[server]\nlisten = \"off\"\n[[follow]]\npaths = [\"logs/*.log\"]\ntenant = \"{tenant}\"\n\
             [[follow]]\npaths = [\"plant/*.log\"]\ntenant = \"plant\"\n"
        )
    };
    let mut server = Server::new(&follow("default"));
    ["logs", "plant"].iter().for_each(|name| fs::create_dir(server.path(name)).unwrap());
    let (log, moved) = (server.path("logs/a.log"), server.path("plant/b.log"));
    // This was there before anybody looked.
    (0..5).for_each(|_| append(&log, LINE));
    let arguments = ["--only", "app-errors", "--security-log", "security.log"];
    server.start(&arguments, None);
    server.says("a.log");
    append(&log, LINE);
    server.until("default", 1);
    for (tenant, of_default, of_plant) in [("plant", 1, 1), ("default", 2, 1)] {
        server.configure(&follow(tenant));
        server.signal("-HUP");
        server.says(&format!("{tenant} goes on where that one stopped"));
        append(&log, LINE);
        server.until(tenant, if tenant == "plant" { of_plant } else { of_default });
        assert_eq!((server.count("default"), server.count("plant")), (of_default, of_plant));
    }
    // While it is served.
    fs::rename(&log, &moved).unwrap();
    server.says("b.log was tenant default's until now: plant goes on where that one stopped");
    append(&moved, LINE);
    server.until("plant", 2);
    // While it is not: what nobody has read yet counts once, too.
    assert!(server.end().success());
    append(&moved, LINE);
    fs::rename(&moved, &log).unwrap();
    append(&log, LINE);
    server.start(&arguments, None);
    server.until("default", 4);
    // And an entry's tenant, with a rotation.
    server.kill();
    fs::rename(&log, server.path("logs/a.log.1")).unwrap();
    append(&log, LINE);
    append(&server.path("logs/a.log.1"), LINE);
    server.configure(&follow("plant"));
    server.start(&arguments, None);
    server.until("plant", 4);
    assert!(server.end().success());
    assert_eq!((server.count("default"), server.count("plant")), (4, 4));
    let told = fs::read_to_string(server.path("security.log")).unwrap();
    let told: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let taken = told.iter().filter(|one| one["event"] == "source.taken_over");
    let taken: Vec<(&str, &str)> =
        taken.map(|one| (one["from_tenant"].as_str().unwrap(), one["tenant"].as_str().unwrap())).collect();
    let (there, back) = (("default", "plant"), ("plant", "default"));
    assert_eq!(taken, [there, back, there, back, there]);
}
