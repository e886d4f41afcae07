//! Lines a second of tenants: one that brings more waits, or is refused, until what it brought is paid for by time.
//!
//! ```text
//!   spend(lines) ─► paid ── lines/rate later ──►│
//!                   now                      over, as long as this is more than a second ahead
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tripline_engine::abi::Severity;
use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::decision::{Decision, HOST, Origin};

use crate::commit::Tenant;
use crate::wall_clock::WallClock;

/// The rule's id, under the pack's name [`HOST`].
const RULE: &str = "over-quota";
const SECOND: i64 = 1_000_000_000;
/// What may come at once: a second's lines.
const AHEAD: i64 = SECOND;
/// However much came at once, nobody waits for longer.
const LONGEST: i64 = 3600 * SECOND;
/// A tenant is told again only after it was within its quota for so long.
const QUIET: i64 = 3600 * SECOND;

/// Who may bring how much. Cloned, it is the same.
#[derive(Clone)]
pub struct Quotas(Arc<Inner>);

struct Inner {
    clock: Arc<dyn WallClock>,
    tenants: Mutex<HashMap<Tenant, Own>>,
}

#[derive(Default)]
struct Own {
    /// Lines a second; `None`: as many as there are.
    lines: Option<u64>,
    /// Until when what came is paid for, by the clock that nobody sets.
    paid: i64,
    /// When it was over last, and whether that was told.
    over: Option<(i64, bool)>,
    /// How often it went over.
    times: u64,
}

impl Quotas {
    /// Nobody has a quota yet.
    pub fn new(clock: Arc<dyn WallClock>) -> Quotas {
        Quotas(Arc::new(Inner { clock, tenants: Mutex::default() }))
    }

    /// From now on these have such quotas, and nobody else; what they have brought stays brought.
    pub fn set(&self, quotas: impl IntoIterator<Item = (Tenant, u64)>) {
        let mut tenants = self.lock();
        tenants.values_mut().for_each(|own| own.lines = None);
        for (tenant, lines) in quotas {
            tenants.entry(tenant).or_default().lines = Some(lines);
        }
    }

    /// This one has it from now on.
    pub fn put(&self, tenant: &Tenant, lines: Option<u64>) {
        self.lock().entry(tenant.clone()).or_default().lines = lines;
    }

    /// It has brought so many lines.
    pub fn spend(&self, tenant: &Tenant, lines: u64) {
        let now = self.0.clock.steady();
        let mut tenants = self.lock();
        let Some(own) = tenants.get_mut(tenant) else { return };
        let Some(rate) = own.lines else { return };
        let cost = u128::from(lines) * SECOND as u128 / u128::from(rate.max(1));
        let cost = i64::try_from(cost).unwrap_or(LONGEST).min(LONGEST);
        own.paid = own.paid.max(now).saturating_add(cost).min(now.saturating_add(LONGEST));
        if own.wait(now).is_some() {
            let was_quiet = own.over.is_none_or(|(at, _)| now.saturating_sub(at) >= QUIET);
            let is_told = own.over.is_some_and(|(_, told)| told) && !was_quiet;
            own.times += 1;
            own.over = Some((now, is_told));
        }
    }

    /// For how long it may bring nothing; `None`: it may.
    pub fn wait(&self, tenant: &Tenant) -> Option<Duration> {
        let now = self.0.clock.steady();
        self.lock().get(tenant)?.wait(now)
    }

    /// Tenants that have a quota, whether each is over it now, and how often it went over.
    pub fn all(&self) -> Vec<(Tenant, bool, u64)> {
        let now = self.0.clock.steady();
        let tenants = self.lock();
        let own = tenants.iter().filter(|(_, own)| own.lines.is_some());
        let mut all: Vec<_> =
            own.map(|(tenant, own)| (tenant.clone(), own.wait(now).is_some(), own.times)).collect();
        all.sort_unstable();
        all
    }

