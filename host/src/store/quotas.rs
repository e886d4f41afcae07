//! What tenants may use: what was set at run time is here, what the configuration says goes before it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};
use serde_json::Value;
use tripline_engine::decision::HOST;

use super::applying::Applying;
use super::database::Database;
use super::telling::Work;
use super::writer::Size;
use super::{growing, incidents, stored, tenants};
use crate::commit::{Commit, StoreError, Tenant};
use crate::incidents::{Actor, Fingerprint, Incident, Policy, State};
use crate::quota::{self, OVER_QUOTA, OverQuota, Quota, QuotaKind};

impl Database {
    /// What was set at run time; who is not among them may use as much as there is, or as the configuration says.
    pub fn quotas(&self) -> Result<BTreeMap<Tenant, Quota>, StoreError> {
        self.readers.read(|db| {
            let mut statement = db.prepare_cached("SELECT tenant, kind, most FROM quotas")?;
            let mut rows = statement.query([])?;
            let mut all = BTreeMap::<Tenant, Quota>::new();
            while let Some(row) = rows.next()? {
                let Some(tenant) = Tenant::new(row.get_ref(0)?.as_str().unwrap_or_default()) else {
                    continue;
                };
                put(all.entry(tenant).or_default(), &row.get::<_, String>(1)?, row.get(2)?);
            }
            Ok(all)
        })
    }

    /// What a tenant may use.
    pub fn quota(&self, tenant: &Tenant) -> Result<Quota, StoreError> {
        let policy = self.policy();
        self.readers.read(|db| in_force(db, &policy, tenant))
    }

    /// Tenants that are over a quota of what the database knows of, and of what.
    pub fn over_quota(&self) -> Result<Vec<(Tenant, QuotaKind)>, StoreError> {
        let (policy, now) = (self.policy(), self.clock.now());
        let mut tenants: BTreeSet<Tenant> = self.quotas()?.into_keys().collect();
        tenants.extend(policy.quotas.each().map(|(tenant, _)| tenant.clone()));
        self.readers.read(|db| {
            let mut over = Vec::new();
            for tenant in &tenants {
                let quota = in_force(db, &policy, tenant)?;
                let used = used(db, tenant, now)?.into_iter();
                over.extend(
                    used.filter(|(kind, used)| quota.is_over(*kind, *used))
                        .map(|(kind, _)| (tenant.clone(), kind)),
                );
            }
            Ok(over)
        })
    }

    /// Whether a tenant may have anything more stored: room is made for it, and one that may not is told.
    pub fn may_store(&self, tenant: &Tenant) -> Result<Result<(), OverQuota>, StoreError> {
        let (of, departed) = (tenant.clone(), self.departed_tenants());
        departed.allow(tenant)?;
        if self.quota(tenant)?.most(QuotaKind::Stored).is_none() {
            return Ok(Ok(()));
        }
        self.write_sized(Size::Large, move |db, this| {
            departed.allow(&of)?;
            growing::may(&this.work(db, &of))
        })
    }

    /// Whether a tenant may begin one more scan on this day, and have anything of it stored. One that may not is told so, the
    /// first time.
    pub fn may_scan(&self, tenant: &Tenant) -> Result<Result<(), OverQuota>, StoreError> {
        if let Err(over) = self.may_store(tenant)? {
            return Ok(Err(over));
        }
        let Some(most) = self.quota(tenant)?.most(QuotaKind::Scans) else { return Ok(Ok(())) };
        let now = self.clock.now();
        let found = self.readers.read(|db| scans(db, tenant, now))?;
        if found < most {
            return Ok(Ok(()));
        }
        let (of, departed) = (tenant.clone(), self.departed_tenants());
        self.write(move |db, this| {
            departed.allow(&of)?;
            tell(&this.work(db, &of), QuotaKind::Scans, most)
        })?;
        Ok(Err(OverQuota { kind: QuotaKind::Scans, most, found: found + 1 }))
    }

    /// Changes what a tenant may use, where the configuration does not say it; answers what it may use now, or `None`: there
    /// is no such tenant.
    pub fn set_quota(
        &self,
        tenant: &Tenant,
        changes: Vec<(QuotaKind, Option<u64>)>,
        actor: Actor,
    ) -> Result<Option<Quota>, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| {
            let work = this.work(db, &tenant);
            if !this.policy.quotas.has(&tenant) && !tenants::is_known(db, &tenant)? {
                return Ok(None);
            }
            let before = kept(db, &tenant)?;
            for (kind, most) in changes {
                set(&work, kind, most)?;
                if before.most(kind) != most {
                    let fields = [
                        ("quota", Value::from(kind.as_str())),
                        ("before", before.most(kind).into()),
                        ("most", most.into()),
                    ];
                    tenants::record(&work, "tenant.quota_changed", &actor, &fields)?;
                }
            }
            in_force(db, &this.policy, &tenant).map(Some)
        })
    }
}

