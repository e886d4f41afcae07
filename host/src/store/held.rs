//! What a notice waits for that nobody has tried, or that the relay could not be asked for.

use std::collections::HashMap;

use rusqlite::Connection;

use super::quotas;
use super::told::{Told, breakers, buckets};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Policy;
use crate::quota::{QuotaKind, next_day};

/// What holds a notice that is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Its route's quiet hours.
    QuietHours,
    /// The hour's mails to its recipient are used up.
    Throttle,
    /// A relay that could not be used.
    Relay,
    /// The day's mails of its tenant are used up.
    Quota,
}

/// What holds a notice, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it is.
    pub by: Hold,
    /// Until then, nanoseconds since 1970.
    pub until: i64,
}

impl Hold {
    /// All of them.
    pub const ALL: [Hold; 4] = [Hold::QuietHours, Hold::Throttle, Hold::Relay, Hold::Quota];

    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Hold::QuietHours => "quiet-hours",
            Hold::Throttle => "throttle",
            Hold::Relay => "relay",
            Hold::Quota => "quota",
        }
    }
}

/// What holds each of these, as it is now.
pub(super) fn of(
    db: &Connection,
    tenant: &Tenant,
    policy: &Policy,
    now: i64,
    all: &[Told],
) -> Result<Vec<Option<Held>>, StoreError> {
    if all.iter().all(|told| told.state != "queued") {
        return Ok(vec![None; all.len()]);
    }
    let throttle = &policy.throttle;
    let most = quotas::in_force(db, policy, tenant)?.most(QuotaKind::Mails);
    let is_used_up = match most {
        Some(most) => quotas::mails(db, tenant, now)? >= most,
        None => false,
    };
    let (breakers, buckets) = (breakers(db)?, buckets(db, tenant)?);
    let closed = breakers.iter().map(|(_, _, at, _)| *at).filter(|at| *at > now).max();
    let used_up = buckets.into_iter().filter_map(|(recipient, critical, bucket)| {
        let bucket = throttle.refilled(bucket, now);
        (throttle.tokens(bucket) == 0).then(|| ((recipient, critical), throttle.next(bucket)))
    });
    let used_up: HashMap<_, _> = used_up.collect();
    let held = |told: &Told| match (told.due > now, closed) {
        _ if told.state != "queued" => None,
        (true, _) => Some(Held { by: Hold::QuietHours, until: told.due }),
        (false, Some(until)) => Some(Held { by: Hold::Relay, until }),
        (false, None) if is_used_up => Some(Held { by: Hold::Quota, until: next_day(now) }),
        (false, None) => {
            let until = used_up.get(&(told.recipient.clone(), told.critical))?;
            Some(Held { by: Hold::Throttle, until: *until })
        }
    };
    Ok(all.iter().map(held).collect())
}
