//! The committing thread: barriers to the store, one after the other, while judges go on with what comes behind.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::Event;
use super::intake::Intake;
use super::passing::{Ack, Barrier};
use super::shared::Shared;
use crate::commit::{Commit, Committed, Store, Tenant};
use crate::crash::point;

/// What the committing thread works with.
pub(super) struct Committing<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) intake: &'a Intake,
    /// Sent to after each barrier.
    pub(super) committed: Sender<()>,
}

impl Committing<'_> {
    /// Commits until there are no more barriers, or one was given up: nothing may be committed behind it.
    pub(super) fn run(self, barriers: &Receiver<Barrier>, stored: &Sender<()>) {
        for Barrier { commits, acks } in barriers {
            if !commits.is_empty() && !self.store(commits) {
                return;
            }
            self.shared.health.barrier(self.shared.clock.now());
            self.answer(acks);
            // It is awake already, or gone.
            let _ = self.committed.try_send(());
            if stored.send(()).is_err() {
                return;
            }
        }
    }

    /// Tries until the store takes it; `false`: the server is to stop, and what is not committed is read again.
    fn store(&self, commits: Vec<(Tenant, Commit)>) -> bool {
        let (commits, mut waits) = (Arc::new(commits), false);
        loop {
            match self.shared.database.commit_all(&commits) {
                Ok(committed) => {
                    if waits {
                        self.shared.goes_on();
                    }
                    let over = commits.iter().zip(&committed);
                    for ((tenant, _), (kind, most)) in over.filter_map(|(of, one)| Some((of, one.over?))) {
                        self.shared.over_quota(tenant, kind, most);
                    }
                    let is_new = |(_, one): &(Tenant, Committed)| one.occurrences > 0 || one.excepted > 0;
                    let tenants = commits.iter().map(|(tenant, _)| tenant.clone());
                    for (tenant, committed) in tenants.zip(committed).filter(is_new) {
                        self.shared.tell(Event::Committed(tenant, committed));
                    }
                    return true;
                }
                Err(error) => {
                    if !waits {
                        self.shared.waits(error);
                    }
                    waits = true;
                    if self.shared.control.is_stopping() {
                        return false;
                    }
                    std::thread::sleep(self.shared.pause);
                }
            }
        }
    }

    /// Tells who waits for it.
    fn answer(&self, acks: Vec<(Tenant, Ack)>) {
        // A sender whose answer is lost here sends again.
        if !acks.is_empty() {
            point("before_ack");
        }
        // Told before they may come again.
        let key = |(tenant, ack): &(Tenant, Ack)| ack.key.map(|key| (tenant.clone(), key.key));
        self.intake.settled(&acks.iter().filter_map(key).collect::<Vec<_>>());
        for done in acks.into_iter().filter_map(|(_, ack)| ack.done) {
            done(Ok(()));
        }
    }
}
