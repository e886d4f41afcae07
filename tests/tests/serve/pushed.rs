//! Packs that tenants push to a server while it runs: they judge their tenant's lines and nobody else's, and what is wrong
//! with them is their tenant's alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tripline_tests::{PATIENCE, Server, bring};

use super::load;

/// A hostile module as a file, with one text in the place of another.
pub(super) fn written(folder: &Path, name: &str, change: (&str, &str), file: &str) -> PathBuf {
    let hostile = load::folder(env!("CARGO_MANIFEST_DIR"));
    let texts = tempfile::tempdir().unwrap();
    fs::copy(hostile.join("skeleton.wat"), texts.path().join("skeleton.wat")).unwrap();
    let text = fs::read_to_string(hostile.join(name).with_extension("wat")).unwrap();
    assert!(text.contains(change.0));
    fs::write(texts.path().join(name).with_extension("wat"), text.replace(change.0, change.1)).unwrap();
    let path = folder.join(file);
    fs::write(&path, load::module(texts.path(), name)).unwrap();
    path
}

/// A server for two tenants, and what each of them may do there.
pub(super) struct Site {
    pub(super) server: Server,
    tokens: [String; 2],
    ingest: [String; 2],
    batches: usize,
}

/// Its configuration.
pub(super) const SECTIONS: &str =
    "[server]\nlisten = \"127.0.0.1:0\"\n[security_log]\npath = \"security.log\"\n";

const TENANTS: [&str; 2] = ["alpha", "beta"];

impl Site {
    pub(super) fn new() -> Site {
        let mut server = Server::new(SECTIONS);
        let tokens = TENANTS.map(|tenant| server.token("author", tenant));
        let ingest = TENANTS.map(|tenant| server.token("ingest", tenant));
        server.start(&["--only", "app-errors"], None);
        server.http();
        Site { server, tokens, ingest, batches: 0 }
    }

    /// A command about packs, as this tenant; what it says, and whether it succeeds.
    pub(super) fn pack(&self, tenant: usize, arguments: &[&str]) -> (bool, String) {
        let url = format!("http://{}", self.server.http());
        let mut command = self.server.command(&["pack"]);
        command.args(arguments).args(["--tenant", TENANTS[tenant]]);
        command.env("TRIPLINE_SERVER", url).env("TRIPLINE_TOKEN", &self.tokens[tenant]);
        let done = command.output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8(said).unwrap())
    }

    #[track_caller]
    pub(super) fn done(&self, tenant: usize, arguments: &[&str]) -> String {
        let (succeeds, said) = self.pack(tenant, arguments);
        assert!(succeeds, "{arguments:?}: {said}");
        said
    }

    #[track_caller]
    pub(super) fn push(&self, tenant: usize, path: &Path) {
        self.done(tenant, &["push", path.to_str().unwrap()]);
    }

    /// Brings so many lines of each tenant; they are judged and on disk.
    #[track_caller]
    pub(super) fn bring(&mut self, lines: usize, text: &str) {
        self.batches += 1;
        let lines = format!("2026-11-24T10:00:00Z ERROR {text}\n").repeat(lines);
        for token in &self.ingest {
            assert_eq!(bring(self.server.http(), token, &self.batches.to_string(), &lines), Some(200));
        }
    }

    /// How often a tenant's incidents of this pack have occurred.
    pub(super) fn count(&self, tenant: usize, pack: &str) -> u64 {
        let incidents = self.server.incidents(TENANTS[tenant]);
        let own = incidents.iter().filter(|one| one["pack"] == pack);
        own.filter_map(|one| one["count"].as_u64()).sum()
    }

    /// Occurrences of what a rule of a tenant's pack decided.
    fn count_of(&self, tenant: usize, rule: &str) -> u64 {
        let incidents = self.server.incidents(TENANTS[tenant]);
        let own = incidents.iter().filter(|one| one["rule"] == rule);
        own.filter_map(|one| one["count"].as_u64()).sum()
    }

    /// What a list has of a tenant's own packs.
    pub(super) fn own(&self, tenant: usize) -> Vec<Value> {
        let listed = self.done(tenant, &["list", "--format", "ndjson"]);
        let all = listed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        all.filter(|one| one["type"] == "own_pack").collect()
    }

    /// What a tenant is told of its usage.
    fn used(&self, tenant: usize) -> Value {
        let url = format!("http://{}", self.server.http());
        let mut command = self.server.command(&["top", "--once", "--format", "ndjson"]);
        command.env("TRIPLINE_SERVER", url).env("TRIPLINE_TOKEN", &self.tokens[tenant]);
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    }

    /// Waits until the server has gone on with what was changed so often.
    #[track_caller]
    pub(super) fn changed(&self, times: usize) {
        let until = Instant::now() + PATIENCE;
        let words = "goes on with the changed configuration";
        while self.server.said().matches(words).count() < times {
            assert!(Instant::now() < until, "{}", self.server.said());
            sleep(Duration::from_millis(20));
        }
    }
}

pub(super) const TITLE: &str = "It makes decisions";

