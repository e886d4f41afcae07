//! What is used, over HTTP and on the command line: each tenant's own, an operator's all; and how often packs were wrong.

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use tripline::abi::Severity;
use tripline::commit::{Commit, Store};
use tripline::decision::Origin;
use tripline::incidents::{Act, Report, Resolution};
use tripline::quota::{Quota, QuotaKind};
use tripline::sandbox::Trap;
use tripline::token::Scope;
use tripline::{Fault, PackFault};

use crate::api::{get, somebody, tenant};
use crate::fixture::{Site, lines, problem};
use crate::packs;
use crate::raw::PATIENCE;

/// The program asks the site.
pub(crate) fn tripline(site: &Site, token: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(site.folder.path()).args(arguments);
    command.env_remove("TRIPLINE_CONFIG").env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR");
    command.env("TRIPLINE_SERVER", site.url("")).env("TRIPLINE_TOKEN", token);
    command
}

#[track_caller]
fn said(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Lines of two tenants: twelve and one.
pub(crate) fn two(site: &Site) {
    let theirs = site.token_of("other", Scope::Ingest, None);
    assert_eq!(site.bring(&site.token(Scope::Ingest), "", lines(0, 12).as_bytes()).status, 200);
    assert_eq!(site.bring(&theirs, "", lines(0, 1).as_bytes()).status, 200);
}

/// What is told, once a window has passed.
#[track_caller]
fn windowed(site: &Site, token: &str) -> Value {
    site.clock.pass(2);
    let until = Instant::now() + PATIENCE;
    loop {
        let usage = get(site, "/api/v1/usage", token).json();
        if usage["window_seconds"] == 2.0 && usage["tenants"][0]["sources"] == 1 {
            return usage;
        }
        assert!(Instant::now() < until, "{usage}");
    }
}

#[test]
fn an_operator_is_told_of_all_and_everybody_else_of_their_own() {
    let site = Site::new();
    two(&site);
    let operator = site.token(Scope::Operator);
    windowed(&site, &operator);
    let names = |usage: &Value| -> Vec<String> {
        let tenants = usage["tenants"].as_array().unwrap();
        tenants.iter().map(|one| one["tenant"].as_str().unwrap().to_string()).collect()
    };
    let by_lines = get(&site, "/api/v1/usage?sort=lines", &operator).json();
    assert_eq!(
        (names(&by_lines), &by_lines["left_out"]),
        (vec!["default".into(), "other".into()], &json!(0))
    );
    let own = by_lines["tenants"][0].clone();
    let bytes = lines(0, 12).len();
    for (key, expected) in [
        ("lines", json!(12)),
        ("bytes", json!(bytes)),
        ("events", json!(12)),
        ("decisions", json!(12)),
        ("faults", json!(0)),
        ("mails", json!(0)),
        ("over_quota", Value::Null),
    ] {
        assert_eq!(own[key], expected, "{key}: {own}");
    }
    assert!(
        own["match_seconds"].as_f64().unwrap() > 0.0 && own["stored_bytes"].as_u64().unwrap() > 100,
        "{own}"
    );
    assert_eq!((&own["rates"]["lines"], &own["rates"]["events"]), (&json!(6.0), &json!(6.0)));
    let pack = &own["packs"][0];
    assert_eq!(
        (&pack["pack"], &pack["version"], &pack["own"]),
        (&json!("each"), &json!("1.0.0"), &json!(false))
    );
    assert_eq!((&pack["events"], &pack["rates"]["lines"]), (&json!(12), &Value::Null));
    let alone = get(&site, "/api/v1/usage?tenant=other", &operator).json();
    assert_eq!(names(&alone), ["other"]);
    assert_eq!(names(&get(&site, "/api/v1/usage?tenant=nobody", &operator).json()), [""; 0]);
    let first = get(&site, "/api/v1/usage?sort=lines&limit=1", &operator).json();
    assert_eq!((names(&first), &first["left_out"]), (vec!["default".into()], &json!(1)));

    for scope in [Scope::Reader, Scope::Author, Scope::Analyst, Scope::Admin] {
        let token = site.token_of("other", scope, None);
        let usage = get(&site, "/api/v1/usage", &token).json();
        assert_eq!(names(&usage), ["other"], "{scope}");
        let packs = &usage["tenants"][0]["packs"];
        // Which packs everybody has, nobody learns here; what they cost the tenant is its own to know.
        assert_eq!(
            (&packs[0]["pack"], &packs[0]["version"], &packs[0]["events"]),
            (&Value::Null, &Value::Null, &json!(1))
        );
        assert_eq!(get(&site, "/api/v1/usage?tenant=other", &token).json(), usage);
        for another in ["default", "nobody"] {
            let refused = get(&site, &format!("/api/v1/usage?tenant={another}"), &token);
            assert_eq!((refused.status, problem(&refused).as_str()), (403, "forbidden"), "{scope} {another}");
        }
    }
    for (query, status) in
        [("limit=0", 422), ("limit=1001", 422), ("tenant=A", 422), ("sort=name", 400), ("who=me", 400)]
    {
        assert_eq!(get(&site, &format!("/api/v1/usage?{query}"), &operator).status, status, "{query}");
    }
}

#[test]
fn whoever_is_over_a_quota_is_told_and_who_is_deleted_is_not() {
    let site = Site::new();
    two(&site);
    let operator = site.token(Scope::Operator);
    let quotas = site.intake.quotas().unwrap();
    quotas.put(&tenant("other"), Quota::of(QuotaKind::Lines, 1));
    let over =
        || get(&site, "/api/v1/usage?tenant=other", &operator).json()["tenants"][0]["over_quota"].clone();
    assert_eq!(over(), json!(false));
    quotas.spend(&tenant("other"), 100);
    assert_eq!(over(), json!(true));
    let deleted = crate::api::call(&site, "DELETE", "/api/v1/tenants/other", Some(&operator), "", None);
    assert_eq!(deleted.status, 204, "{deleted:?}");
    // What is kept of each is asked again after two seconds.
    site.clock.pass(2);
    let usage = get(&site, "/api/v1/usage", &operator).json();
    assert_eq!(usage["tenants"].as_array().unwrap().len(), 1, "{usage}");
    assert!(!get(&site, "/metrics", &operator).text().contains("tenant=\"other\""));
}

#[test]
fn metrics_are_by_tenant_and_pack() {
    let site = Site::new();
    two(&site);
    let text = get(&site, "/metrics", &site.token(Scope::Operator)).text();
    for line in [
        r#"tripline_tenant_lines_total{tenant="default"} 12"#,
        r#"tripline_tenant_lines_total{tenant="other"} 1"#,
        r#"tripline_tenant_pack_events_total{tenant="default",pack="each"} 12"#,
        r#"tripline_tenant_pack_decisions_total{tenant="other",pack="each"} 1"#,
        r#"tripline_tenant_pack_faults_total{tenant="other",pack="each"} 0"#,
        r#"tripline_tenant_pack_memory_bytes{tenant="other",pack="each"} 0"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    for name in [
        "tenant_match_seconds_total",
        "tenant_stored_bytes",
        "tenant_pack_match_seconds_total",
        "tenant_pack_state_bytes",
    ] {
        let begins = format!("tripline_{name}{{tenant=\"default\"");
        let found =
            text.lines().find(|one| one.starts_with(&begins)).unwrap_or_else(|| panic!("{name}\n{text}"));
        assert!(found.rsplit(' ').next().unwrap().parse::<f64>().unwrap() > 0.0, "{found}");
    }
}

/// An author's pack that has decided three times, wrongly once, and panicked.
fn wrong_once(site: &Site) {
    packs::keep(site, "default");
    let decisions = ["a", "b", "c"].map(|name| {
        let report = Report { fingerprint: Some(name.into()), ..Report::new(Severity::Low, name) };
        let mut decision = report.decision(site.now());
        let mut rule = decision.origin.rule.clone();
        rule.id = "loud".into();
        decision.origin = Arc::new(Origin { pack: packs::NAME.into(), rule });
        decision
    });
    let commit = Commit { decisions: decisions.into(), ..Commit::default() };
    let opened = site.database.commit(&tenant("default"), commit).unwrap().opened;
    for (id, resolution) in opened.iter().zip([Resolution::FalsePositive, Resolution::Expected]) {
        let act = Act::Resolve { resolution, comment: String::new() };
        site.database.act(&tenant("default"), *id, None, act, somebody()).unwrap().unwrap();
    }
    let fault = PackFault {
        pack: packs::NAME.into(),
        rule: Some("loud".into()),
        event: None,
        fault: Fault::Check(Trap::Panic("index 7 out of bounds".into())),
        quarantined: false,
        state_lost: false,
    };
    site.health.fault(&tenant("default"), site.now(), &fault);
}

#[test]
fn an_author_is_told_what_failed_and_how_often_it_was_wrong() {
    let site = Site::new();
    wrong_once(&site);
    let author = site.token(Scope::Author);
    let rules = json!([{ "type": "rule_outcome", "rule": "loud", "incidents": 3, "resolved": 2, "false_positives": 1 }]);
    let listed = get(&site, "/api/v1/packs", &author).json();
    assert_eq!(listed["own"][0]["rules"], rules);
    let path = format!("/api/v1/packs/{}/faults", packs::NAME);
    let faults = get(&site, &path, &author).json();
    assert_eq!((&faults["rules"], &faults["cost"]), (&rules, &Value::Null));
    assert_eq!(faults["faults"][0]["code"], "panic");
    assert!(faults["faults"][0]["text"].as_str().unwrap().contains("index 7 out of bounds"), "{faults}");
    // Another tenant's pack of the same name is another pack.
    packs::keep(&site, "other");
    let theirs = get(&site, &path, &site.token_of("other", Scope::Author, None)).json();
    assert_eq!(theirs, json!({ "faults": [], "cost": null, "rules": [] }));

    let run = |arguments: &[&str]| said(tripline(&site, &author, arguments).output().unwrap());
    let shown = run(&["pack", "faults", packs::NAME]);
    assert!(shown.contains("rule loud: ") && shown.contains("index 7 out of bounds"), "{shown}");
    let row = |text: &str| -> Vec<String> {
        let line =
            text.lines().find(|line| line.starts_with("hostile/loud")).unwrap_or_else(|| panic!("{text}"));
        line.split_whitespace().map(String::from).collect()
    };
    assert_eq!(row(&shown), ["hostile/loud", "3", "2", "1"]);
    assert_eq!(row(&run(&["pack", "list"])), ["hostile/loud", "3", "2", "1"]);
    let document: Value =
        serde_json::from_str(&run(&["pack", "faults", packs::NAME, "--format", "json"])).unwrap();
    assert_eq!(document, faults);
    let lines = run(&["pack", "faults", packs::NAME, "--format", "ndjson"]);
    let kinds: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone()).collect();
    assert_eq!(kinds, ["pack_fault", "rule_outcome"]);
}

