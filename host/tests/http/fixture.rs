//! A server with all that is behind it: a database in a folder of its own, and a pack that decides on every `n=`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::commit::Tenant;
use tripline::http::{HttpLimits, HttpOptions, HttpServer, HttpSources};
use tripline::incidents::{Actor, Filter, Policy};
use tripline::line::LineSettings;
use tripline::packs::{Compiler, Shelf, Tools};
use tripline::sandbox::Sandbox;
use tripline::scans::{Allowed, Missed, Request, ScanName, ScanSettings, Schedule, Scheduled, Times, When};
use tripline::serve::{
    self, Control, Health, Intake, IntakeLimits, PackSets, Quotas, ScanPlan, Scans, ServeOptions,
    StreamSettings,
};
use tripline::signing::Demands;
use tripline::store::{Database, DatabaseOptions};
use tripline::token::{NewToken, Scope, TokenSecret};
use tripline::wall_clock::WallClock;
use tripline::{Configured, Limits, Native, Pack, Wasmtime};

use crate::raw::{Raw, Reply};

const SECOND: i64 = 1_000_000_000;
/// 2026-11-24, about.
const START: i64 = 1_795_000_000 * SECOND;

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "each", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "each", "title": "each event", "severity": "low" }]
}"#;

/// Decides on every event; all are one incident, whose count is how many there were.
struct Each;

impl Guest for Each {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        Open::parse(frame).map(|_| Each).map_err(|error| format!("{error:?}"))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            let head = DecisionHead {
                rule: 0,
                severity: None,
                fingerprint: Some(b"all"),
                title: None,
                summary: None,
                trigger: entry.id(),
            };
            writer.decision(&head, [], &[entry.id()]);
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

/// Stands still until it is moved, though what waits for it goes on.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * SECOND, SeqCst);
    }
}

impl WallClock for Hand {
    fn now(&self) -> i64 {
        self.0.load(SeqCst)
    }

    fn wait(&self, _: i64, woken: &Receiver<()>) -> bool {
        woken.recv_timeout(Duration::from_millis(20)).is_err_and(|error| !error.is_timeout())
    }
}

/// How a server is made.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) limits: HttpLimits,
    pub(crate) intake: IntakeLimits,
    pub(crate) tls: Option<tripline::configuration::TlsFiles>,
    pub(crate) sources: HttpSources,
    pub(crate) proxies: Vec<ipnet::IpNet>,
    pub(crate) demands: Demands,
    /// What compiles packs.
    pub(crate) compiler: PathBuf,
    /// Whether what is taken is judged and committed.
    pub(crate) judges: bool,
}

impl Default for Setup {
    fn default() -> Setup {
        let (limits, intake) = (HttpLimits::default(), IntakeLimits::default());
        let sources = HttpSources::new(StreamSettings::default(), &[]);
        Setup {
            limits,
            intake,
            tls: None,
            sources,
            proxies: Vec::new(),
            demands: Demands::default(),
            compiler: env!("CARGO_BIN_EXE_tripline").into(),
            judges: true,
        }
    }
}

impl Setup {
    pub(crate) fn limited(change: impl FnOnce(&mut HttpLimits)) -> Setup {
        let mut setup = Setup::default();
        change(&mut setup.limits);
        setup
    }
}

/// Each tenant may have loopback scanned, by the scanner that is built in.
fn plan() -> ScanPlan {
    let allowed = |name| (Tenant::new(name).unwrap(), Allowed::new(["127.0.0.0/8".parse().unwrap()]));
    let allow = ["default", "other"].map(allowed).into();
    let schedules = (0..SCHEDULES).map(yearly).collect();
    let limits = ScanSettings { at_once: 64, at_once_of_tenant: 64, ..ScanSettings::default() };
    ScanPlan { settings: ScanSettings { allow, schedules, ..limits }, path: None }
}

/// Schedules of the default tenant, `yearly-0` and so on, which are not due.
pub(crate) const SCHEDULES: u32 = 64;

