//! What a run found, told finding by finding: to the store while that keeps the run, or where nothing is kept to whoever
//! asks, as often as they ask. All findings of a large scan at once are more than anybody should hold.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::difference::{Comparing, compare, compare_host};
use super::finding::{Finding, Origin};
use super::known::{Baseline, KnownHost};
use super::record::{Keeps, Tells};
use super::seen::{Presence, Seen};
use crate::commit::StoreError;

/// What a run found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) origin: Origin,
    pub(super) seen: Seen,
    /// With what it is compared, and how.
    pub(super) compared: Vec<(Baseline, Comparing)>,
    /// What is told of the run itself.
    pub(super) of_run: Option<Finding>,
}

impl Tells for Found {
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError> {
        let mut changes = 0;
        let mut tell = |finding: &Finding| {
            changes += u64::from(finding.is_change());
            keeps.finding(&finding.line(&self.origin))
        };
        for (baseline, how) in &self.compared {
            let mut known = keeps.known(baseline)?;
            compare(&mut *known, &self.seen, how, &mut tell)?;
        }
        self.of_run.iter().try_for_each(tell)?;
        Ok(changes)
    }
}

/// Findings of a run of which nothing is kept: it is compared with nothing.
pub struct Findings {
    found: Arc<Found>,
    /// Which of those that are compared is told.
    at: usize,
    /// The last host of it that was told.
    after: Option<IpAddr>,
    ready: VecDeque<Finding>,
}

impl Findings {
    pub(super) fn of(found: &Arc<Found>) -> Findings {
        Findings { found: Arc::clone(found), at: 0, after: None, ready: VecDeque::new() }
    }
}

impl Iterator for Findings {
    type Item = Finding;

    fn next(&mut self) -> Option<Finding> {
        let Found { seen, compared, of_run, .. } = &*self.found;
        while self.ready.is_empty() {
            let Some((_, how)) = compared.get(self.at) else {
                let is_last = self.at == compared.len();
                self.at = compared.len() + 1;
                return of_run.clone().filter(|_| is_last);
            };
            match seen.next(self.after, how.protocol) {
                Some((address, host)) => {
                    self.after = Some(address);
                    if host.presence == Presence::Up {
                        let (findings, _): (_, KnownHost) =
                            compare_host(None, true, seen, (address, &host), how);
                        self.ready.extend(findings);
                    }
                }
                None => (self.at, self.after) = (self.at + 1, None),
            }
        }
        self.ready.pop_front()
    }
}