#[test]
fn a_program_is_told_once() {
    let site = Site::new();
    two(&site);
    let operator = site.token(Scope::Operator);
    windowed(&site, &operator);
    let run = |token: &str, arguments: &[&str]| said(tripline(&site, token, arguments).output().unwrap());
    let lines = run(&operator, &["top", "--format", "ndjson", "--sort", "lines"]);
    let tenants: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        tenants,
        *get(&site, "/api/v1/usage?sort=lines", &operator).json()["tenants"].as_array().unwrap()
    );
    let document: Value =
        serde_json::from_str(&run(&operator, &["top", "--format", "json", "--tenant", "other"])).unwrap();
    assert_eq!(document["tenants"], json!([tenants[1]]));
    // What is no terminal has it once, as it stands, without colours.
    let shown = run(&operator, &["top", "--sort", "lines"]);
    assert!(!shown.contains('\u{1b}') && !shown.contains("q ends"), "{shown}");
    let row = |name: &str| {
        shown.lines().position(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{shown}"))
    };
    assert!(row("default") < row("other") && row("other") < row("each"), "{shown}");
    let theirs = run(&site.token_of("other", Scope::Reader, None), &["top", "--once"]);
    assert!(theirs.contains("(everybody's)") && !theirs.contains("default"), "{theirs}");
    let refused = tripline(&site, &site.token(Scope::Ingest), &["top"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let mut unnamed = tripline(&site, &operator, &["top"]);
    let unnamed = unnamed.env_remove("TRIPLINE_SERVER").output().unwrap();
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("expected a server, found none named"));
}
