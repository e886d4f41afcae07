//! Findings on their way to the rules: each run is a file of its own, brought in pieces.
//!
//! ```text
//!   store: run 7 ─► piece │ piece │ piece ─► intake ─► judged, committed with the position in that file
//!                                     └ the last one's commit: the run is judged
//! ```
//!
//! A position is kept as a followed file's is. So whatever stops in between, what was judged is not judged again, and
//! what is judged again finds its own rows; `tripline scan` goes by the same positions.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use tripline_engine::decode::{Format, GivenLogSource};

use super::scanning::Said;
use super::shared::Shared;
use super::{Batch, Event, Intake, Refused, StreamSettings};
use crate::commit::{FileIdentity, StoreError, Tenant};
use crate::files::Present;
use crate::scans::{Overdue, ScanName, ScanStore};

/// Findings of a piece.
const PIECE: u32 = 1_000;
/// How long nothing is brought after there was no room.
const REST: Duration = Duration::from_secs(1);

/// What is brought.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Brought {
    /// A run's findings.
    Run(Tenant, u64),
    /// That a schedule is overdue, by the time that has passed.
    Overdue(Tenant, ScanName, i64),
}

pub(super) struct Bringing<'a> {
    shared: &'a Shared<'a>,
    intake: &'a Intake,
    said: Sender<Said>,
    /// There may be runs that nobody has brought.
    pub(super) looks: bool,
    /// Those of which something is left to bring, the next first.
    queue: VecDeque<Pieces>,
    /// All that is not judged yet.
    known: HashSet<Brought>,
    /// When there was no room.
    refused: Option<Instant>,
    /// That was told.
    told: bool,
}

/// A run, and how much of it was brought.
struct Pieces {
    tenant: Tenant,
    name: ScanName,
    run: u64,
    identity: Option<FileIdentity>,
    /// Findings up to this number were.
    after: u64,
}

impl<'a> Bringing<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, intake: &'a Intake, said: Sender<Said>) -> Bringing<'a> {
        let (queue, known) = (VecDeque::new(), HashSet::new());
        Bringing { shared, intake, said, looks: true, queue, known, refused: None, told: false }
    }

    /// Brings what there is room for, run by run in turns.
    pub(super) fn bring(&mut self) -> Result<(), StoreError> {
        if self.refused.is_some_and(|at| at.elapsed() < REST.min(self.shared.pause * 10)) {
            return Ok(());
        }
        if self.looks {
            for (tenant, run) in self.shared.database.unjudged_of_all()? {
                if self.known.insert(Brought::Run(tenant.clone(), run.number)) {
                    let (name, run) = (run.name, run.number);
                    self.queue.push_back(Pieces { tenant, name, run, identity: None, after: 0 });
                }
            }
            self.looks = false;
        }
        self.refused = None;
        for _ in 0..self.queue.len() {
            let Some(mut pieces) = self.queue.pop_front() else { break };
            match self.pieces(&mut pieces) {
                Ok(true) => {}
                Ok(false) => self.queue.push_back(pieces),
                Err(error) => {
                    self.queue.push_front(pieces);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Brings pieces of a run; whether that were all.
    fn pieces(&mut self, pieces: &mut Pieces) -> Result<bool, StoreError> {
        loop {
            let Pieces { tenant, name, run, identity, after } = &mut *pieces;
            let mut lines = self.shared.database.findings(tenant, *run, *after, PIECE + 1)?;
            let is_last = lines.len() <= PIECE as usize;
            lines.truncate(PIECE as usize);
            let Some((number, _)) = lines.last() else {
                let _ = self.said.send(Said::Judged(Brought::Run(tenant.clone(), *run), Ok(())));
                return Ok(true);
            };
            let number = *number;
            let mut text = Vec::new();
            for (_, line) in &lines {
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
            let present = || Present::held(&text, text.len() as u64, *run).identity(0);
            let file = identity.get_or_insert_with(present).clone();
            let done = is_last.then(|| Brought::Run(tenant.clone(), *run));
            let (tenant, name) = (tenant.clone(), name.clone());
            if !self.offer(tenant, &name, file, text, done) {
                return Ok(false);
            }
            if is_last {
                return Ok(true);
            }
            pieces.after = number;
        }
    }

    /// Brings that there should have been a scan by now.
    pub(super) fn overdue(&mut self, tenant: &Tenant, name: &ScanName, overdue: Overdue, now: i64) {
        let brought = Brought::Overdue(tenant.clone(), name.clone(), overdue.due);
        if self.known.contains(&brought) {
            return;
        }
        let mut text = overdue.finding(now).line(&Overdue::origin(name)).into_bytes();
        text.push(b'\n');
        // Once for each time, whatever it says of itself.
        let head = Sha256::digest(b"overdue").into();
        let inode = overdue.due.unsigned_abs();
        let file = FileIdentity { device: 0, inode, head, head_length: 0, generation: 0, seal: None };
        if self.offer(tenant.clone(), name, file, text, Some(brought.clone())) {
            self.known.insert(brought);
        }
    }

    /// What was brought is judged, or is to be brought again.
    pub(super) fn ended(&mut self, brought: &Brought, judged: bool) {
        self.known.remove(brought);
        self.looks |= !judged;
    }

    /// Brings lines; whether there was room.
    fn offer(
        &mut self,
        tenant: Tenant,
        name: &ScanName,
        file: FileIdentity,
        lines: Vec<u8>,
        done: Option<Brought>,
    ) -> bool {
        let said = self.said.clone();
        let batch = Batch {
            tenant: tenant.clone(),
            source: name.source(),
            settings: StreamSettings {
                format: Some(Format::Finding),
                timezone: TimeZone::UTC,
                log_source: GivenLogSource::default(),
                join: false,
                silent_after: None,
            },
            file: Some(file),
            received: self.shared.clock.now(),
            key: None,
            lines,
            done: Some(Box::new(move |judged| {
                if let Some(brought) = done {
                    // The server has ended.
                    let _ = said.send(Said::Judged(brought, judged));
                }
            })),
        };
        match self.intake.offer(batch) {
            Ok(()) => {
                self.told = false;
                true
            }
            Err((refused, _)) => {
                self.refused = Some(Instant::now());
                if !std::mem::replace(&mut self.told, true) && refused != Refused::Stopping {
                    self.shared.tell(Event::FindingsWait(tenant, name.clone(), refused));
                }
                false
            }
        }
    }
}
