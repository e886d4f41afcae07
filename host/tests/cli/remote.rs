//! What a command does to a database it does to a server that has it: the same words, the same data, the same exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use tripline::abi::Severity;
use tripline::commit::Tenant;
use tripline::http::{HttpLimits, HttpOptions, HttpServer, HttpSources, start};
use tripline::incidents::{Actor, Filter, Policy};
use tripline::notices::{Route, Routes};
use tripline::packs::{Compiler, Shelf, Tools};
use tripline::quota::QuotaKind;
use tripline::serve::{Control, Health, Intake, IntakeLimits, ScanPlan, Scans, StreamSettings};
use tripline::store::{Database, DatabaseOptions};
use tripline::token::{NewToken, Scope, TokenSecret};
use tripline::wall_clock::SystemClock;
use tripline::{Limits, Wasmtime};

use crate::fixture::Fixture;
use crate::transcripts::from_now;

const CONFIGURATION: &str = "
[database]
path = 'local.db'
[recipients]
oncall = 'oncall@example.org'
[[routes]]
name = 'high to oncall'
severity = 'high'
to = ['oncall']
";

struct Site {
    fixture: Fixture,
    url: String,
    database: Arc<Database>,
    _http: HttpServer,
}

impl Site {
    /// A database here, and a server with a copy of it.
    fn new() -> Site {
        let fixture = Fixture::new();
        fixture.write("tripline.toml", CONFIGURATION);
        run(&fixture, &["check", "attack.log", "--year", "2020", "--only", "sshd"]);
        run(
            &fixture,
            &["incident", "report", "--title", "Disk full", "--fingerprint", "disk", "--severity", "low"],
        );
        let copy = ["db", "backup", "local.db", "remote.db"];
        assert_eq!(run(&fixture, &copy).status.code(), Some(0));
        let http = serve(&fixture.path().join("remote.db"));
        let (http, database) = http;
        let url = format!("http://{}", http.address());
        let site = Site { fixture, url, database, _http: http };
        site.fixture.write("token", format!("{}\n", site.token(Scope::Operator, &site.fixture.me())));
        site
    }

    fn token(&self, scope: Scope, name: &str) -> String {
        self.token_of(&Tenant::default(), scope, name)
    }

    fn token_of(&self, tenant: &Tenant, scope: Scope, name: &str) -> String {
        let secret = TokenSecret::draw().unwrap();
        let new = NewToken { tenant: tenant.clone(), name: name.into(), scope, expires: None };
        let author = Actor::named("test", "test");
        self.database.add_token(new, secret.hash(), author, None).unwrap();
        secret.show().into()
    }

    fn remote(&self, arguments: &[&str]) -> Output {
        let more = ["--server", &self.url, "--token-file", "token"];
        run(&self.fixture, &[arguments, &more].concat())
    }

    /// Does it here and there, and holds what came against each other.
    #[track_caller]
    fn both(&self, arguments: &[&str]) {
        let (local, remote) = (run(&self.fixture, arguments), self.remote(arguments));
        let plain = |bytes: &[u8]| from_now(&String::from_utf8_lossy(bytes), Timestamp::now());
        assert_eq!(plain(&remote.stdout), plain(&local.stdout), "{arguments:?}: {}", plain(&remote.stderr));
        // Here the command itself has to tell people; a server does that by itself.
        let code = local.status.code().filter(|code| *code != 4).or(Some(0));
        assert_eq!(remote.status.code(), code, "{arguments:?}: {}", plain(&remote.stderr));
        if code == Some(2) {
            assert_eq!(plain(&remote.stderr), plain(&local.stderr), "{arguments:?}");
        }
    }
}

fn serve(path: &Path) -> (HttpServer, Arc<Database>) {
    let to = vec!["oncall@example.org".to_string()];
    let route = Route {
        name: "high to oncall".into(),
        severity: Severity::High,
        to,
        resolved: false,
        ..Route::all("")
    };
    let policy = Policy { routes: Routes(vec![route]), ..Policy::default() };
    let database = Database::open(path, policy, Arc::new(SystemClock), DatabaseOptions::default());
    let database = Arc::new(database.unwrap());
    let (health, intake) = (Arc::new(Health::new()), Intake::new(IntakeLimits::default(), || {}));
    let tools = Tools {
        database: Arc::clone(&database),
        control: Arc::new(Control::default()),
        sandbox: Arc::new(Wasmtime::new(Limits::default()).unwrap()),
        compiler: Compiler::new(None),
        health: Arc::clone(&health),
        intake: intake.clone(),
    };
    let http = start(HttpOptions {
        packs: Arc::new(Shelf::open(tools, Vec::new(), Default::default()).unwrap().0),
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: None,
        database: Arc::clone(&database),
        intake,
        scans: Scans::new(ScanPlan::default()),
        health,
        clock: Arc::new(SystemClock),
        limits: HttpLimits::default(),
        streams: HttpSources::new(StreamSettings::default(), &[]),
        proxies: Vec::new(),
    });
    (http.unwrap(), database)
}

