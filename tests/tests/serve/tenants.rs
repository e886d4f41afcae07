//! One server, several tenants: each has its own incidents, whoever else writes how much.

use std::fs::{self, OpenOptions};
use std::io::Write;

use tripline_tests::{PATIENCE, Server, bring};

use super::load;

#[test]
fn each_line_is_its_tenants() {
    let mut server = Server::new(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         [[follow]]\npaths = [\"shop.log\"]\ntenant = \"shop\"\nfrom = \"start\"\n\
         [[follow]]\npaths = [\"other*.log\"]\ntenant = \"rest\"\nfrom = \"start\"\n",
    );
    let write = |name: &str, text: &str| {
        let mut file = OpenOptions::new().create(true).append(true).open(server.path(name)).unwrap();
        writeln!(file, "2026-11-24T10:00:00Z ERROR {text}").unwrap();
    };
    write("shop.log", "till is stuck");
    write("other.log", "disk is full");
    let [net, shop] = ["net", "shop"].map(|tenant| server.token("ingest", tenant));
    server.start(&["--only", "app-errors"], None);
    let at = server.http();
    let line = "2026-11-24T10:00:00Z ERROR link is down\n";
    assert_eq!(bring(at, &net, "1", line), Some(200));
    // The same key of another tenant is another batch.
    assert_eq!(bring(at, &shop, "1", line), Some(200));
    server.until("shop", 2);
    server.until("rest", 1);
    server.until("net", 1);
    assert_eq!(server.count("default"), 0);
    assert!(server.end().success());
    let titles = |tenant: &str| {
        let incidents = server.incidents(tenant);
        let mut titles: Vec<String> =
            incidents.iter().map(|one| one["title"].as_str().unwrap().to_string()).collect();
        titles.sort();
        titles
    };
    assert_eq!(titles("shop"), ["ERROR link is down", "ERROR till is stuck"]);
    assert_eq!(titles("rest"), ["ERROR disk is full"]);
    assert_eq!(titles("net"), ["ERROR link is down"]);
}

/// Whose a file is that two tenants' globs name, nobody can say: neither gets the other's lines, and both are told.
#[test]
fn a_file_that_two_tenants_name_is_neithers() {
    let sections = |beta: &str| {
        format!(
            "[server]\nlisten = \"off\"\n\
             [[follow]]\npaths = [\"x/*.log\"]\ntenant = \"alpha\"\nfrom = \"start\"\n\
             [[follow]]\npaths = [\"{beta}\"]\ntenant = \"beta\"\nfrom = \"start\"\n"
        )
    };
    let mut server = Server::new(&sections("x/b*.log"));
    fs::create_dir(server.path("x")).unwrap();
    for name in ["a.log", "b.log"] {
        let line = format!("2026-11-24T10:00:00Z ERROR {name} says it\n");
        fs::write(server.path("x").join(name), line).unwrap();
    }
    server.start(&["--only", "app-errors"], None);
    server.says("b.log is named for tenants alpha, beta");
    server.until("alpha", 2);
    server.until("beta", 1);
    let rules = |tenant: &str| {
        let incidents = server.incidents(tenant);
        let mut rules: Vec<String> =
            incidents.iter().map(|one| one["rule"].as_str().unwrap().to_string()).collect();
        rules.sort();
        rules
    };
    assert_eq!(rules("beta"), ["source-disputed"]);
    assert_eq!(rules("alpha").len(), 2);
    assert!(!server.said().lines().any(|line| line.contains("follows") && line.contains("b.log")));
    // Once it is clear, it is followed, from its start.
    server.configure(&sections("y/b*.log"));
    server.signal("-HUP");
    server.until("alpha", 3);
    server.until("beta", 1);
    assert!(server.end().success());
}

#[test]
fn one_that_floods_delays_another_by_its_turn() {
    let mut server = Server::new(
        "[server]\nlisten = \"off\"\n\
         [[follow]]\npaths = [\"flood.log\"]\ntenant = \"loud\"\nfrom = \"start\"\n\
         [[follow]]\npaths = [\"quiet.log\"]\ntenant = \"quiet\"\nfrom = \"start\"\n",
    );
    // Far more than any machine reads before the first commit; what would be told of it stands at its end.
    let mut flood = "2026-11-24T10:00:00Z INFO a request took its three milliseconds\n".repeat(6_000_000);
    flood.push_str("2026-11-24T10:00:00Z ERROR the end\n");
    fs::write(server.path("flood.log"), &flood).unwrap();
    fs::write(server.path("quiet.log"), "2026-11-24T10:00:00Z ERROR disk is full\n").unwrap();
    server.start(&["--only", "app-errors"], None);
    server.says("flood.log");
    server.until("quiet", 1);
    // Nobody waits for the rest of a file.
    assert!(server.end().success());
    assert_eq!(server.count("loud"), 0, "it was read to its end first");
}

/// A pack that burns all its time on some lines of one tenant; what it does to find out which costs the same again, often.
#[test]
fn one_whose_lines_are_hostile_delays_another_by_a_batch() {
    let mut server = Server::new(
        "[server]\nlisten = \"off\"\n\
         [[follow]]\npaths = [\"loud.log\"]\ntenant = \"loud\"\nfrom = \"start\"\n\
         [[follow]]\npaths = [\"quiet.log\"]\ntenant = \"quiet\"\nfrom = \"start\"\n",
    );
    let hostile = load::module(&load::folder(env!("CARGO_MANIFEST_DIR")), "loops-on-line");
    fs::create_dir(server.path("packs")).unwrap();
    fs::write(server.path("packs/hostile.wasm"), hostile).unwrap();
    // All of it is one turn of its source. Fewer than one line in a hundred, or the pack would be put out.
    let line = |number: u32| match number % 150 {
        149 => "2026-11-24T10:00:00Z INFO boom\n".to_string(),
        _ => format!("2026-11-24T10:00:00Z INFO request {number} took its three milliseconds\n"),
    };
    let mut loud: String = (0..1_600).map(line).collect();
    loud.push_str("2026-11-24T10:00:00Z ERROR the end\n");
    assert!(loud.len() < 200 * 1024);
    fs::write(server.path("loud.log"), &loud).unwrap();
    fs::write(server.path("quiet.log"), "2026-11-24T10:00:00Z ERROR disk is full\n").unwrap();
    server.start(&["--threads", "1", "--only", "app-errors", "--only", "hostile", "--pack", "packs"], None);
    let opened = |tenant: &str| {
        let incidents = server.incidents(tenant);
        let error = incidents.iter().find(|one| one["pack"] == "app-errors")?;
        Some(error["opened"].as_str().unwrap().to_string())
    };
    server.says("follows");
    let until = std::time::Instant::now() + PATIENCE;
    let loud = loop {
        if let Some(loud) = opened("loud") {
            break loud;
        }
        assert!(std::time::Instant::now() < until, "{}", server.said());
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let quiet = opened("quiet").expect("it did not have to wait");
    assert!(quiet < loud, "both were committed together, at {quiet} and {loud}");
    assert!(!server.incidents("loud").iter().any(|one| one["rule"] == "pack-quarantined"));
    assert!(server.end().success());
}
