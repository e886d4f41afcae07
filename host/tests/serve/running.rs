//! A server that runs in a thread, and the hand on its clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tripline::abi::Guest;
use tripline::commit::Tenant;
use tripline::incidents::{Filter, Policy};
use tripline::line::LineSettings;
use tripline::notices::Deliverer;
use tripline::sandbox::Sandbox;
use tripline::scans::ScanName;
use tripline::serve::{
    self, Batch, Change, Control, Event, Expected, Follow, GivenUp, Health, Intake, IntakeLimits, PackSets,
    Quotas, Refused, ScanPlan, Scans, ServeError, ServeOptions, StreamSettings,
};
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::WallClock;
use tripline::{Configured, Limits, Native, Wasmtime};

use crate::remembering::{Remembering, configured};

pub(crate) const SECOND: i64 = 1_000_000_000;

/// This pack for everybody.
fn alone(pack: Configured) -> PackSets {
    PackSets::shared(vec![pack]).unwrap()
}

/// From the next barrier on these packs, files and sources count.
pub(crate) fn change(packs: Vec<Configured>, follow: Vec<Follow>, expected: Vec<Expected>) -> Change {
    let packs = Arc::new(PackSets::shared(packs).unwrap());
    Change { packs: Some(packs), follow: Some(follow), expected: Some(expected) }
}
/// A full minute of November 2026.
pub(crate) const START: i64 = 1_795_000_020 * SECOND;
/// How long something may take that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// Stands still until it is moved; and how far it was set, which is no time that has passed.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>, Arc<AtomicI64>);

impl WallClock for Hand {
    fn now(&self) -> i64 {
        self.steady() + self.1.load(SeqCst)
    }

    fn steady(&self) -> i64 {
        self.0.load(SeqCst)
    }

    fn wait(&self, _: i64, woken: &Receiver<()>) -> bool {
        woken.recv_timeout(Duration::from_millis(20)).is_err_and(|error| !error.is_timeout())
    }
}

impl Hand {
    /// So long has passed.
    pub(crate) fn pass(&self, nanoseconds: i64) {
        self.0.fetch_add(nanoseconds, SeqCst);
    }
}

/// How it is told what became of a batch.
pub(crate) type Told = Receiver<Result<(), GivenUp>>;

pub(crate) struct Running {
    pub(crate) database: Arc<Database>,
    pub(crate) intake: Intake,
    pub(crate) health: Arc<Health>,
    pub(crate) control: Arc<Control>,
    pub(crate) events: Arc<Mutex<Vec<String>>>,
    pub(crate) scans: Scans,
    /// With what it began.
    pub(crate) packs: Arc<PackSets>,
    made: Arc<Mutex<Vec<(Tenant, ScanName)>>>,
    pub(crate) clock: Hand,
    serving: Option<JoinHandle<Result<(), ServeError>>>,
}

/// What is scanned, from when on, and how large the database may become.
pub(crate) struct Site {
    pub(crate) plan: ScanPlan,
    pub(crate) now: i64,
    pub(crate) max_bytes: Option<u64>,
}

/// The database of such a folder, at this time.
pub(crate) fn open(folder: &Path, now: i64) -> Database {
    let hand = Arc::new(Hand(Arc::new(AtomicI64::new(now)), Arc::default()));
    Database::open(&folder.join("t.db"), Policy::default(), hand, DatabaseOptions::default()).unwrap()
}

/// What can be told to fail.
pub(crate) type Listening = Box<dyn Fn(&Event) + Send + Sync>;

type MakeDeliverer<'m> = Box<dyn FnOnce(&Arc<Database>, Arc<dyn WallClock>) -> Option<Deliverer> + 'm>;

/// What it begins with.
struct Begin<'m> {
    site: Site,
    /// What packs run in; `None`: natively.
    sandbox: Option<Arc<dyn Sandbox>>,
    deliverer: MakeDeliverer<'m>,
}

impl Default for Begin<'_> {
    fn default() -> Self {
        let site = Site { plan: ScanPlan::default(), now: START, max_bytes: None };
        Begin { site, sandbox: None, deliverer: Box::new(|_, _| None) }
    }
}

impl Running {
    pub(crate) fn new(folder: &Path, instances: usize, expected: Vec<Expected>) -> Running {
        Running::listened(folder, instances, expected, Box::new(|_| {}))
    }

    pub(crate) fn listened(
        folder: &Path,
        instances: usize,
        expected: Vec<Expected>,
        listening: Listening,
    ) -> Running {
        Running::of::<Remembering>(folder, instances, expected, listening, configured())
    }

    /// One that scans, …
    pub(crate) fn scanning(folder: &Path, plan: ScanPlan) -> Running {
        Running::scanning_at(folder, plan, START)
    }

    /// … from this time on.
    pub(crate) fn scanning_at(folder: &Path, plan: ScanPlan, now: i64) -> Running {
        Running::scanning_in(folder, Site { plan, now, max_bytes: None })
    }