fn run(fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = fixture.tripline(arguments);
    command.env_remove("TRIPLINE_SERVER").env_remove("TRIPLINE_TOKEN");
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_server_is_asked_as_a_database_is() {
    let site = Site::new();
    for line in [
        "incident list",
        "incident list --severity high --format json",
        "incident list --all --format ndjson",
        "incident list --limit 1",
        "incident list --search root",
        "incident list --since 1h --rule sshd/*",
        "incident show 1",
        "incident show #1 --format json",
        "incident show 99",
        "incident ack 1 2 --for 4h",
        "incident assign 1 bob",
        "incident list --assignee bob",
        "incident comment 1 seen",
        "incident assign 1",
        "incident resolve 1 --as false-positive --comment ours",
        "incident resolve 1",
        "incident ack 99",
        "incident ack 99 1 98 --for 2h",
        "incident comment 1 ",
        "incident report --title  --severity high",
        "incident reopen 1",
        "incident show 1",
        "incident show 1 --format ndjson",
        "incident report --title Lost --severity high --fingerprint x --value a=b --value b=c --tag t",
        "incident report --title Lost --severity high --fingerprint x",
        "incident export --all",
        "incident export --all --format json",
        "silence list",
        "silence add --rule sshd/* --field ip=192.* --severity high --for 2h --reason moving",
        "silence list",
        "silence list --format json",
        "silence end 1",
        "silence end 1",
        "silence list --all --format ndjson",
        "exception add --rule tripline/reported --field host --value web-* --reason known",
        "exception add --field ip --cidr 192.0.2.0/24 --severity low --for 30d --reason scanner",
        "incident report --title Taken --value host=web-1",
        "exception list",
        "exception list --format json",
        "exception add --field ip --cidr 192.0.2.5/24 --reason scanner",
        "exception end 1",
        "exception end 1",
        "exception list --all",
        "incident list --source *attack.log",
        "incident list --source http/*",
        "token revoke 99",
        "notify status",
        "notify status --format json",
        "notify why 1",
        "notify why 1 oncall",
        "notify why 1 ONCALL@example.org --format ndjson",
        "notify why 1 nobody@example.org",
        "notify why 2",
        "notify why 99",
        "notify retry",
        "notify retry 7",
    ] {
        site.both(&line.split(' ').collect::<Vec<_>>());
    }
}

#[test]
fn a_list_goes_over_pages() {
    let site = Site::new();
    let before =
        site.database.page(&Tenant::default(), &Filter::default(), None, 100).unwrap().incidents.len();
    for number in 0..250 {
        let report = tripline::incidents::Report::new(Severity::Low, format!("number {number}"));
        site.database.report(&Tenant::default(), report, Actor::program("a test")).unwrap();
    }
    let lines = |arguments: &[&str]| {
        let output = site.remote(arguments);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert_eq!(lines(&["incident", "list", "--limit", "230"]), 230);
    assert_eq!(lines(&["incident", "list", "--limit", "1000"]), 250 + before);
    assert_eq!(lines(&["incident", "export"]), 1 + 250 + before);
}

#[test]
fn what_is_wrong_is_said() {
    let site = Site::new();
    let said = |output: Output, expected: &str| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "expected {expected:?}, found {said}");
    };
    let list = ["incident", "list"];
    let with = |more: &[&str]| run(&site.fixture, &[&list[..], more].concat());
    let url = &site.url[..];
    said(with(&["--server", url]), "expected a token, found none");
    said(with(&["--server", url, "--token-file", "none"]), "none: cannot read it");
    said(with(&["--server", url, "--token-file", "attack.log"]), "expected a token, found something else");
    said(with(&["--server", url, "--db", "local.db"]), "expected --server or --db, found both");
    said(
        with(&["--server", "http://a.example", "--token-file", "token"]),
        "expected https://a.example, found http",
    );
    said(
        with(&["--server", "https://a:b@a.example", "--token-file", "token"]),
        "expected --server https://HOST",
    );
    site.fixture.write("other", TokenSecret::draw().unwrap().show());
    said(with(&["--server", url, "--token-file", "other"]), "the server does not know the token");
    site.fixture.write("reader", site.token(Scope::Reader, "reader"));
    assert_eq!(with(&["--server", url, "--token-file", "reader"]).status.code(), Some(0));
    let ack = ["incident", "ack", "1", "--server", url, "--token-file", "reader"];
    said(run(&site.fixture, &ack), "expected a token with the scope analyst, found reader");
    said(
        run(&site.fixture, &ack),
        "hint: `tripline token add --tenant default` beside the server's database",
    );
    assert_eq!(site.remote(&["tenant", "add", "plant"]).status.code(), Some(0));
    let plant = Tenant::new("plant").unwrap();
    site.fixture.write("plant", site.token_of(&plant, Scope::Admin, "admin"));
    let hardly = vec![(QuotaKind::Stored, Some(1))];
    assert!(site.database.set_quota(&plant, hardly, Actor::program("a test")).unwrap().is_some());
    let of_plant = ["--tenant", "plant", "--server", url, "--token-file", "plant"];
    let report = [&["incident", "report", "--title", "No room"][..], &of_plant].concat();
    said(run(&site.fixture, &report), "expected at most 1B stored");
    said(run(&site.fixture, &report), "hint: an operator sees what it uses by `tripline tenant show plant`");
    let test = ["notify", "test", "a@b.example", "--server", url, "--token-file", "token"];
    said(run(&site.fixture, &test), "expected no --server");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    said(with(&["--server", &format!("http://{closed}"), "--token-file", "token"]), "cannot ask it");
}

