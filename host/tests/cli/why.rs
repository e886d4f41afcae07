//! Why somebody was or was not told: each answer, on a clock that is set by hand. `UPDATE=1` rewrites `why.txt`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::Receiver;
use jiff::civil::time;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store, Tenant};
use tripline::incidents::{Act, Actor, Effect, NewException, NewSilence, Policy, Report, Resolution};
use tripline::notices::{
    Accepted, Deliverer, Mail, Outbox, Pattern, QuietHours, Route, Routes, SendError, Sender, Templates,
    Throttle, Transport,
};
use tripline::report::why::Why;
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::{WallClock, never};

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3600 * SECOND;
/// 2026-11-24 12:00:00 UTC.
const START: i64 = 1_795_521_600 * SECOND;
const ONCALL: &str = "oncall@example.org";

#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl WallClock for Hand {
    fn now(&self) -> i64 {
        self.0.load(SeqCst)
    }

    fn wait(&self, until: i64, _woken: &Receiver<()>) -> bool {
        self.0.fetch_max(until, SeqCst);
        false
    }
}

/// What the relay says to every mail.
#[derive(Clone, Copy, Debug, Default)]
enum Says {
    #[default]
    Fine,
    Later,
    Never,
    Nothing,
}

#[derive(Clone, Default)]
struct Relay(Arc<Mutex<Says>>);

impl Transport for Relay {
    fn send(&mut self, _: &Mail) -> Result<Accepted, SendError> {
        match *self.0.lock().unwrap() {
            Says::Fine => Ok(Accepted { words: "250 queued".into() }),
            Says::Later => Err(SendError::Deferred { code: 451, words: "greylisted, try later".into() }),
            Says::Never => Err(SendError::Refused { code: 550, words: "no such user".into() }),
            Says::Nothing => {
                Err(SendError::Relay { doing: "connecting", code: None, words: "connection refused".into() })
            }
        }
    }
}

struct Desk {
    folder: TempDir,
    clock: Hand,
    relay: Relay,
    database: Arc<Database>,
    deliverer: Deliverer,
    said: String,
}

fn route(name: &str, to: &str) -> Route {
    Route { name: name.into(), ..Route::all(to) }
}

impl Desk {
    fn new(routes: Vec<Route>) -> Desk {
        Desk::with(Policy { routes: Routes(routes), ..Policy::default() })
    }

    fn with(policy: Policy) -> Desk {
        let clock = Hand::default();
        clock.0.store(START, SeqCst);
        Desk::open(tempfile::tempdir().unwrap(), clock, policy)
    }

    /// The same database with other routes.
    fn again(self, routes: Vec<Route>) -> Desk {
        let Desk { folder, clock, database, deliverer, .. } = self;
        drop((database, deliverer));
        Desk::open(folder, clock, Policy { routes: Routes(routes), ..Policy::default() })
    }

    fn open(folder: TempDir, clock: Hand, policy: Policy) -> Desk {
        let relay = Relay::default();
        let (path, watch) = (folder.path().join("t.db"), Arc::new(clock.clone()));
        let database = Database::open(&path, policy, Arc::clone(&watch) as _, DatabaseOptions::default());
        let database = Arc::new(database.unwrap());
        let sender =
            Sender { zone: TimeZone::UTC, ..Sender::new("tripline@example.org", "mail.example.org:587") };
        let outbox = Arc::clone(&database) as Arc<dyn Outbox>;
        let deliverer = Deliverer::new(outbox, Box::new(relay.clone()), watch, Templates::new(), sender);
        let deliverer = deliverer.unwrap().unwrap();
        Desk { folder, clock, relay, database, deliverer, said: String::new() }
    }

    fn report(&self, severity: Severity, title: &str) {
        let report = Report { fingerprint: Some(title.into()), ..Report::new(severity, title) };
        let decisions = vec![report.decision(self.clock.now())];
        self.database.commit(&Tenant::default(), Commit { decisions, ..Commit::default() }).unwrap();
    }

    fn act(&self, act: Act) {
        self.database.act(&Tenant::default(), 1, None, act, operator()).unwrap().unwrap();
    }

    fn pass(&self, time: i64) {
        self.clock.0.fetch_add(time, SeqCst);
        self.database.due().unwrap();
    }