    /// … in this world.
    pub(crate) fn scanning_in(folder: &Path, site: Site) -> Running {
        let nobody: Listening = Box::new(|_| {});
        let begin = Begin { site, ..Begin::default() };
        Running::whole::<Remembering>(folder, 16, Vec::new(), nobody, alone(configured()), begin)
    }

    /// One that delivers by this; with what was made beside it.
    pub(crate) fn delivering<H>(
        folder: &Path,
        make: impl FnOnce(&Arc<Database>, Arc<dyn WallClock>) -> (Deliverer, H),
    ) -> (Running, H) {
        let mut beside = None;
        let deliverer: MakeDeliverer<'_> = Box::new(|database, clock| {
            let (deliverer, made) = make(database, clock);
            beside = Some(made);
            Some(deliverer)
        });
        let begin = Begin { deliverer, ..Begin::default() };
        let nobody: Listening = Box::new(|_| {});
        let running =
            Running::whole::<Remembering>(folder, 16, Vec::new(), nobody, alone(configured()), begin);
        (running, beside.unwrap())
    }

    /// One that judges by this pack.
    pub(crate) fn of<G: Guest + 'static>(
        folder: &Path,
        instances: usize,
        expected: Vec<Expected>,
        listening: Listening,
        pack: Configured,
    ) -> Running {
        Running::whole::<G>(folder, instances, expected, listening, alone(pack), Begin::default())
    }

    /// One that judges by this pack in this sandbox.
    pub(crate) fn within(folder: &Path, sandbox: Arc<dyn Sandbox>, pack: Configured) -> Running {
        let begin = Begin { sandbox: Some(sandbox), ..Begin::default() };
        let nobody: Listening = Box::new(|_| {});
        Running::whole::<Remembering>(folder, 16, Vec::new(), nobody, alone(pack), begin)
    }

    /// One in which each tenant has these packs.
    pub(crate) fn sets<G: Guest + 'static>(folder: &Path, instances: usize, packs: PackSets) -> Running {
        let nobody: Listening = Box::new(|_| {});
        Running::whole::<G>(folder, instances, Vec::new(), nobody, packs, Begin::default())
    }

    /// The same, by modules.
    pub(crate) fn wasm(folder: &Path, instances: usize, packs: PackSets) -> Running {
        let sandbox: Arc<dyn Sandbox> = Arc::new(Wasmtime::new(Limits::default()).unwrap());
        let nobody: Listening = Box::new(|_| {});
        let begin = Begin { sandbox: Some(sandbox), ..Begin::default() };
        Running::whole::<Remembering>(folder, instances, Vec::new(), nobody, packs, begin)
    }

    fn whole<G: Guest + 'static>(
        folder: &Path,
        instances: usize,
        expected: Vec<Expected>,
        listening: Listening,
        packs: PackSets,
        begin: Begin<'_>,
    ) -> Running {
        let Begin { site: Site { plan, now, max_bytes }, sandbox, deliverer } = begin;
        let clock = Hand(Arc::new(AtomicI64::new(now)), Arc::default());
        let hand: Arc<dyn WallClock> = Arc::new(clock.clone());
        let path = folder.join("t.db");
        let options = DatabaseOptions { max_bytes, ..DatabaseOptions::default() };
        let database = Database::open(&path, Policy::default(), hand, options).unwrap();
        let database = Arc::new(database);
        let control = Arc::new(Control::default());
        let woken = Arc::clone(&control);
        let intake = Intake::new(IntakeLimits::default(), move || woken.wake());
        intake.keep_to(Quotas::new(Arc::new(clock.clone())));
        let scans = Scans::new(plan);
        let packs = Arc::new(packs);
        let (health, events) = (Arc::new(Health::new()), Arc::new(Mutex::new(Vec::new())));
        let options = ServeOptions {
            packs: Arc::clone(&packs),
            follow: Vec::new(),
            own: Vec::new(),
            intake: intake.clone(),
            scans: scans.clone(),
            expected,
            lines: LineSettings { timezone: TimeZone::UTC, ..LineSettings::default() },
            threads: 1,
            instances,
            most_files: 1_000,
            database: Arc::clone(&database),
            security_log: None,
            deliverer: deliverer(&database, Arc::new(clock.clone())),
            health: Arc::clone(&health),
            clock: Arc::new(clock.clone()),
            pause: Duration::from_millis(5),
            every: Duration::from_millis(20),
        };
        let made = Arc::new(Mutex::new(Vec::new()));
        let (held, told, ended) = (Arc::clone(&control), Arc::clone(&events), Arc::clone(&made));
        let serving = std::thread::spawn(move || {
            let sandbox = sandbox.unwrap_or_else(|| Arc::new(Native::<G>::default()));
            let tell = |event: Event| {
                listening(&event);
                if let Event::Scanned(tenant, scanned) = &event {
                    ended.lock().unwrap().push((tenant.clone(), scanned.origin.scan.clone()));
                }
                told.lock().unwrap().push(format!("{event:?}"));
            };
            serve::run(options, &sandbox, &tell, &held)
        });
        Running {
            database,
            intake,
            health,
            control,
            events,
            scans,
            packs,
            made,
            clock,
            serving: Some(serving),
        }
    }

    /// Brings a line of a tenant; what becomes of it.
    pub(crate) fn bring(&self, tenant: &str) -> Told {
        let now = Timestamp::from_nanosecond(self.clock.now().into()).unwrap();
        self.bring_line(tenant, settings(None), format!("{now} app n=1\n"))
    }

    /// Brings lines of a tenant that are read so.
    pub(crate) fn bring_line(&self, tenant: &str, settings: StreamSettings, lines: String) -> Told {
        self.bring_from(tenant, "program/test", settings, lines)
    }

    /// Brings lines of this source.
    pub(crate) fn bring_from(
        &self,
        tenant: &str,
        source: &str,
        settings: StreamSettings,
        lines: String,
    ) -> Told {
        let (sender, told) = bounded(1);
        let batch = Batch {
            file: None,
            tenant: Tenant::new(tenant).unwrap(),
            source: source.into(),
            settings,
            lines: lines.into_bytes(),
            received: self.clock.now(),
            key: None,
            done: Some(Box::new(move |done| {
                let _ = sender.send(done);
            })),
        };
        self.intake.offer(batch).map_err(|(refused, _)| refused).unwrap();
        told
    }

    /// Brings lines of which nobody waits to hear, if there is room.
    pub(crate) fn offer(&self, tenant: &str, lines: &str) -> Result<(), Refused> {
        let batch = Batch {
            file: None,
            tenant: Tenant::new(tenant).unwrap(),
            source: "program/test".into(),
            settings: settings(None),
            lines: lines.into(),
            received: self.clock.now(),
            key: None,
            done: None,
        };
        self.intake.offer(batch).map_err(|(refused, _)| refused)
    }

    /// Whether there is no room for so many bytes of another source of this tenant.
    pub(crate) fn intake_refuses(&self, tenant: &str, bytes: usize) -> bool {
        let batch = Batch {
            file: None,
            tenant: Tenant::new(tenant).unwrap(),
            source: "program/other".into(),
            settings: settings(None),
            lines: vec![b'x'; bytes],
            received: self.clock.now(),
            key: None,
            done: None,
        };
        self.intake.offer(batch).is_err_and(|(refused, _)| matches!(refused, Refused::Full { .. }))
    }

    /// Brings a line and waits until it is on disk.
    #[track_caller]
    pub(crate) fn commit(&self, tenant: &str) {
        assert_eq!(self.bring(tenant).recv_timeout(PATIENCE), Ok(Ok(())));
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.pass(seconds * SECOND);
        self.control.wake();
    }

    /// Sets the clock ahead.
    pub(crate) fn jump(&self, seconds: i64) {
        self.clock.1.fetch_add(seconds * SECOND, SeqCst);
        self.control.wake();
    }

    /// How often each of a tenant's rules has decided with which fingerprint's incident; by rule and first occurrence.
    pub(crate) fn counts(&self, tenant: &str) -> BTreeMap<(String, i64), u64> {
        let tenant = Tenant::new(tenant).unwrap();
        let page = self.database.page(&tenant, &Filter::default(), None, 1_000).unwrap();
        page.incidents.iter().map(|one| ((one.rule.to_string(), one.id), one.count)).collect()
    }

    /// How often a rule of a tenant has decided.
    pub(crate) fn count_of(&self, tenant: &str, rule: &str) -> u64 {
        self.counts(tenant).iter().filter(|((found, _), _)| found == rule).map(|(_, count)| count).sum()
    }

    /// Waits until this holds.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Running) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "{what}: {:?}", self.events.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether something happened of which this is a part.
    pub(crate) fn said(&self, words: &str) -> bool {
        self.events.lock().unwrap().iter().any(|event| event.contains(words))
    }

    /// How often that happened.
    pub(crate) fn counted(&self, words: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|event| event.contains(words)).count()
    }

    /// The scans that were made, as they ended.
    pub(crate) fn scanned(&self) -> Vec<(Tenant, ScanName)> {
        self.made.lock().unwrap().clone()
    }

    /// Waits until it has ended; how.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> std::thread::Result<Result<(), ServeError>> {
        self.until("it ends", |running| running.serving.as_ref().is_none_or(JoinHandle::is_finished));
        self.serving.take().unwrap().join()
    }

    /// Stops it; how it ended.
    pub(crate) fn end(&mut self) -> std::thread::Result<Result<(), ServeError>> {
        self.control.stop();
        self.serving.take().unwrap().join()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.stop();
        // A test that has failed does not wait for one that may never end.
        if let Some(serving) = self.serving.take().filter(|_| !std::thread::panicking()) {
            let _ = serving.join();
        }
    }
}

/// How brought lines are read.
pub(crate) fn settings(silent_after: Option<i64>) -> StreamSettings {
    StreamSettings { silent_after, ..StreamSettings::default() }
}