/// What answers is no TLS: said in words, not in types of a library.
#[test]
fn a_server_without_tls_is_told_from_one_with() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // All of its greeting: whoever closes before has the answer thrown away.
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        stream.read_exact(&mut vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let output = run(&site.fixture, &["incident", "list", "--server", &url, "--token-file", "token"]);
    answering.join().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot ask it: expected TLS, found something else"), "{said}");
    assert!(said.contains("http://"), "{said}");
}

#[test]
fn the_environment_names_it_and_brings_the_token() {
    let site = Site::new();
    let token = site.token(Scope::Reader, "reader");
    let mut command = site.fixture.tripline(&["incident", "list", "--format", "ndjson", "--search", "disk"]);
    command.env("TRIPLINE_SERVER", &site.url).env("TRIPLINE_TOKEN", &token).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
    // What the command line says goes before it.
    let mut command = site.fixture.tripline(&["incident", "list", "--db", "nowhere.db"]);
    command.env("TRIPLINE_SERVER", &site.url).env("TRIPLINE_TOKEN", &token).stdin(Stdio::null());
    assert!(String::from_utf8_lossy(&command.output().unwrap().stderr).contains("expected a database"));
}

/// What a server that is none answers; and what it was asked.
fn stranger(site: &Site, answer: &'static str) -> (Output, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut bytes = [0; 4096];
        while !asked.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut bytes).unwrap();
            assert!(read > 0);
            asked.extend_from_slice(&bytes[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        drop(stream);
        listener.set_nonblocking(true).unwrap();
        let more = listener.accept().is_ok().then(|| "another".to_string());
        [String::from_utf8(asked).unwrap()].into_iter().chain(more).collect()
    });
    let output = run(&site.fixture, &["incident", "list", "--server", &url, "--token-file", "token"]);
    (output, answering.join().unwrap())
}

#[test]
fn a_server_is_not_believed() {
    let site = Site::new();
    for (answer, expected) in [
        (
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "a redirection, which is not followed",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "cannot understand the answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "cannot understand the answer"),
        ("HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", "try again in 7 s"),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "the server answers 500"),
        ("HTTP/1.1 400 No\r\nContent-Length: 27\r\n\r\n{\"detail\":\"a\\u001b[31mred\"}", "red"),
        ("nonsense\r\n\r\n", "cannot ask it"),
    ] {
        let (output, asked) = stranger(&site, answer);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "expected {expected:?}, found {said}");
        assert!(!said.contains('\u{1b}'), "{said}");
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].to_ascii_lowercase().contains("authorization: bearer tl_"), "{asked:?}");
    }
}

/// A token that is made over the server opens it, and nothing once it is revoked there.
#[test]
fn tokens_are_made_and_revoked_over_a_server() {
    let site = Site::new();
    let made = site.remote(&["token", "add", "--name", "web-1", "--scope", "reader", "--expires", "1d"]);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let secret = String::from_utf8(made.stdout).unwrap();
    site.fixture.write("made", &secret);
    let list = ["incident", "list", "--server", &site.url, "--token-file", "made"];
    assert_eq!(run(&site.fixture, &list).status.code(), Some(0));
    let listed = String::from_utf8(site.remote(&["token", "list"]).stdout).unwrap();
    assert!(listed.contains("web-1") && !listed.contains(secret.trim()), "{listed}");
    assert_eq!(site.remote(&["token", "revoke", "2"]).status.code(), Some(0));
    assert_eq!(run(&site.fixture, &list).status.code(), Some(2));
    // Only an admin may, or an operator.
    site.fixture.write("reader", site.token(Scope::Reader, "reader"));
    let add = [
        "token",
        "add",
        "--name",
        "x",
        "--scope",
        "operator",
        "--server",
        &site.url,
        "--token-file",
        "reader",
    ];
    let refused = run(&site.fixture, &add);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&refused.stderr)
            .contains("expected a token with the scope admin, found reader")
    );
}
