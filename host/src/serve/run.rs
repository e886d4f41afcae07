//! The threads of a server, all of which end with [`run`].

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use tripline_engine::judge::{Judge, JudgeLimits};
use tripline_engine::matcher::{MatchLimits, MatchScratch, Matcher, MatcherError};
use tripline_engine::pattern::Rarity;
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{Configured, Numbers};

use super::Event;
use super::collecting::Collecting;
use super::feeding::Feeding;
use super::passing::{Fed, Seen};
use super::telling::Telling;
use crate::builtin;
use crate::check::{Judging, Keeping, MonotonicClock, Work, settings_digest};
use crate::commit::StoreError;
use crate::follow::FollowSettings;
use crate::notices::Deliverer;
use crate::store::Database;
use crate::wall_clock::WallClock;

/// What is served, and with what.
pub struct ServeOptions {
    /// The packs, with their settings.
    pub packs: Vec<Configured>,
    /// Files, folders and globs to follow, whether or not they are there yet.
    pub files: Vec<PathBuf>,
    /// How they are followed.
    pub follow: FollowSettings,
    /// Threads that match.
    pub threads: usize,
    /// Where barriers are committed.
    pub keeping: Keeping,
    /// The same database, for what is due and what is told.
    pub database: Arc<Database>,
    /// Where security.log is written, if it is.
    pub security_log: Option<PathBuf>,
    /// What brings notices to the relay, if there is one.
    pub deliverer: Option<Deliverer>,
    /// The time.
    pub clock: Arc<dyn WallClock>,
    /// How long a thread sleeps that has nothing to do. 100 ms.
    pub pause: Duration,
}

/// Why a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The packs' patterns cannot be matched.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// What packs remember cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Serves until `stop` is set; then what was read is judged, committed and, once, told.
///
/// # Errors
/// It cannot begin. What goes wrong later is told by events and tried again.
pub fn run(
    options: ServeOptions,
    sandbox: &Arc<dyn Sandbox>,
    tell: &(dyn Fn(Event) + Sync),
    stop: &AtomicBool,
) -> Result<(), ServeError> {
    let ServeOptions {
        packs,
        files,
        follow,
        threads,
        keeping,
        database,
        security_log,
        deliverer,
        clock,
        pause,
    } = options;
    let matcher = Matcher::new(&packs, MatchLimits::default(), &Rarity::default())?;
    for (number, configured) in packs.iter().enumerate() {
        // Ours are tried by their own tests.
        if !builtin::is_builtin(&configured.pack) {
            matcher.try_cost(number, &configured.pack, &MonotonicClock)?;
        }
    }
    // Until all is committed, nobody else checks.
    let _alone = keeping.store.checker()?;
    let states = keeping.store.states(&keeping.tenant)?;
    let threads = threads.max(1);
    let names = packs.iter().map(|configured| configured.pack.name().to_string()).collect();
    let (decided, numbers) = (AtomicU64::new(0), Numbers::default());
    let (to_matchers, blocks) = bounded::<Fed>(threads * 2);
    let (to_collector, scanned) = bounded::<Seen>(threads * 2);
    let (committed, told) = bounded::<()>(1);
    let feeding = Feeding::new(&files, &follow, &keeping, &*clock, tell);
    let telling = Telling::new(&database, security_log.as_deref(), &*clock, tell);
    std::thread::scope(|scope| {
        let matcher = &matcher;
        scope.spawn(move || feeding.run(&to_matchers, pause, stop));
        for _ in 0..threads {
            let (blocks, to_collector) = (blocks.clone(), to_collector.clone());
            scope.spawn(move || match_blocks(matcher, &blocks, &to_collector));
        }
        // Whoever holds a sender keeps the other end waiting.
        drop((blocks, to_collector));
        let owners = threads.min(packs.len()).max(1);
        let mut judges: Vec<Judging<'_>> = (0..owners).map(|_| Judging::live(&numbers, &decided)).collect();
        for (pack, configured) in packs.iter().enumerate() {
            let judge = Judge::new(Arc::clone(sandbox), configured, JudgeLimits::default());
            let remembered = states.iter().find(|state| state.pack == configured.pack.name());
            judges[pack % owners].add(pack, judge, settings_digest(configured), remembered);
        }
        let judges = judges.into_iter().map(|judging| {
            let (sender, receiver) = bounded::<Work>(4);
            scope.spawn(move || judging.run(&receiver));
            sender
        });
        let judges: Vec<Sender<Work>> = judges.collect();
        scope.spawn(move || telling.run(deliverer, &told));
        let collecting = Collecting::new(matcher, &keeping, names, judges, &decided, tell, committed);
        collecting.run(scanned, pause, stop);
    });
    Ok(())
}

fn match_blocks(matcher: &Matcher, blocks: &Receiver<Fed>, to_collector: &Sender<Seen>) {
    let mut scratch = MatchScratch::default();
    for Fed { number, source, block } in blocks {
        let matched = matcher.block(&block, false, &MonotonicClock, &mut scratch);
        if to_collector.send(Seen { number, source, block, matched }).is_err() {
            return;
        }
    }
}