/// Whether a tenant is told that it is over such a quota: an incident of it is not resolved, or is of this day. Else whoever
/// resolves it again and again would have as many written.
pub(super) fn is_told(work: &Work<'_>, kind: QuotaKind) -> Result<bool, StoreError> {
    // With too many open ones it is in that of all the others.
    for fingerprint in [Fingerprint::given_as(kind.as_str().as_bytes()), Fingerprint::overflow()] {
        let known = incidents::latest(work.db, work.tenant, HOST, OVER_QUOTA, &fingerprint)?;
        let is_told = |one: &Incident| one.state != State::Resolved || one.opened >= quota::day(work.now);
        if known.as_ref().is_some_and(is_told) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tells a tenant that it is over such a quota, if it does not know that; whether it did not.
pub(super) fn tell(work: &Work<'_>, kind: QuotaKind, most: u64) -> Result<bool, StoreError> {
    if is_told(work, kind)? {
        return Ok(false);
    }
    let decisions = vec![quota::told(kind, most, work.now)];
    let told = Applying::new(work)?.apply(&Commit { decisions, ..Commit::default() })?;
    Ok(told.occurrences > 0)
}

/// What was set of one at run time.
pub(super) fn kept(db: &Connection, tenant: &Tenant) -> Result<Quota, StoreError> {
    let mut statement = db.prepare_cached("SELECT kind, most FROM quotas WHERE tenant = ?1")?;
    let mut rows = statement.query([tenant.as_str()])?;
    let mut quota = Quota::default();
    while let Some(row) = rows.next()? {
        put(&mut quota, &row.get::<_, String>(0)?, row.get(1)?);
    }
    Ok(quota)
}

/// What one uses of what the database knows of.
pub(super) fn used(db: &Connection, tenant: &Tenant, now: i64) -> Result<Vec<(QuotaKind, u64)>, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM own_packs WHERE tenant = ?1),
        (SELECT coalesce(sum(coalesce(octet_length(state), 0) + octet_length(host)), 0) FROM states
            WHERE tenant = ?1 AND pack IN (SELECT name FROM own_packs WHERE tenant = ?1))";
    let numbers = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (packs, state) = db.prepare_cached(sql)?.query_row([tenant.as_str()], numbers)?;
    Ok(vec![
        (QuotaKind::Stored, stored::of(db, tenant)?.all()),
        (QuotaKind::Packs, packs),
        (QuotaKind::State, state),
        (QuotaKind::Mails, mails(db, tenant, now)?),
        (QuotaKind::Scans, scans(db, tenant, now)?),
    ])
}

/// Mails that were sent on this day. One that is on its way counts.
pub(super) fn mails(db: &Connection, tenant: &Tenant, now: i64) -> Result<u64, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM notices WHERE tenant = ?1 AND state = 'sent' AND sent >= ?2)
        + (SELECT count(*) FROM notices INDEXED BY notices_sending WHERE tenant = ?1 AND state = 'sending')";
    Ok(db.prepare_cached(sql)?.query_row(params![tenant.as_str(), quota::day(now)], |row| row.get(0))?)
}

/// Scans that were begun on this day. One that was not made looks at no addresses.
pub(super) fn scans(db: &Connection, tenant: &Tenant, now: i64) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM scan_runs
        WHERE tenant = ?1 AND started >= ?2 AND addresses IS NOT NULL";
    Ok(db.prepare_cached(sql)?.query_row(params![tenant.as_str(), quota::day(now)], |row| row.get(0))?)
}

/// What one may use.
pub(super) fn in_force(db: &Connection, policy: &Policy, tenant: &Tenant) -> Result<Quota, StoreError> {
    Ok(policy.quotas.of(tenant).or(&kept(db, tenant)?))
}

/// It may use so much of this.
pub(super) fn set(work: &Work<'_>, kind: QuotaKind, most: Option<u64>) -> Result<(), StoreError> {
    let (tenant, kind) = (work.tenant.as_str(), kind.as_str());
    match most.and_then(|most| i64::try_from(most).ok()) {
        Some(most) => work
            .db
            .prepare_cached(
                "INSERT INTO quotas (tenant, kind, most) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET most = ?3",
            )?
            .execute(params![tenant, kind, most])?,
        None => work
            .db
            .prepare_cached("DELETE FROM quotas WHERE tenant = ?1 AND kind = ?2")?
            .execute([tenant, kind])?,
    };
    Ok(())
}

/// A kind that this program does not know bounds nothing here.
fn put(quota: &mut Quota, kind: &str, most: i64) {
    if let (Some(kind), Ok(most)) = (QuotaKind::of(kind), u64::try_from(most)) {
        quota.set(kind, Some(most));
    }
}
