//! What a tenant may use: one bound for each kind of thing, each of which may be missing.
//!
//! ```text
//!   configuration   [[tenant]] quota = { lines = 1000 }       ─┐ what is written there goes before
//!   database        tripline tenant set plant --quota stored=… ─┴─► Quota ─► serve: lines, cpu     wait
//!                                                                        ├─► packs: a push         is refused
//!                                                                        └─► store: evidence       is not kept
//!                                                                                   mails          wait for the next day
//!                                                                                   scans          are not made
//! ```

mod kind;
mod over;
mod quotas;
#[cfg(feature = "store")]
mod told;

use std::fmt;

pub use self::kind::{QuotaKind, Unit, Unread};
pub use self::over::{OVER_QUOTA, OverQuota};
pub use self::quotas::TenantQuotas;
#[cfg(feature = "store")]
pub(crate) use self::told::told;

/// Nanoseconds of a day: quotas of a day begin anew at midnight UTC, whatever zone anybody is in.
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// What a tenant may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota([Option<u64>; QuotaKind::ALL.len()]);

impl Quota {
    /// So much of this, and of the rest as much as there is.
    pub fn of(kind: QuotaKind, most: u64) -> Quota {
        let mut quota = Quota::default();
        quota.set(kind, Some(most));
        quota
    }

    /// How much it may use of this; `None`: as much as there is.
    pub fn most(&self, kind: QuotaKind) -> Option<u64> {
        self.0[kind as usize]
    }

    /// It may use so much of this.
    pub fn set(&mut self, kind: QuotaKind, most: Option<u64>) {
        self.0[kind as usize] = most;
    }

    /// What this does not bound, as the other does.
    #[must_use]
    pub fn or(mut self, other: &Quota) -> Quota {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = own.or(other);
        }
        self
    }

    /// Whether it bounds nothing.
    pub fn is_empty(&self) -> bool {
        *self == Quota::default()
    }

    /// What it bounds, in the order of [`QuotaKind::ALL`].
    pub fn each(&self) -> impl Iterator<Item = (QuotaKind, u64)> {
        QuotaKind::ALL.into_iter().zip(self.0).filter_map(|(kind, most)| Some((kind, most?)))
    }

    /// Whether one who uses so much may have no more.
    pub fn is_over(&self, kind: QuotaKind, used: u64) -> bool {
        self.most(kind).is_some_and(|most| kind.is_over(used, most))
    }

    /// Whether so much is within it.
    ///
    /// # Errors
    /// It is not.
    pub fn allows(&self, kind: QuotaKind, found: u64) -> Result<(), OverQuota> {
        match self.most(kind) {
            Some(most) if found > most => Err(OverQuota { kind, most, found }),
            _ => Ok(()),
        }
    }
}

/// `lines=1000 stored=2 GiB`.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (kind, most)) in self.each().enumerate() {
            let between = if number == 0 { "" } else { " " };
            write!(f, "{between}{}={}", kind.as_str(), kind.unit().show(most))?;
        }
        Ok(())
    }
}

/// When the day began that this time is in; nanoseconds since 1970.
pub fn day(now: i64) -> i64 {
    now.saturating_sub(now.rem_euclid(DAY))
}

/// When the next one begins.
pub fn next_day(now: i64) -> i64 {
    day(now).saturating_add(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_does_not_bound_the_other_does() {
        let mut written = Quota::of(QuotaKind::Lines, 10);
        let mut kept = Quota::of(QuotaKind::Lines, 20);
        kept.set(QuotaKind::Stored, Some(3 << 30));
        written = written.or(&kept);
        assert_eq!(written.to_string(), "lines=10 stored=3GiB");
        assert_eq!(written.allows(QuotaKind::Lines, 10), Ok(()));
        let over = OverQuota { kind: QuotaKind::Lines, most: 10, found: 11 };
        assert_eq!(written.allows(QuotaKind::Lines, 11), Err(over));
        assert_eq!(written.allows(QuotaKind::Packs, u64::MAX), Ok(()));
        assert!(Quota::default().is_empty() && !written.is_empty());
    }

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!((day(0), next_day(0)), (0, DAY));
        assert_eq!((day(DAY - 1), next_day(DAY - 1)), (0, DAY));
        assert_eq!((day(-1), next_day(-1)), (-DAY, 0));
    }
}
