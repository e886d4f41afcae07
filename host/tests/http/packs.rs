//! Packs over HTTP: what is no pack is refused, and changes nothing; and what takes too much to compile is ended.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tripline::Pack;
use tripline::packs::{CompileError, CompileLimits, Compiler, Compiling, NewVersion};
use tripline::quota::{Quota, QuotaKind};
use tripline::token::Scope;

use crate::api::{call, get, somebody, tenant};
use crate::fixture::{Setup, Site, problem};
use crate::ingest::gzip;
use crate::load;
use crate::raw::{PATIENCE, Reply};

/// The name of all hostile packs.
pub(crate) const NAME: &str = "hostile";
pub(crate) const WASM: &str = "Content-Type: application/wasm\r\n";

pub(crate) fn module(name: &str) -> Vec<u8> {
    load::module(&load::folder(env!("CARGO_MANIFEST_DIR")), name)
}

/// Two versions of a pack of this tenant.
pub(crate) fn keep(site: &Site, of: &str) {
    for wasm in [module("good"), module("decides-on-all")] {
        let digest = Sha256::digest(&wasm).into();
        let new = NewVersion {
            name: NAME.into(),
            version: "1.0.0".into(),
            digest,
            wasm,
            signature: None,
            signer: None,
        };
        site.database.push_pack(&tenant(of), new, somebody()).unwrap();
    }
}

pub(crate) fn put(site: &Site, name: &str, token: Option<&str>, headers: &str, body: &[u8]) -> Reply {
    let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let head = format!(
        "PUT /api/v1/packs/{name} HTTP/1.1\r\nHost: a\r\n{bearer}Content-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    site.ask([head.as_bytes(), body].concat())
}

/// Bytes of a module, at most.
const MOST: usize = 4 << 20;

#[test]
fn what_is_no_pack_is_refused_and_changes_nothing() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    let put = |headers: &str, name: &str, body: &[u8]| put(&site, name, Some(&token), headers, body);
    let packed = format!("{WASM}Content-Encoding: gzip\r\n");
    // It is told before it comes, and while it is unpacked: nothing of that size is ever held.
    for (headers, body) in [(WASM, vec![0; MOST + 1]), (&packed, gzip(&vec![0; 64 << 20]))] {
        let reply = put(headers, NAME, &body);
        assert_eq!((reply.status, problem(&reply).as_str()), (413, "too-large"), "{reply:?}");
    }
    let reply = put("Content-Type: application/octet-stream\r\n", NAME, &module("good"));
    assert_eq!(reply.status, 415);
    let refused = |name: &str, body: &[u8], words: &str| {
        let reply = put(WASM, name, body);
        assert!(matches!(reply.status, 409 | 422), "{reply:?}");
        let detail = reply.json()["detail"].as_str().unwrap().to_string();
        assert!(detail.contains(words), "{detail}");
    };
    refused(NAME, b"", "module");
    // Machine code is nobody's to bring.
    refused(NAME, b"\x7fELF\x02\x01\x01", "module");
    refused(NAME, &module("import-clock"), "import");
    refused(NAME, &module("bomb-loops"), "compiler");
    refused(NAME, &module("loop-start"), "CPU");
    refused("other", &module("good"), "expected a pack of the name `other`, found `hostile`");
    for name in ["..%2fx", "a%00", "%3Cscript%3E"] {
        refused(name, &module("good"), "expected a pack of the name");
    }
    let list = get(&site, "/api/v1/packs", &token);
    assert_eq!(list.json()["own"], serde_json::json!([]));
    let good = put(WASM, NAME, &module("good"));
    assert_eq!((good.status, &good.json()["number"]), (200, &1.into()), "{good:?}");
    // What was there goes on.
    refused(NAME, &module("loop-open"), "CPU");
    let kept = get(&site, "/api/v1/packs", &token).json()["own"][0].clone();
    assert_eq!((&kept["number"], &kept["enabled"]), (&1.into(), &true.into()));
}