#[test]
fn a_pushed_pack_judges_its_tenants_lines_and_can_be_rolled_back() {
    let mut site = Site::new();
    let folder = site.server.folder().to_path_buf();
    let first = written(&folder, "decides-on-all", (TITLE, "The first"), "first.wasm");
    // Each tells by another rule, so that what it decides says which has judged.
    let between = r#""}, "patterns": [{"name": "all", "regex": "(?P<all>.*)"}], "wakes_on": ["all"], "rules": [{"id": ""#;
    let (from, to) = (format!("1.0.0{between}loud"), format!("2.0.0{between}louder"));
    let second = written(&folder, "decides-on-all", (&from, &to), "second.wasm");
    let judged = |site: &Site| ["loud", "louder"].map(|rule| site.count_of(0, rule));
    site.bring(1, "before");
    site.push(0, &first);
    site.changed(1);
    site.bring(1, "first");
    assert_eq!([site.count(0, "hostile"), site.count(1, "hostile")], [1, 0]);
    site.push(0, &second);
    site.changed(2);
    assert_eq!(site.own(0)[0]["version"], "2.0.0");
    assert!(site.own(1).is_empty(), "it is nobody else's");
    site.bring(1, "second");
    assert_eq!(judged(&site), [1, 1]);
    site.done(0, &["rollback", "hostile"]);
    site.changed(3);
    site.bring(1, "third");
    assert_eq!(judged(&site), [2, 1]);
    assert_eq!(site.own(0)[0]["version"], "1.0.0");
    let (succeeds, said) = site.pack(0, &["rollback", "hostile"]);
    assert!(!succeeds && said.contains("there is no version of `hostile` before this one"), "{said}");
    site.done(0, &["disable", "hostile"]);
    site.changed(4);
    site.bring(1, "disabled");
    assert_eq!(judged(&site), [2, 1]);
    site.done(0, &["enable", "hostile"]);
    site.changed(5);
    // What was pushed is there after a restart.
    site.server.kill();
    site.server.start(&["--only", "app-errors"], None);
    site.bring(1, "again");
    assert_eq!(judged(&site), [3, 1]);
    assert_eq!(site.count(1, "hostile"), 0);
    assert_eq!([site.count(0, "app-errors"), site.count(1, "app-errors")], [6, 6]);
    // Another tenant's pack of the same name is another pack.
    let (succeeds, said) = site.pack(1, &["disable", "hostile"]);
    assert!(!succeeds && said.contains("there is no pack `hostile` of the tenant's own"), "{said}");
    assert!(site.server.end().success());
    let log = fs::read_to_string(site.server.path("security.log")).unwrap();
    let events = ["pack.pushed", "pack.pushed", "pack.rolled_back", "pack.disabled", "pack.enabled"];
    let found: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let found: Vec<&Value> =
        found.iter().filter(|one| one["pack"] == "hostile" && one["sha256"].is_string()).collect();
    assert_eq!(found.iter().map(|one| one["event"].as_str().unwrap()).collect::<Vec<_>>(), events);
    assert!(found.iter().all(|one| one["tenant"] == "alpha"));
}

#[test]
fn a_pack_that_loops_is_out_for_its_tenant_alone() {
    let mut site = Site::new();
    let folder = site.server.folder().to_path_buf();
    site.push(0, &written(&folder, "loop-check", ("(module", "(module"), "loop.wasm"));
    site.push(1, &written(&folder, "decides-on-all", (TITLE, "A neighbour"), "good.wasm"));
    site.changed(1);
    site.bring(40, "boom");
    let until = Instant::now() + PATIENCE;
    while !site.own(0).iter().any(|one| one["cost"]["quarantined"] == true) {
        assert!(Instant::now() < until, "{}", site.server.said());
        sleep(Duration::from_millis(50));
    }
    let incidents = site.server.incidents("alpha");
    let out: Vec<&Value> = incidents.iter().filter(|one| one["rule"] == "pack-quarantined").collect();
    assert_eq!(out.len(), 1, "{incidents:?}");
    assert_eq!(out[0]["title"], "Rule pack hostile is out");
    // The neighbour has all, and nothing of it.
    assert_eq!([site.count(1, "hostile"), site.count(1, "app-errors"), site.count(0, "app-errors")], [40; 3]);
    assert!(site.server.incidents("beta").iter().all(|one| one["rule"] != "pack-quarantined"));
    let faults = site.done(0, &["faults", "hostile"]);
    assert!(faults.contains("CPU") && faults.contains("; it is out"), "{faults}");
    let none = site.done(1, &["faults", "hostile"]);
    assert!(
        none.starts_with("no faults since the server began\n\n40 events, 40 decisions, 0 faults; "),
        "{none}"
    );
    // What burns CPU time is the first, for its own tenant.
    let used = |tenant: usize| site.used(tenant);
    let cpu = |used: &Value| used["cpu_seconds"].as_f64().unwrap();
    assert_eq!(
        (&used(0)["packs"][0]["pack"], &used(0)["packs"][0]["out"]),
        (&"hostile".into(), &true.into())
    );
    assert!(cpu(&used(0)) > cpu(&used(1)), "{} {}", used(0), used(1));
    // It is out, not gone, and a change for somebody else brings it no further try.
    let starts = |site: &Site| site.own(0)[0]["cost"]["faults"].as_u64().unwrap();
    assert!(starts(&site) > 0);
    let second = written(&folder, "decides-on-all", ("1.0.0", "2.0.0"), "second.wasm");
    let changes = site.server.said().matches("goes on with the changed").count();
    site.push(1, &second);
    site.changed(changes + 1);
    let faults = site.server.said().matches("pack hostile").count();
    site.bring(40, "boom");
    assert_eq!(site.count(1, "hostile"), 80);
    assert_eq!(site.server.said().matches("pack hostile").count(), faults, "{}", site.server.said());
    // Its author has mended it.
    site.push(0, &written(&folder, "decides-on-all", ("1.0.0", "3.0.0"), "mended.wasm"));
    site.changed(changes + 2);
    site.bring(1, "boom");
    assert_eq!(site.count(0, "hostile"), 1);
}