    /// One look at the relay: what it defers stays so.
    fn deliver(&mut self, says: Says) {
        *self.relay.0.lock().unwrap() = says;
        self.deliverer.deliver(self.clock.now(), &never()).unwrap();
    }

    /// Asks why, and writes down what is said.
    fn ask(&mut self, head: &str, recipient: Option<&str>) {
        self.ask_of(1, head, recipient);
    }

    fn ask_of(&mut self, incident: i64, head: &str, recipient: Option<&str>) {
        let why = Why::read(&self.database, &Tenant::default(), incident, self.clock.now()).unwrap().unwrap();
        let mut out = anstream::StripStream::new(Vec::new());
        why.write(&mut out, recipient, 100, &TimeZone::UTC).unwrap();
        let text = String::from_utf8(out.into_inner()).unwrap();
        let _ = writeln!(self.said, "== {head}\n{text}");
    }
}

fn operator() -> Actor {
    Actor::user(1000, "alice")
}

fn silence(desk: &Desk) {
    let (starts, ends) = (desk.clock.now(), desk.clock.now() + 2 * HOUR);
    let new = NewSilence { starts, ends, reason: "moving the bastion".into(), ..NewSilence::default() };
    desk.database.silence(&Tenant::default(), new, operator()).unwrap();
}

fn sent() -> String {
    let repeating = Route { repeat: Some(Duration::from_secs(3600)), ..route("all", ONCALL) };
    let mut desk = Desk::new(vec![repeating]);
    desk.report(Severity::Medium, "Door open");
    desk.deliver(Says::Fine);
    desk.pass(SECOND);
    desk.report(Severity::High, "Door open");
    desk.deliver(Says::Fine);
    desk.pass(HOUR);
    desk.report(Severity::High, "Door open");
    desk.pass(HOUR);
    desk.deliver(Says::Fine);
    desk.act(Act::Acknowledge { hold: Some(HOUR) });
    desk.pass(HOUR + 1);
    desk.deliver(Says::Fine);
    desk.act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    desk.deliver(Says::Fine);
    desk.act(Act::Reopen { comment: String::new() });
    desk.deliver(Says::Fine);
    desk.ask("sent: first, severity rose, repeat, acknowledgement expired, resolved, reopened by hand", None);
    desk.act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    desk.deliver(Says::Fine);
    desk.report(Severity::High, "Door open");
    desk.deliver(Says::Fine);
    desk.ask_of(2, "sent: it was resolved, and happened again", None);
    desk.said
}

fn silenced() -> String {
    let mut desk = Desk::new(vec![route("all", ONCALL)]);
    silence(&desk);
    desk.report(Severity::Medium, "Door open");
    desk.deliver(Says::Fine);
    desk.ask("silenced", None);
    desk.clock.0.fetch_add(2 * HOUR, SeqCst);
    desk.ask("the silence ended, and nobody has looked since", None);
    desk.pass(0);
    desk.deliver(Says::Fine);
    desk.ask("the silence ended", None);
    let mut acknowledged = Desk::new(vec![route("all", ONCALL)]);
    silence(&acknowledged);
    acknowledged.report(Severity::Medium, "Door open");
    acknowledged.act(Act::Acknowledge { hold: None });
    acknowledged.pass(2 * HOUR);
    acknowledged.ask("the silence ended while it was acknowledged", None);
    acknowledged.act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    acknowledged.ask("the silence ended, and it was resolved", None);
    desk.said + &acknowledged.said
}

fn folded() -> String {
    let throttle = Throttle { per_hour: 1 };
    let routes = Routes(vec![route("all", ONCALL)]);
    let mut desk = Desk::with(Policy { routes, throttle, ..Policy::default() });
    for title in ["Door open", "Window open"] {
        desk.report(Severity::Medium, title);
    }
    desk.deliver(Says::Later);
    desk.ask("folded into a digest that is deferred", None);
    desk.pass(4 * 24 * HOUR);
    desk.deliver(Says::Later);
    desk.ask("folded into a digest that was given up", None);
    desk.database.retry(&Tenant::default(), None, operator()).unwrap();
    desk.pass(HOUR);
    desk.deliver(Says::Fine);
    desk.ask("folded into a digest that was sent", None);
    desk.said
}

