//! The threads of a server, all of which end with [`run`].

use std::mem::{replace, take};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, unbounded};
use tripline_engine::line::LineSettings;
use tripline_engine::sandbox::Sandbox;

use super::building::{BUILDERS, Build, Underway};
use super::collecting::{Collecting, Disk, Judged};
use super::committing::Committing;
use super::control::Guard;
use super::faults::Faults;
use super::feeding::Feeding;
use super::judging::{Bar, Judging, Share};
use super::lanes::lanes;
use super::modules::{Modules, Starved};
use super::passing::{Barrier, Fed, Work};
use super::remembered::Remembered;
use super::scanning::Scanning;
use super::sets::PackSets;
use super::shared::Shared;
use super::telling::Telling;
use super::turns::Turns;
use super::{Control, Event, Expected, Follow, Health, Intake, Scans, building, matching};
use crate::commit::{Store, StoreError, Tenant};
use crate::crash::point;
use crate::notices::Deliverer;
use crate::store::Database;
use crate::wall_clock::WallClock;

/// What is served, and with what.
pub struct ServeOptions {
    /// The packs, with their settings.
    pub packs: Arc<PackSets>,
    /// What is followed.
    pub follow: Vec<Follow>,
    /// What the server writes itself: never followed.
    pub own: Vec<PathBuf>,
    /// What listeners bring.
    pub intake: Intake,
    /// Sources of which something is expected to be brought.
    pub expected: Vec<Expected>,
    /// How brought bytes become lines, but for what each source says.
    pub lines: LineSettings,
    /// Threads that match, and threads that judge.
    pub threads: usize,
    /// Instances of packs that sit, of all tenants; others rest. 4,096.
    pub instances: usize,
    /// Followed files that are open at once: what else needs a descriptor must find one.
    pub most_files: usize,
    /// Where it is all kept.
    pub database: Arc<Database>,
    /// Where security.log is written, if it is.
    pub security_log: Option<PathBuf>,
    /// What brings notices to the relay, if there is one.
    pub deliverer: Option<Deliverer>,
    /// What is scanned.
    pub scans: Scans,
    /// How it stands: written while it runs, read by whoever asks.
    pub health: Arc<Health>,
    /// The time.
    pub clock: Arc<dyn WallClock>,
    /// How long a thread sleeps that has nothing to do. 100 ms.
    pub pause: Duration,
    /// There is a barrier so often, if something came. 250 ms.
    pub every: Duration,
}

/// Why a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What packs remember cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Serves until it is stopped; then what was read is judged, committed and, once, told.
///
/// # Errors
/// It cannot begin. What goes wrong later is told by events and tried again.
pub fn run(
    options: ServeOptions,
    sandbox: &Arc<dyn Sandbox>,
    tell: &(dyn Fn(Event) + Sync),
    control: &Control,
) -> Result<(), ServeError> {
    let ServeOptions { mut packs, mut follow, own, intake, mut expected, lines, threads, .. } = options;
    let ServeOptions { instances, database, security_log, deliverer, scans, health, clock, .. } = options;
    let ServeOptions { pause, every, most_files, .. } = options;
    let faults = Faults::default();
    let shared = Shared {
        database: &database,
        control,
        health: &health,
        faults: &faults,
        clock: &*clock,
        quotas: intake.quotas(),
        tell,
        pause,
        every,
    };
    // Until all is committed, nobody else checks.
    let _alone = database.checker()?;
    intake.remember(database.named_by_senders()?);
    let turns = Turns::new(threads, control.waker());
    let mut feeding =
        Feeding::new(intake.clone(), turns, lines, own, most_files, control.waits(), clock.now());
    let (committed, told) = bounded::<()>(1);
    health.began(clock.now());
    health.serves();
    let telling = Telling::new(&database, security_log.as_deref(), &shared);
    let scanning = Scanning::new(&shared, scans, &intake);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _guard = Guard(control);
            scanning.run(scope);
        });
        scope.spawn(move || {
            let _guard = Guard(control);
            telling.run(deliverer, &told);
        });
        // Gone with the last barrier, by which telling ends.
        let committed = committed;
        // However it ends: whoever scans ends by it.
        let _stops = Stops(control);
        let mut is_first = true;
        loop {
            let epoch = Epoch {
                shared: &shared,
                sets: &packs,
                follow: &follow,
                expected: &expected,
                sandbox,
                intake: &intake,
                threads,
                instances,
            };
            epoch.run(&mut feeding, committed.clone(), take(&mut is_first))?;
            let Some((change, own)) = control.take_change().filter(|_| !control.is_stopping()) else {
                return Ok(());
            };
            point("before_change");
            // Judged and committed is all that was read; what packs remember is in the database.
            packs = change.packs.unwrap_or(packs);
            own.iter().for_each(|(tenant, sets)| packs.go_over(tenant, sets.compiled(tenant)));
            follow = change.follow.unwrap_or(follow);
            expected = change.expected.unwrap_or(expected);
            tell(Event::Changed);
        }
    })
}

/// A server between two changes of its packs.
struct Epoch<'a> {
    shared: &'a Shared<'a>,
    sets: &'a PackSets,
    follow: &'a [Follow],
    expected: &'a [Expected],
    sandbox: &'a Arc<dyn Sandbox>,
    intake: &'a Intake,
    threads: usize,
    instances: usize,
}