    /// Tenants that are over and were not told yet: with the lines a second that each has.
    pub(super) fn untold(&self) -> Vec<(Tenant, u64)> {
        let mut untold = Vec::new();
        for (tenant, own) in self.lock().iter_mut() {
            if let (Some((_, told @ false)), Some(lines)) = (&mut own.over, own.lines) {
                *told = true;
                untold.push((tenant.clone(), lines));
            }
        }
        untold.sort_unstable();
        untold
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, Own>> {
        // Every change is whole.
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn wait(&self, now: i64) -> Option<Duration> {
        self.lines?;
        let left = self.paid.saturating_sub(now).saturating_sub(AHEAD);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_nanos)
    }
}

/// What a tenant is told that brings more.
pub(super) fn over(lines: u64, now: i64) -> Decision {
    let rule = Rule {
        id: RULE.into(),
        title: "More lines come than the quota allows".into(),
        description: "What is over it waits in files and in TCP's senders, is refused over HTTP, and is lost over UDP: \
                      something floods, or the quota is too small."
            .into(),
        severity: Severity::High,
        tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    Decision {
        severity: rule.severity,
        origin: Arc::new(Origin { pack: HOST.into(), rule }),
        fingerprint: Some(b"lines".to_vec()),
        title: format!("More than {lines} lines a second come"),
        summary: format!(
            "The quota is {lines} lines a second; what is over it waits, is refused or is lost."
        ),
        values: vec![("quota".into(), lines.to_string())],
        time: Some(now),
        trigger: None,
        ordinal: 0,
        evidence: Vec::new(),
        evidence_gone: 0,
        weight: 1,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

    use crossbeam_channel::Receiver;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl WallClock for Hand {
        fn now(&self) -> i64 {
            self.0.load(SeqCst)
        }

        fn wait(&self, _: i64, _: &Receiver<()>) -> bool {
            false
        }
    }

    fn quotas() -> (Arc<Hand>, Quotas, Tenant) {
        let (hand, plant) = (Arc::new(Hand::default()), Tenant::new("plant").unwrap());
        let quotas = Quotas::new(Arc::clone(&hand) as Arc<dyn WallClock>);
        quotas.set([(plant.clone(), 100)]);
        (hand, quotas, plant)
    }

    #[test]
    fn so_many_come_a_second_and_no_more() {
        let (hand, quotas, plant) = quotas();
        let mut came = 0;
        for _ in 0..1_000 {
            // Ten seconds, in hundredths, of somebody who brings whatever is taken.
            while quotas.wait(&plant).is_none() {
                quotas.spend(&plant, 7);
                came += 7;
            }
            hand.0.fetch_add(SECOND / 100, SeqCst);
        }
        assert!((1_000..=1_120).contains(&came), "{came}");
        let free = Tenant::default();
        quotas.spend(&free, 1_000_000);
        assert_eq!(quotas.wait(&free), None);
    }

    #[test]
    fn what_came_at_once_is_waited_for_within_bounds() {
        let (hand, quotas, plant) = quotas();
        quotas.spend(&plant, 300);
        assert_eq!(quotas.wait(&plant), Some(Duration::from_secs(2)));
        hand.0.fetch_add(2 * SECOND, SeqCst);
        assert_eq!(quotas.wait(&plant), None);
        quotas.spend(&plant, u64::MAX);
        assert!(quotas.wait(&plant).unwrap() <= Duration::from_secs(3600));
        quotas.put(&plant, None);
        assert_eq!(quotas.wait(&plant), None);
    }

    #[test]
    fn a_tenant_is_told_once_until_it_was_quiet() {
        let (hand, quotas, plant) = quotas();
        assert!(quotas.untold().is_empty());
        for _ in 0..3 {
            quotas.spend(&plant, 1_000);
            hand.0.fetch_add(10 * SECOND, SeqCst);
        }
        assert_eq!(quotas.untold(), [(plant.clone(), 100)]);
        quotas.spend(&plant, 1_000);
        assert!(quotas.untold().is_empty());
        assert_eq!(quotas.all(), [(plant.clone(), true, 4)]);
        hand.0.fetch_add(2 * QUIET, SeqCst);
        assert_eq!(quotas.all(), [(plant.clone(), false, 4)]);
        quotas.spend(&plant, 1_000);
        assert_eq!(quotas.untold(), [(plant, 100)]);
    }
}