fn waiting() -> String {
    let night = QuietHours { from: time(11, 0, 0, 0), to: time(14, 0, 0, 0), zone: TimeZone::UTC };
    let quiet = Route { quiet: Some(night), ..route("quiet", "quiet@example.org") };
    let mut desk = Desk::new(vec![route("all", ONCALL), quiet]);
    desk.report(Severity::Medium, "Door open");
    desk.ask("not tried yet, and quiet hours", None);
    desk.deliver(Says::Nothing);
    desk.ask("the relay cannot be reached", Some(ONCALL));
    desk.pass(HOUR);
    desk.deliver(Says::Later);
    desk.ask("deferred", Some(ONCALL));
    desk.database.flush(&Tenant::default(), operator()).unwrap();
    desk.deliver(Says::Never);
    desk.ask("dead", Some(ONCALL));
    desk.said
}

fn departed() -> String {
    let mut desk = Desk::new(vec![route("all", ONCALL)]);
    desk.report(Severity::Medium, "Door open");
    let recipients = [(Tenant::default(), "another@example.org".to_string())].into_iter().collect();
    desk.database.set_policy(Policy { recipients, ..Policy::default() });
    desk.deliver(Says::Fine);
    desk.ask("queued for somebody who was taken out of the recipients", Some(ONCALL));
    desk.said
}

fn throttled() -> String {
    let throttle = Throttle { per_hour: 2 };
    let routes = Routes(vec![route("all", ONCALL)]);
    let mut desk = Desk::with(Policy { routes, throttle, ..Policy::default() });
    for severity in [Severity::Low, Severity::Medium, Severity::High] {
        desk.report(severity, "Door open");
        desk.deliver(Says::Fine);
        desk.pass(SECOND);
    }
    desk.ask("more than may be sent in an hour", None);
    desk.said
}

fn being_sent() -> String {
    let mut desk = Desk::new(vec![route("all", ONCALL)]);
    desk.report(Severity::Medium, "Door open");
    desk.database.next("mail.example.org:587").unwrap();
    desk.ask("being sent", None);
    desk.database.reclaim().unwrap();
    desk.ask("taken back from a program that ended", None);
    desk.said
}

fn told_by_newer_routes() -> String {
    let desk = Desk::new(Vec::new());
    desk.report(Severity::Medium, "Door open");
    let mut desk = desk.again(vec![route("new", ONCALL)]);
    desk.ask("the route is newer", None);
    desk.act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    desk.ask("the route is newer, and it is resolved", None);
    desk.said
}

fn never_told() -> String {
    let patterns = |text: &str| vec![Pattern::new(text)];
    let mut desk = Desk::new(vec![
        Route { severity: Severity::Critical, ..route("worst", ONCALL) },
        Route { rules: patterns("sshd/*"), ..route("ssh", ONCALL) },
        Route { tags: patterns("attack.*"), ..route("attacks", ONCALL) },
        Route { sources: patterns("*/auth.log"), ..route("logins", ONCALL) },
        Route { severity: Severity::High, ..route("chief", "chief@example.org") },
    ]);
    desk.report(Severity::Medium, "Door open");
    desk.ask("no route takes it", None);
    desk.said
}

fn partly_told() -> String {
    let quiet = Route { resolved: false, ..route("all", ONCALL) };
    let mut desk = Desk::new(vec![quiet]);
    desk.report(Severity::Medium, "Door open");
    desk.deliver(Says::Fine);
    desk.act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    desk.ask("resolved, which the route does not tell", None);
    desk.said
}

fn excepted() -> String {
    let mut desk = Desk::new(Vec::new());
    desk.report(Severity::Medium, "Door open");
    desk.ask("no route at all", None);
    let rule = Some(Pattern::new("tripline/*"));
    let reason = "known doors".into();
    let new = NewException { rule, field: None, effect: Effect::Except, until: None, reason };
    desk.database.except(&Tenant::default(), new, operator()).unwrap();
    desk.ask("excepted", None);
    desk.said
}

#[test]
fn every_answer() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/why.txt");
    let found = [
        sent(),
        silenced(),
        folded(),
        throttled(),
        waiting(),
        departed(),
        being_sent(),
        never_told(),
        told_by_newer_routes(),
        partly_told(),
        excepted(),
    ]
    .concat();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap();
    assert!(found == expected, "--- expected\n{expected}\n--- found\n{found}");
}
