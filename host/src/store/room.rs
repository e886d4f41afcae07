//! Room for evidence of a tenant that may store only so much: what is over it is not kept, and counted all the same.

use rusqlite::{Connection, params};

use super::telling::Work;
use super::{quotas, stored};
use crate::commit::{StoreError, Tenant};
use crate::quota::QuotaKind;

/// With less room than this, evidence of the oldest incidents that are resolved goes first.
const SPARE: u64 = 256 << 10;
/// Incidents that it goes of in one transaction, which must not take long.
const STEP: u32 = 16;

/// Room for evidence in one commit.
pub(super) struct Room {
    /// Bytes; `None`: as many as there are.
    left: Option<u64>,
    /// What the tenant may store.
    most: u64,
    /// How often there was none.
    refused: u64,
}

impl Room {
    /// For a commit that has brought no evidence yet: how much there is need not be known.
    pub(super) fn unasked() -> Room {
        Room { left: None, most: u64::MAX, refused: 0 }
    }

    /// What there is for this tenant now. It is made, if there is hardly any: of what is resolved, the oldest goes.
    pub(super) fn of(work: &Work<'_>) -> Result<Room, StoreError> {
        let Work { db, tenant, policy, .. } = work;
        let quota = quotas::in_force(db, policy, tenant)?;
        let Some(most) = quota.most(QuotaKind::Stored) else {
            return Ok(Room::unasked());
        };
        let left = || -> Result<u64, StoreError> { Ok(most.saturating_sub(stored::of(db, tenant)?.all())) };
        let mut room = left()?;
        // Of a small quota no more than a part is kept free.
        if room < SPARE.min(most / 8) && let_go(db, tenant)? {
            room = left()?;
        }
        Ok(Room { left: Some(room), most, refused: 0 })
    }

    /// Takes room for this; `false`: there is none.
    pub(super) fn take(&mut self, bytes: u64) -> bool {
        let Some(left) = &mut self.left else { return true };
        let has = bytes <= *left;
        match has {
            true => *left -= bytes,
            false => self.refused += 1,
        }
        has
    }

    /// What has taken it is let go before it was written.
    pub(super) fn give_back(&mut self, bytes: u64) {
        if let Some(left) = &mut self.left {
            *left += bytes;
        }
    }

    /// What the tenant may store, if there was no room for something.
    pub(super) fn over(&self) -> Option<u64> {
        (self.refused > 0).then_some(self.most)
    }
}

/// Bytes that a row of evidence counts: as `migrations/14.sql` has it.
pub(super) fn bytes(name: &str, text: Option<&[u8]>, captures: usize) -> u64 {
    (40 + name.len() + text.map_or(0, <[u8]>::len) + 8 * captures + 32) as u64
}

/// Lets go of the evidence of some incidents that are resolved, the oldest first; whether there was any. They say that it is
/// gone, as they do when it was too much. Incidents that have some are found by steps in the key: no row of it is read.
pub(super) fn let_go(db: &Connection, tenant: &Tenant) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(
        "WITH RECURSIVE held (incident) AS (
            SELECT min(incident) FROM evidence WHERE tenant = ?1
            UNION ALL
            SELECT (SELECT min(incident) FROM evidence WHERE tenant = ?1 AND incident > held.incident)
            FROM held WHERE held.incident IS NOT NULL
         )
         SELECT held.incident, (SELECT count(*) FROM evidence WHERE tenant = ?1 AND incident = held.incident)
         FROM held CROSS JOIN incidents i ON i.tenant = ?1 AND i.id = held.incident
         WHERE i.state = 2 LIMIT ?2",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), STEP], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(i64, i64)> = rows.collect::<Result<_, _>>()?;
    for (incident, count) in &found {
        db.prepare_cached("DELETE FROM evidence WHERE tenant = ?1 AND incident = ?2")?
            .execute(params![tenant.as_str(), incident])?;
        let sql =
            "UPDATE incidents SET evidence_dropped = evidence_dropped + ?3 WHERE tenant = ?1 AND id = ?2";
        db.prepare_cached(sql)?.execute(params![tenant.as_str(), incident, count])?;
    }
    Ok(!found.is_empty())
}