/// A module of this name that has so many patterns, and does nothing; its bytes end with a section of this length.
pub(crate) fn patterned(name: &str, patterns: usize, filling: usize) -> Vec<u8> {
    let patterns: Vec<String> = (0..patterns)
        .map(|n| {
            format!(r#"{{\"name\": \"p{n}\", \"contains\": [\"{name}-first-{n}\", \"{name}-second-{n}\"]}}"#)
        })
        .collect();
    let wakes: Vec<String> = (0..patterns.len()).map(|n| format!(r#"\"p{n}\""#)).collect();
    let manifest = format!(
        r#"{{\"abi\": 1, \"pack\": {{\"name\": \"{name}\", \"version\": \"1.0.0\"}}, \"patterns\": [{}], \"wakes_on\": [{}], \"rules\": [{{\"id\": \"loud\", \"title\": \"loud\", \"severity\": \"low\"}}]}}"#,
        patterns.join(", "),
        wakes.join(", ")
    );
    let text = format!(
        r#"(module (@custom "tripline.manifest" "{manifest}") (@custom "filling" "{}")
        (global (export "tripline_abi_1") i32 (i32.const 0)) (memory (export "memory") 2)
        (func (export "tripline_buffer") (param i32) (result i32) (i32.const 0))
        (func (export "tripline_open") (param i32 i32) (result i64) (i64.const 0))
        (func (export "tripline_check") (param i32 i32) (result i64) (i64.const 0)))"#,
        "x".repeat(filling)
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn what_would_go_over_a_quota_is_refused_by_its_name() {
    let site = Site::new();
    let (token, other) =
        (site.token_of("plant", Scope::Author, None), site.token_of("neighbour", Scope::Author, None));
    let plant = tenant("plant");
    let set = |kind: QuotaKind, most: Option<u64>| {
        let quota = site.database.set_quota(&plant, vec![(kind, most)], somebody()).unwrap().unwrap();
        site.intake.quotas().unwrap().put(&plant, quota);
    };
    let push = |token: &str, name: &str, patterns: usize, filling: usize| {
        put(&site, name, Some(token), WASM, &patterned(name, patterns, filling))
    };
    let own = || get(&site, "/api/v1/packs", &token).json()["own"].as_array().unwrap().len();
    assert_eq!(push(&token, "one", 4, 0).status, 200);
    // Each alone: what would be one too many is refused, the neighbour's is not, and as much as is allowed is taken.
    let over = |kind: QuotaKind, (patterns, filling): (usize, usize), found: &str| {
        let refused = push(&token, "two", patterns, filling);
        assert_eq!((refused.status, problem(&refused).as_str()), (409, "over-quota"), "{refused:?}");
        let detail = refused.json()["detail"].as_str().unwrap().to_string();
        for word in [kind.as_str(), found] {
            assert!(detail.contains(word), "{word}: {detail}");
        }
        assert_eq!(own(), 1, "nothing is changed");
        let taken = push(&other, "two", patterns, filling);
        assert_eq!(taken.status, 200, "{taken:?}");
    };
    set(QuotaKind::Packs, Some(1));
    over(QuotaKind::Packs, (1, 0), "found 2");
    assert_eq!(push(&token, "one", 4, 0).status, 200, "another version is no other pack");
    set(QuotaKind::Packs, None);
    set(QuotaKind::Module, Some(64 << 10));
    over(QuotaKind::Module, (1, 64 << 10), "64KiB");
    set(QuotaKind::Module, None);
    set(QuotaKind::Patterns, Some(9));
    over(QuotaKind::Patterns, (6, 0), "found 10");
    set(QuotaKind::Patterns, None);
    set(QuotaKind::Literals, Some(18));
    over(QuotaKind::Literals, (6, 0), "found 20");
    set(QuotaKind::Literals, None);
    set(QuotaKind::Index, Some(1 << 10));
    over(QuotaKind::Index, (6, 0), "index");
    set(QuotaKind::Index, None);
    set(QuotaKind::Memory, Some(64 << 10));
    over(QuotaKind::Memory, (1, 0), "128KiB");
    set(QuotaKind::Memory, None);
    set(QuotaKind::Stored, Some(512 << 10));
    over(QuotaKind::Stored, (1, 512 << 10), "stored");
    set(QuotaKind::Stored, None);
    // As much as is allowed: patterns and literals of both.
    set(QuotaKind::Patterns, Some(9));
    set(QuotaKind::Literals, Some(18));
    assert_eq!(push(&token, "two", 5, 0).status, 200);
    // A version that was within it before counts again only if it still is.
    assert_eq!(push(&token, "two", 1, 0).status, 200);
    set(QuotaKind::Patterns, Some(8));
    let back = crate::api::post(&site, "/api/v1/packs/two/rollback", &token, "", &serde_json::json!({}));
    assert_eq!((back.status, problem(&back).as_str()), (409, "over-quota"), "{back:?}");
    set(QuotaKind::Patterns, None);
    let back = crate::api::post(&site, "/api/v1/packs/two/rollback", &token, "", &serde_json::json!({}));
    assert_eq!(back.status, 200, "{back:?}");
    let metrics = get(&site, "/metrics", &site.token(Scope::Operator)).text();
    let times = "tripline_tenant_went_over_quota_total{tenant=\"plant\",quota=\"literals\"} 1";
    assert!(metrics.contains(times), "{metrics}");
}

#[test]
fn settings_have_to_fit_the_version_that_counts() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    assert_eq!(put(&site, NAME, Some(&token), WASM, &module("good")).status, 200);
    let path = format!("/api/v1/packs/{NAME}/settings");
    let set = |body| {
        let content = "Content-Type: application/json\r\n";
        crate::api::send(&site, "PUT", &path, Some(&token), content, body)
    };
    let reply = set(r#"{ "settings": { "threshold": 1 } }"#);
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(reply.text().contains("threshold"), "{reply:?}");
    assert_eq!(set(r#"{ "settings": {} }"#).status, 200);
    assert_eq!(set(r#"{ "settings": {}, "tenant": "other" }"#).status, 422);
}

#[test]
fn who_brings_packs_sees_ones_own_and_not_what_all_cost() {
    let site = Site::new();
    let (author, operator) = (site.token(Scope::Author), site.token(Scope::Operator));
    assert_eq!(put(&site, NAME, Some(&author), WASM, &module("good")).status, 200);
    assert_eq!(site.bring(&site.token(Scope::Ingest), "", b"n=1\n").status, 200);
    let shown = |token: &str| get(&site, "/api/v1/packs", token).json();
    assert_eq!(shown(&author)["own"][0]["pack"], NAME);
    assert_eq!(shown(&author)["packs"], serde_json::json!([]));
    let until = Instant::now() + PATIENCE;
    while shown(&operator)["packs"][0]["pack"] != "each" {
        assert!(Instant::now() < until, "{}", shown(&operator));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(get(&site, "/api/v1/packs", &site.token(Scope::Analyst)).status, 403);
}

#[test]
fn who_changes_one_while_another_does_is_told_and_what_is_kept_is_what_judges() {
    let site = Site::new();
    let token = site.token(Scope::Author);
    assert_eq!(put(&site, NAME, Some(&token), WASM, &module("good")).status, 200);
    let (mut done, mut late) = (1, 0);
    std::thread::scope(|scope| {
        let pushes: Vec<_> =
            (0..6).map(|_| scope.spawn(|| put(&site, NAME, Some(&token), WASM, &module("good")))).collect();
        for push in pushes {
            let reply = push.join().unwrap();
            match reply.status {
                200 => done += 1,
                _ => {
                    assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"), "{reply:?}");
                    late += 1;
                }
            }
        }
    });
    assert_eq!(done + late, 7);
    // Nobody has overwritten what somebody else was told of.
    let kept = get(&site, "/api/v1/packs", &token).json()["own"][0].clone();
    assert_eq!(kept["number"], done);
}

fn compiler(cpu: u64, wall: Duration) -> Compiler {
    let limits = CompileLimits { cpu, wall, ..CompileLimits::default() };
    Compiler { program: env!("CARGO_BIN_EXE_tripline").into(), cache: None, limits }
}

/// Within all limits of a module, and still seconds of any compiler.
fn bomb() -> Pack {
    // Two hundred values that all live at once, again and again.
    let step = "local.get 0 i32.load local.get 0 i32.const 1 i32.add local.tee 0 i32.mul ";
    let hill = format!("local.get 0 {} {} i32.store ", step.repeat(200), "i32.add ".repeat(199));
    let function = format!("(func (param i32) {})", hill.repeat(30)).repeat(20);
    let manifest = r#"{\"abi\": 1, \"pack\": {\"name\": \"bomb\", \"version\": \"1.0.0\"}, \"every_event\": true, \"rules\": [{\"id\": \"loud\", \"title\": \"loud\", \"severity\": \"low\"}]}"#;
    let text = format!(
        r#"(module (@custom "tripline.manifest" "{manifest}")
        (global (export "tripline_abi_1") i32 (i32.const 0)) (memory (export "memory") 1)
        (func (export "tripline_buffer") (param i32) (result i32) (i32.const 0))
        (func (export "tripline_open") (param i32 i32) (result i64) (i64.const 0))
        (func (export "tripline_check") (param i32 i32) (result i64) (i64.const 0)) {function})"#
    );
    Pack::read(wat::parse_str(text).unwrap()).expect("it passes all checks")
}

#[test]
fn what_takes_too_much_to_compile_is_ended() {
    let bomb = bomb();
    for compiler in [compiler(1, Duration::from_secs(120)), compiler(600, Duration::from_millis(300))] {
        let start = Instant::now();
        let Compiling { end, cpu } = compiler.compile(&bomb);
        assert!(matches!(end, Err(CompileError::Ended(_))), "{end:?} after {:?}", start.elapsed());
        // Whoever ended it, what it has taken is known; on a busy machine its time may be over before it has any.
        let least = if compiler.limits.cpu == 1 { Duration::from_millis(900) } else { Duration::ZERO };
        let most = start.elapsed() * 64;
        assert!(least <= cpu && cpu <= most, "{cpu:?} after {:?}", start.elapsed());
    }
    let patient = compiler(600, Duration::from_secs(600));
    let good = Pack::read(module("good")).unwrap();
    let Compiling { end, cpu } = patient.compile(&good);
    assert!(end.is_ok() && cpu > Duration::ZERO, "{end:?}, {cpu:?}");
    // Without memory for its own threads there is no machine code, and no crash of whoever asked.
    let limits = CompileLimits { memory: 16 << 20, ..patient.limits };
    assert!(Compiler { limits, ..patient }.compile(&good).end.is_err());
}

/// What compiling takes is the tenant's that pushes, and of the pack that it has pushed.
#[test]
fn compiling_costs_who_pushes() {
    let site = Site::new();
    let (token, operator) = (site.token(Scope::Author), site.token(Scope::Operator));
    let pushed = put(&site, NAME, Some(&token), WASM, &module("good"));
    assert_eq!(pushed.status, 200, "{pushed:?}");
    let until = Instant::now() + PATIENCE;
    let own = loop {
        let usage = get(&site, "/api/v1/usage", &operator).json();
        let tenants = usage["tenants"].as_array().unwrap();
        let own = tenants.iter().find(|one| one["tenant"] == "default");
        let own = own.unwrap_or_else(|| panic!("it has pushed: {usage}"));
        let packs = own["packs"].as_array().unwrap();
        if let Some(pack) = packs.iter().find(|pack| pack["pack"] == NAME) {
            break (own["compile_seconds"].as_f64().unwrap(), pack["compile_seconds"].as_f64().unwrap());
        }
        assert!(Instant::now() < until, "it counts soon: {usage}");
        std::thread::yield_now();
    };
    assert!(own.0 > 0.0 && own.0 == own.1, "{own:?}");
    let text = get(&site, "/metrics", &operator).text();
    let begins = format!("tripline_tenant_pack_compile_seconds_total{{tenant=\"default\",pack=\"{NAME}\"}}");
    let line = text.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("{text}"));
    assert!(line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() > 0.0, "{line}");
}

/// Whoever has spent its time has nothing compiled until it has time again; what judges may be put out all the same.
#[test]
fn who_has_spent_its_time_pushes_nothing_and_puts_packs_out() {
    let site = Site::new();
    let [plant, other] = ["plant", "other"].map(|of| site.token_of(of, Scope::Author, None));
    let quotas = site.intake.quotas().unwrap();
    quotas.set([(tenant("plant"), Quota::of(QuotaKind::Cpu, 10))]);
    let push = |token: &str, of: &str| put(&site, NAME, Some(token), WASM, &module(of));
    assert_eq!(push(&plant, "good").status, 200);
    quotas.spend_cpu(&tenant("plant"), Duration::from_secs(600));
    let late = push(&plant, "decides-on-all");
    assert_eq!((late.status, problem(&late).as_str()), (429, "full"), "{late:?}");
    assert!(late.header("retry-after").is_some(), "{late:?}");
    assert_eq!(push(&other, "good").status, 200, "another's time is not spent");
    let act = |act: &str| call(&site, "POST", &format!("/api/v1/packs/{NAME}/{act}"), Some(&plant), "", None);
    assert_eq!([act("disable").status, act("enable").status], [200, 429]);
    site.clock.pass(24 * 3_600);
    assert_eq!([act("enable").status, push(&plant, "decides-on-all").status], [200, 200]);
}

/// A tenant has one pack compiled at a time, however many it pushes: others have a turn.
#[test]
fn whose_modules_are_slow_to_compile_keeps_nobody_else_waiting() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (held, compiler) = (folder.path().join("held"), folder.path().join("compiler"));
    let (slow, quick) = (module("good"), module("decides-on-all"));
    assert_ne!(slow.len(), quick.len(), "it tells them apart by that");
    // In the place of the compiler's process: it ends when it may.
    let script = format!(
        "#!/bin/sh\nif [ $(wc -c) = {} ]; then while [ -e {} ]; do sleep 0.02; done; fi\necho 0\n",
        slow.len(),
        held.display()
    );
    std::fs::write(&held, "").unwrap();
    std::fs::write(&compiler, script).unwrap();
    std::fs::set_permissions(&compiler, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut setup = Setup::limited(|limits| limits.turn = Duration::from_secs(3));
    setup.compiler = compiler;
    let site = Site::of(setup);
    let [plant, other] = ["plant", "other"].map(|of| site.token_of(of, Scope::Author, None));
    let answered = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let status = put(&site, NAME, Some(&plant), WASM, &slow).status;
                answered.lock().unwrap().push(status);
            });
        }
        // All but one have waited for a turn and have none.
        let until = Instant::now() + PATIENCE;
        while answered.lock().unwrap().len() < 2 {
            assert!(Instant::now() < until, "one has a turn: {answered:?}");
            std::thread::yield_now();
        }
        let pushed = put(&site, NAME, Some(&other), WASM, &quick);
        std::fs::remove_file(&held).unwrap();
        assert_eq!(pushed.status, 200, "{pushed:?}");
    });
    let mut answered = answered.into_inner().unwrap();
    answered.sort_unstable();
    assert_eq!(answered, [200, 503, 503]);
}

#[test]
fn machine_code_is_kept_in_a_folder_of_our_own() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("artifacts");
    let compiler = Compiler { cache: Some(cache.clone()), ..compiler(600, Duration::from_secs(600)) };
    compiler.compile(&Pack::read(module("good")).unwrap()).end.unwrap();
    assert_eq!(std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
}