/// Stops the server when it is dropped.
struct Stops<'a>(&'a Control);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Epoch<'_> {
    /// Serves until it is to stop or to change. What packs remember has to be read before; unless it `may_fail`, it waits
    /// until it can be.
    fn run(self, feeding: &mut Feeding, committed: Sender<()>, may_fail: bool) -> Result<(), StoreError> {
        let Epoch { shared, sets, follow, expected, sandbox, intake, threads, instances } = self;
        let threads = threads.max(1);
        let (decided, crowded) = (AtomicU64::new(0), AtomicBool::new(false));
        let starved = Arc::new(Starved::default());
        let modules = Arc::new(Modules::new(Arc::clone(sandbox), Arc::clone(&starved), shared.pause));
        let sandbox: Arc<dyn Sandbox> = Arc::clone(&modules) as Arc<dyn Sandbox>;
        let Some(sizes) = kept(shared, may_fail, Database::state_sizes)? else { return Ok(()) };
        shared.health.accounts().begin(sets, sizes);
        let seats = (instances / threads).max(1);
        let (modules, remembered) = (&*modules, Remembered::default());
        let bar = Bar {
            shared,
            sets,
            sandbox: &sandbox,
            modules,
            decided: &decided,
            crowded: &crowded,
            seats,
            remembered: &remembered,
        };
        let seated = kept(shared, may_fail, |_| seat(bar, threads))?;
        let Some((judging, tenants)) = seated else { return Ok(()) };
        // Bounded by the turns of each tenant: whose patterns are slow must not keep who feeds waiting.
        let (to_matchers, blocks) = lanes();
        let (to_collector, fed) = bounded::<Fed>(threads * 2);
        // Bounded by the lanes, of which each asks once.
        let (to_builders, builds) = unbounded::<Build>();
        std::thread::scope(|scope| {
            let control = shared.control;
            scope.spawn(move || {
                let _guard = Guard(control);
                feeding.run(follow, expected, &to_matchers, shared);
            });
            for _ in 0..threads {
                let (blocks, to_collector) = (blocks.clone(), to_collector.clone());
                let to_builders = to_builders.clone();
                let ends = blocks.ends_if_it_panics();
                scope.spawn(move || {
                    let (_guard, _ends) = (Guard(control), ends);
                    matching::run(sets, &blocks, &to_builders, &to_collector);
                });
            }
            let underway = Arc::new(Underway::default());
            for _ in 0..BUILDERS {
                let (builds, underway) = (builds.clone(), Arc::clone(&underway));
                scope.spawn(move || {
                    let _guard = Guard(control);
                    building::run(&builds, &underway, shared.quotas);
                });
            }
            let _ends = blocks.ender();
            // Whoever holds one keeps the other end waiting.
            drop((blocks, to_collector, to_builders, builds));
            let judges = judging.into_iter().map(|judging| {
                // Bounded by the turns and marks of each tenant: whose batch is slow must not keep the collector waiting,
                // and thereby all others.
                let (sender, receiver) = unbounded::<Work>();
                scope.spawn(move || {
                    let _guard = Guard(control);
                    judging.run(&receiver);
                });
                sender
            });
            let judges = judges.collect();
            let (decided, crowded, remembered) = (&decided, &crowded, &remembered);
            let (barriers, to_store) = bounded::<Barrier>(1);
            let (is_stored, stored) = bounded::<()>(1);
            scope.spawn(move || {
                let _guard = Guard(control);
                Committing { shared, intake, committed }.run(&to_store, &is_stored);
            });
            let _guard = Guard(control);
            let judged = Judged { judges, decided, crowded, starved, remembered };
            let disk = Disk::new(barriers, stored);
            let collecting = Collecting::new(shared, sets, judged, disk, tenants);
            collecting.run(fed);
        });
        Ok(())
    }
}

/// What the store says, which is waited for unless it `may_fail`; `None`: it could not say it until it was to stop.
fn kept<T>(
    shared: &Shared<'_>,
    may_fail: bool,
    ask: impl Fn(&Database) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut waits = false;
    loop {
        match ask(shared.database) {
            Ok(said) => {
                if waits {
                    shared.goes_on();
                }
                return Ok(Some(said));
            }
            Err(error) if may_fail => return Err(error),
            Err(error) => {
                if !replace(&mut waits, true) {
                    shared.waits(error);
                }
                if shared.control.is_stopping() {
                    return Ok(None);
                }
                std::thread::sleep(shared.pause);
            }
        }
    }
}

type Seated<'a> = (Vec<Judging<'a>>, Vec<Tenant>);

/// The judges, at their seats, and the tenants that there are.
fn seat(bar: Bar<'_>, threads: usize) -> Result<Seated<'_>, StoreError> {
    let mut judges: Vec<Judging<'_>> =
        (0..threads).map(|number| Judging::new(bar, Share { number, of: threads })).collect();
    let remembering = bar.shared.database.remembering()?;
    for (tenant, packs) in &remembering {
        for judging in &mut judges {
            judging.seat(tenant, packs)?;
        }
    }
    Ok((judges, remembering.into_keys().collect()))
}
