//! A database in a folder of its own, a clock that is set by hand, and decisions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use crossbeam_channel::Receiver;
use tempfile::TempDir;
use tripline::Position;
use tripline::abi::Severity;
use tripline::abi::manifest::{Rule, Status};
use tripline::commit::{Commit, Committed, Store, Tenant};
use tripline::decision::{Decision, Evidence, Origin};
use tripline::incidents::{Actor, Policy};
use tripline::notices::{Pattern, Route, Routes};
use tripline::store::{self, Checked, CopyError, Database, DatabaseOptions, Restoring};
use tripline::wall_clock::WallClock;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const HOUR: i64 = 3600 * SECOND;
/// 2026-11-24, about.
pub(crate) const START: i64 = 1_795_000_000 * SECOND;

#[derive(Clone, Default)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn pass(&self, time: i64) {
        self.0.fetch_add(time, SeqCst);
    }
}

impl WallClock for Hand {
    fn now(&self) -> i64 {
        self.0.load(SeqCst)
    }

    fn wait(&self, until: i64, _woken: &Receiver<()>) -> bool {
        self.0.fetch_max(until, SeqCst);
        false
    }
}

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) clock: Hand,
    pub(crate) tenant: Tenant,
    pub(crate) policy: Policy,
    pub(crate) database: Database,
}

/// A route that takes everything.
pub(crate) fn route(to: &[&str]) -> Route {
    Route {
        name: "all".into(),
        tenant: Tenant::default(),
        severity: Severity::Informational,
        rules: Vec::new(),
        tags: Vec::new(),
        sources: Vec::new(),
        to: to.iter().map(|to| (*to).into()).collect(),
        repeat: None,
        quiet: None,
        resolved: true,
    }
}

pub(crate) fn policy(to: &[&str]) -> Policy {
    Policy { routes: Routes(vec![route(to)]), ..Policy::default() }
}

pub(crate) fn pattern(text: &str) -> Pattern {
    Pattern::new(text)
}

impl Fixture {
    pub(crate) fn new(policy: Policy) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hand::default();
        clock.pass(START);
        let database = open(&folder.path().join("t.db"), &policy, &clock);
        Fixture { folder, clock, tenant: Tenant::default(), policy, database }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("t.db")
    }

    /// Closes the database and opens it again.
    pub(crate) fn again(self) -> Fixture {
        let Fixture { folder, clock, tenant, policy, database } = self;
        drop(database);
        let database = open(&folder.path().join("t.db"), &policy, &clock);
        Fixture { folder, clock, tenant, policy, database }
    }

    #[track_caller]
    pub(crate) fn decide(&self, decisions: Vec<Decision>) -> Committed {
        let commit = Commit { decisions, ..Commit::default() };
        self.database.commit(&self.tenant, commit).unwrap()
    }
}

fn open(path: &Path, policy: &Policy, clock: &Hand) -> Database {
    Database::open(path, policy.clone(), Arc::new(clock.clone()), DatabaseOptions::default()).unwrap()
}

/// Puts a backup in the place of a database.
pub(crate) fn restored(backup: &Path, database: &Path) -> Result<Option<Checked>, CopyError> {
    let actor = Actor::user(0, "root");
    let restoring = Restoring { actor: &actor, now: START, security_log: None };
    store::restore(backup, database, &restoring, |_, _| {})
}

/// A decision of `demo/RULE`, set off by the line at this offset.
pub(crate) fn decision(rule: &str, fingerprint: Option<&str>, offset: u64) -> Decision {
    let rule = Rule {
        id: rule.into(),
        title: "A rule".into(),
        description: "What it sees.".into(),
        severity: Severity::Medium,
        tags: vec!["attack.t1110".into()],
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    let position = Position { source: 1, file: 1, offset, line: offset + 1 };
    let text = format!("line at {offset}").into_bytes();
    Decision {
        origin: Arc::new(Origin { pack: "demo".into(), rule }),
        severity: Severity::Medium,
        fingerprint: fingerprint.map(|text| text.as_bytes().to_vec()),
        title: format!("Seen {}", fingerprint.unwrap_or("something")),
        summary: "A summary.".into(),
        values: fingerprint.map(|ip| vec![("ip".into(), ip.into())]).unwrap_or_default(),
        time: Some(START + offset as i64 * SECOND),
        trigger: Some(position),
        ordinal: 0,
        evidence: vec![Evidence {
            position,
            text: Some(text),
            cut: false,
            captures: vec![(0, 4)],
            digest: None,
        }],
        evidence_gone: 0,
        weight: 1,
    }
}

/// As before, changed a little.
pub(crate) fn with(mut decision: Decision, change: impl FnOnce(&mut Decision)) -> Decision {
    change(&mut decision);
    decision
}

/// The rule of a decision, changed a little.
pub(crate) fn with_rule(decision: Decision, change: impl FnOnce(&mut Rule)) -> Decision {
    with(decision, |decision| {
        let mut origin = (*decision.origin).clone();
        change(&mut origin.rule);
        decision.origin = Arc::new(origin);
    })
}