fn yearly(number: u32) -> Scheduled {
    let request = Request {
        name: ScanName::new(&format!("yearly-{number}")).unwrap(),
        targets: vec!["127.0.0.1".parse().unwrap()],
        ports: "1".parse().unwrap(),
        service: false,
        scripts: Vec::new(),
        every_address: true,
    };
    let times = Times::new("0 0 1 1 *", TimeZone::UTC).unwrap();
    let schedule =
        Schedule { when: When::Cron(Box::new(times)), jitter: Duration::ZERO, missed: Missed::Skip };
    Scheduled { tenant: Tenant::default(), request, schedule }
}

pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) setup: Setup,
    pub(crate) clock: Hand,
    pub(crate) database: Arc<Database>,
    pub(crate) intake: Intake,
    pub(crate) scans: Scans,
    pub(crate) health: Arc<Health>,
    pub(crate) http: Option<HttpServer>,
    packs: Option<Arc<Shelf>>,
    control: Arc<Control>,
    serving: Option<JoinHandle<()>>,
}

impl Site {
    pub(crate) fn new() -> Site {
        Site::of(Setup::default())
    }

    pub(crate) fn of(setup: Setup) -> Site {
        Site::begin(tempfile::tempdir().unwrap(), setup, Hand(Arc::new(AtomicI64::new(START))))
    }

    fn begin(folder: TempDir, setup: Setup, clock: Hand) -> Site {
        let path = folder.path().join("t.db");
        let hand: Arc<dyn WallClock> = Arc::new(clock.clone());
        let database = Database::open(&path, Policy::default(), hand, DatabaseOptions::default());
        let database = Arc::new(database.unwrap());
        let control = Arc::new(Control::default());
        let woken = Arc::clone(&control);
        let intake = Intake::new(setup.intake, move || woken.wake());
        intake.keep_to(Quotas::new(Arc::new(clock.clone())));
        let (health, scans) = (Arc::new(Health::new()), Scans::new(plan()));
        let serving = setup.judges.then(|| {
            let options = ServeOptions {
                packs: Arc::new(PackSets::shared(vec![configured()]).unwrap()),
                follow: Vec::new(),
                intake: intake.clone(),
                scans: scans.clone(),
                own: Vec::new(),
                expected: Vec::new(),
                lines: LineSettings { timezone: TimeZone::UTC, ..LineSettings::default() },
                threads: 1,
                instances: 16,
                most_files: 1_000,
                database: Arc::clone(&database),
                security_log: None,
                deliverer: None,
                health: Arc::clone(&health),
                clock: Arc::new(clock.clone()),
                pause: Duration::from_millis(20),
                every: Duration::from_millis(100),
            };
            let control = Arc::clone(&control);
            std::thread::spawn(move || {
                let sandbox: Arc<dyn Sandbox> = Arc::new(Native::<Each>::default());
                serve::run(options, &sandbox, &|_| {}, &control).unwrap();
            })
        });
        health.serves();
        let mut site = Site {
            folder,
            setup,
            clock,
            database,
            intake,
            scans,
            health,
            http: None,
            packs: None,
            control,
            serving,
        };
        let options = site.options();
        site.packs = Some(Arc::clone(&options.packs));
        site.http = Some(tripline::http::start(options).unwrap());
        site
    }

    /// Its packs; what compiles them is the program itself.
    fn shelf(&self) -> Shelf {
        let tools = Tools {
            database: Arc::clone(&self.database),
            control: Arc::clone(&self.control),
            sandbox: Arc::new(Wasmtime::new(Limits::default()).unwrap()),
            compiler: Compiler { program: self.setup.compiler.clone(), ..Compiler::new(None) },
            health: Arc::clone(&self.health),
            intake: self.intake.clone(),
        };
        Shelf::open(tools, vec![configured()], self.setup.demands.clone()).unwrap().0
    }

    /// The packs of a tenant's own that judge from the next barrier on.
    pub(crate) fn packs_of(&self, tenant: &str) -> Vec<String> {
        let own = self.packs.as_ref().unwrap().sets().own(&Tenant::new(tenant).unwrap());
        own.iter().map(|one| one.pack.name().to_string()).collect()
    }

    /// With what its HTTP is started.
    pub(crate) fn options(&self) -> HttpOptions {
        HttpOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: self.setup.tls.clone(),
            database: Arc::clone(&self.database),
            intake: self.intake.clone(),
            scans: self.scans.clone(),
            packs: Arc::new(self.shelf()),
            health: Arc::clone(&self.health),
            clock: Arc::new(self.clock.clone()),
            limits: self.setup.limits,
            streams: self.setup.sources.clone(),
            proxies: self.setup.proxies.clone(),
        }
    }

    /// Ends it in good order and begins again, with another port.
    pub(crate) fn again(mut self) -> Site {
        self.end();
        let (clock, setup) = (self.clock.clone(), self.setup.clone());
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        // Closed before it is opened again.
        drop(self);
        Site::begin(folder, setup, clock)
    }

    pub(crate) fn end(&mut self) {
        self.control.stop();
        if let Some(serving) = self.serving.take() {
            serving.join().unwrap();
        }
        if let Some(http) = self.http.take() {
            http.stop(Duration::from_secs(5));
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A token of the default tenant.
    pub(crate) fn token(&self, scope: Scope) -> String {
        self.token_of("default", scope, None)
    }

    pub(crate) fn token_of(&self, tenant: &str, scope: Scope, expires: Option<i64>) -> String {
        let secret = TokenSecret::draw().unwrap();
        let tenant = Tenant::new(tenant).unwrap();
        let new = NewToken { tenant, name: "test".into(), scope, expires };
        let author = Actor::named("test", "test");
        self.database.add_token(new, secret.hash(), author, None).unwrap();
        secret.show().into()
    }

    pub(crate) fn port(&self) -> u16 {
        self.http.as_ref().unwrap().address().port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port())
    }

    /// A connection to it.
    pub(crate) fn raw(&self) -> Raw {
        Raw::open(self.port())
    }

    /// What it answers to one request, all of which is given.
    #[track_caller]
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut raw = self.raw();
        raw.send(request.as_ref());
        raw.reply()
    }

    /// What it answers to GET with a token.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"))
    }

    /// What it answers to lines of the source `web`, with more headers.
    #[track_caller]
    pub(crate) fn bring(&self, token: &str, headers: &str, body: &[u8]) -> Reply {
        self.bring_to("/api/v1/ingest?source=web", token, headers, body)
    }

    #[track_caller]
    pub(crate) fn bring_to(&self, path: &str, token: &str, headers: &str, body: &[u8]) -> Reply {
        let length = body.len();
        let content = match headers.to_ascii_lowercase().contains("content-type:") {
            true => "",
            false => "Content-Type: text/plain\r\n",
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {length}\r\n{content}{headers}\r\n"
        );
        self.ask([head.as_bytes(), body].concat())
    }

    /// How many events a tenant's packs have decided on, as they stand in the database.
    #[track_caller]
    pub(crate) fn count(&self, tenant: &str) -> u64 {
        let page = self.database.page(&Tenant::new(tenant).unwrap(), &Filter::default(), None, 100).unwrap();
        page.incidents.iter().map(|incident| incident.count).sum()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.end();
    }
}

fn configured() -> Configured {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    Configured::new(pack, &serde_json::Map::new()).unwrap()
}

/// So many lines that are decided on.
pub(crate) fn lines(from: u32, to: u32) -> String {
    (from..to).map(|n| format!("2026-11-24T10:00:00Z app n={n}\n")).collect()
}

/// The word at the end of a problem's type; checks that it is one.
#[track_caller]
pub(crate) fn problem(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body["status"], reply.status);
    assert_eq!(body["instance"].as_str(), reply.header("x-request-id"));
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    body["type"].as_str().unwrap().strip_prefix("urn:tripline:").unwrap().into()
}
