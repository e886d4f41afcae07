//! Decisions become incidents, in one transaction.
//!
//! ```text
//!   decision ─► known? ─► redacted ─► excepted? ─► incident ─┬─ of the first and the last: evidence, occurrence
//!               replay                 counted               └─ once for all of the commit: row, timeline, notices
//! ```
//!
//! An incident that a commit touches is read once and written once, however often it occurs in it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::params;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tripline_engine::abi::Severity;
use tripline_engine::decision::{Decision, Evidence, HOST, Origin};

use super::evidence::{Kept, Names};
use super::room::Room;
use super::tails::Tails;
use super::telling::{Work, hex};
use super::{batches, exceptions, files, incidents, numbers, quotas, states};
use crate::commit::{Commit, Committed, StoreError, Tenant};
use crate::incidents::{
    Actor, Effect, Exception, Fingerprint, Folded, Fresh, Happening, Incident, OccurrenceId, Opened, Report,
};
use crate::notices::Reason;
use crate::quota::{self, QuotaKind};

/// What names an incident, but for its generation.
type Key = (String, String, Fingerprint);

pub(super) struct Applying<'w, 'c> {
    work: &'w Work<'w>,
    exceptions: Vec<Exception>,
    touched: Vec<Touched<'c>>,
    /// The latest generation of each.
    latest: HashMap<Key, usize>,
    /// Open incidents of each rule.
    open: HashMap<(String, String), u64>,
    rules: HashMap<(String, String), Arc<Origin>>,
    names: Names,
    /// Number of the last incident, if one is new.
    last: Option<i64>,
    /// By exception the decisions whose severity it has changed.
    changed_by: BTreeMap<i64, u64>,
    tails: Tails<'c>,
    /// Room for evidence, once something is decided that is not known: what is lets go of nothing.
    room: Room,
    has_asked: bool,
    /// Whose decisions these are.
    actor: Actor,
    committed: Committed,
}

/// An incident that this commit changes.
struct Touched<'c> {
    incident: Incident,
    /// `None`: it is new.
    before: Option<(Severity, u64)>,
    fresh: Fresh,
    evidence: Kept<'c>,
    changed: bool,
}

impl<'w, 'c> Applying<'w, 'c> {
    pub(super) fn new(work: &'w Work<'w>) -> Result<Applying<'w, 'c>, StoreError> {
        Ok(Applying {
            work,
            exceptions: exceptions::all(work.db, work.tenant, work.now, false, exceptions::ALL)?,
            touched: Vec::new(),
            latest: HashMap::new(),
            open: HashMap::new(),
            rules: HashMap::new(),
            names: Names::default(),
            last: None,
            changed_by: BTreeMap::new(),
            tails: Tails::default(),
            room: Room::unasked(),
            has_asked: false,
            actor: Actor::rule(),
            committed: Committed::default(),
        })
    }

    /// Everything of a barrier. It is only read: whoever has it tries again with the same if this fails.
    pub(super) fn apply(mut self, commit: &'c Commit) -> Result<Committed, StoreError> {
        for position in &commit.positions {
            files::position(self.work.db, self.work.tenant, position)?;
        }
        for state in &commit.states {
            let mut state = Cow::Borrowed(state);
            if !self.work.policy.redaction.is_empty() {
                self.work.policy.redaction.host(&mut state.to_mut().host);
            }
            states::put(self.work.db, self.work.tenant, &state, self.work.now)?;
        }
        states::used(self.work, &commit.packs)?;
        batches::add(self.work.db, self.work.tenant, &commit.batches, self.work.now)?;
        if let Some(actor) = &commit.actor {
            self.actor = actor.clone();
        }
        self.tails.begin(commit.tails.as_deref());
        for decision in &commit.decisions {
            self.decision(Cow::Borrowed(decision))?;
        }
        if let Some(most) = self.room.over() {
            // It is told where it happens: whoever has to know reads the database.
            self.committed.over = Some((QuotaKind::Stored, most));
            // What somebody writes fits as a whole, and with this it might not: whoever keeps it tells it behind it.
            if commit.actor.is_none() && !quotas::is_told(self.work, QuotaKind::Stored)? {
                self.decision(Cow::Owned(quota::told(QuotaKind::Stored, most, self.work.now)))?;
            }
        }
        self.finish()
    }

    fn decision(&mut self, mut decision: Cow<'c, Decision>) -> Result<(), StoreError> {
        let id = OccurrenceId::of(self.work.tenant, &decision);
        self.tails.note(id, &decision);
        if self.is_known(id)? {
            self.committed.known += 1;
            return Ok(());
        }
        let Work { tenant, policy, installation, .. } = self.work;
        if !policy.redaction.is_empty() {
            policy.redaction.apply(decision.to_mut(), |given| mark(installation.own(), tenant, given));
        }
        for exception in &self.exceptions {
            if !exception.takes(&decision) {
                continue;
            }
            match exception.new.effect {
                Effect::Severity(severity) => {
                    decision.to_mut().severity = severity;
                    *self.changed_by.entry(exception.id).or_default() += 1;
                }
                // Who is over a quota has to know: that can be silenced, and not excepted.
                Effect::Except if is_over_quota(&decision) => {}
                Effect::Except => {
                    self.committed.excepted += 1;
                    return exceptions::count(self.work, exception.id, id, &decision);
                }
            }
        }
        // Before any incident is read: some that are resolved lose their evidence by it.
        if !std::mem::replace(&mut self.has_asked, true) {
            self.room = Room::of(self.work)?;
        }
        let at = self.incident(&decision)?;
        self.occurrence(at, id, decision)
    }

    /// Whether it has a row: among the occurrences, among what was excepted, or among what tails have decided.
    fn is_known(&mut self, id: OccurrenceId) -> Result<bool, StoreError> {
        let Work { db, tenant, .. } = self.work;
        let mut statement = db.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM occurrences WHERE tenant = ?1 AND id = ?2)
                OR EXISTS (SELECT 1 FROM excepted WHERE tenant = ?1 AND id = ?2)",
        )?;
        Ok(statement.query_row(params![tenant.as_str(), id.0], |row| row.get(0))?
            || self.tails.is_known(db, tenant, id)?)
    }

    /// The incident that the decision belongs to: its place among those that are touched.
    fn incident(&mut self, decision: &Decision) -> Result<usize, StoreError> {
        let key = |fingerprint| (decision.origin.pack.clone(), decision.origin.rule.id.clone(), fingerprint);
        let own = key(Fingerprint::of(decision));
        let latest = self.latest_of(&own)?;
        let incident = latest.map(|at| &self.touched[at].incident);
        let fresh = match (Folded::of(decision, incident, self.work.now), latest) {
            (Folded::Fresh(fresh), _) => fresh,
            (Folded::Occurrence, Some(at)) => return Ok(at),
            (Folded::Occurrence, None) => Fresh::First,
        };
        let rule = (own.0.clone(), own.1.clone());
        let open = match self.open.get(&rule) {
            Some(open) => *open,
            None => incidents::open_of_rule(self.work.db, self.work.tenant, &rule.0, &rule.1)?,
        };
        self.open.insert(rule.clone(), open);
        if open < self.work.policy.limits.open_per_rule {
            self.open.insert(rule, open + 1);
            return self.fresh(decision, own, fresh, latest);
        }
        let overflow = key(Fingerprint::overflow());
        let latest = self.latest_of(&overflow)?;
        let incident = latest.map(|at| &self.touched[at].incident);
        match (Folded::of(decision, incident, self.work.now), latest) {
            (Folded::Occurrence, Some(at)) => Ok(at),
            (Folded::Fresh(fresh), _) => self.fresh(decision, overflow, fresh, latest),
            (Folded::Occurrence, None) => self.fresh(decision, overflow, Fresh::First, None),
        }
    }

    fn latest_of(&mut self, key: &Key) -> Result<Option<usize>, StoreError> {
        if let Some(at) = self.latest.get(key) {
            return Ok(Some(*at));
        }
        let Work { db, tenant, .. } = self.work;
        let Some(incident) = incidents::latest(db, tenant, &key.0, &key.1, &key.2)? else { return Ok(None) };
        let evidence = Kept::load(db, tenant, incident.id)?;
        let before = Some((incident.severity, incident.count));
        self.latest.insert(key.clone(), self.touched.len());
        self.touched.push(Touched { incident, before, fresh: Fresh::First, evidence, changed: false });
        Ok(Some(self.touched.len() - 1))
    }

    fn fresh(
        &mut self,
        decision: &Decision,
        key: Key,
        fresh: Fresh,
        latest: Option<usize>,
    ) -> Result<usize, StoreError> {
        let Work { db, tenant, policy, now, .. } = self.work;
        let previous = latest.map(|at| (self.touched[at].incident.id, self.touched[at].incident.generation));
        let last = match self.last {
            Some(last) => last,
            None => numbers::last(db, tenant, "incident")?,
        };
        self.last = Some(last + 1);
        let opened = Opened { id: last + 1, previous };
        let mut incident = Incident::open(tenant, decision, key.2.clone(), opened, &policy.limits, *now);
        // The occurrence itself is counted where all are.
        (incident.count, incident.occurrences, incident.evidence_dropped) = (0, 0, 0);
        let evidence = Kept::default();
        let rule = (key.0.clone(), key.1.clone());
        self.rules.entry(rule).or_insert_with(|| Arc::clone(&decision.origin));
        self.latest.insert(key, self.touched.len());
        self.touched.push(Touched { incident, before: None, fresh, evidence, changed: true });
        Ok(self.touched.len() - 1)
    }

    fn occurrence(
        &mut self,
        at: usize,
        id: OccurrenceId,
        decision: Cow<'c, Decision>,
    ) -> Result<(), StoreError> {
        let Work { db, tenant, policy, now, .. } = self.work;
        let Touched { incident, evidence, changed, .. } = &mut self.touched[at];
        *changed = true;
        // What was reported before, if that is its first time to be overwritten.
        if is_report(&decision) && incident.occurrences > 0 && evidence.is_empty() {
            incident.evidence_dropped +=
                u64::from(evidence.take_report(incident, &policy.limits, &mut self.room));
        }
        incident.occur(&decision, &policy.limits, *now);
        if is_report(&decision) && incident.occurrences > 1 {
            incident.evidence_dropped +=
                u64::from(evidence.take_report(incident, &policy.limits, &mut self.room));
        }
        self.committed.occurrences += 1;
        let number = incidents::signed(incident.occurrences);
        db.prepare_cached(
            "INSERT INTO occurrences (tenant, id, incident, number, time, recorded) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![tenant.as_str(), id.0, incident.id, number, decision.time, now])?;
        let (names, room) = (&mut self.names, &mut self.room);
        let mut take = |one: Cow<'c, Evidence>| {
            let name = names.of(db, tenant, one.position.file)?;
            incident.seen_in(name);
            incident.evidence_dropped += u64::from(evidence.take(one, name, &policy.limits, room));
            Ok(())
        };
        // As it was handed in, if that can be.
        match decision {
            Cow::Borrowed(decision) => decision.evidence.iter().map(Cow::Borrowed).try_for_each(&mut take),
            Cow::Owned(decision) => decision.evidence.into_iter().map(Cow::Owned).try_for_each(&mut take),
        }
    }

    /// Writes each incident as it is now, and tells what has happened to it.
    fn finish(mut self) -> Result<Committed, StoreError> {
        let Work { db, tenant, policy, now, .. } = self.work;
        for touched in std::mem::take(&mut self.touched) {
            let Touched { mut incident, before, fresh, evidence, changed } = touched;
            if !changed {
                continue;
            }
            let id = incident.id;
            // A rise may bring it to a route that tells again; routes may have begun to since it was opened.
            let rose = before.is_none_or(|(severity, _)| incident.severity > severity);
            if rose || incident.repeats_at.is_none() {
                policy.routes.wind(&mut incident, *now);
            }
            match before {
                None => incidents::insert(db, &incident)?,
                Some(_) => incidents::update(db, &incident)?,
            }
            // What points to its row comes behind it.
            evidence.save(db, tenant, id, &mut self.names)?;
            self.forget(&incident)?;
            self.committed.worst = self.committed.worst.max(Some(incident.severity));
            match before {
                None => {
                    let what = Happening::Opened { previous: incident.previous };
                    let reason = match fresh {
                        Fresh::Reopened => Reason::Reopened,
                        Fresh::First | Fresh::Quiet => Reason::First,
                    };
                    self.work.happened(&incident, &self.actor, what, Some(reason))?;
                    self.committed.opened.push(id);
                }
                Some((severity, count)) => {
                    let what = Happening::Occurred { count: incident.count.saturating_sub(count) };
                    self.work.happened(&incident, &self.actor, what, None)?;
                    if incident.severity > severity {
                        let what = Happening::SeverityRose { from: severity, to: incident.severity };
                        let reason = Reason::SeverityRose { from: severity.as_str().into() };
                        self.work.happened(&incident, &self.actor, what, Some(reason))?;
                    }
                    self.committed.grown.push(id);
                }
            }
        }
        if let Some(last) = self.last {
            numbers::set(db, tenant, "incident", last)?;
        }
        for (exception, count) in &self.changed_by {
            exceptions::add_count(self.work, *exception, *count)?;
        }
        self.tails.save(db, tenant)?;
        self.rules()?;
        Ok(self.committed)
    }

    /// Lets go of the occurrences between the first and the last.
    fn forget(&self, incident: &Incident) -> Result<(), StoreError> {
        let Work { db, tenant, policy, .. } = self.work;
        let [first, last] = [policy.limits.first_occurrences, policy.limits.last_occurrences];
        if incident.occurrences <= first + last {
            return Ok(());
        }
        db.prepare_cached(
            "DELETE FROM occurrences WHERE tenant = ?1 AND incident = ?2 AND number > ?3 AND number <= ?4",
        )?
        .execute(params![
            tenant.as_str(),
            incident.id,
            incidents::signed(first),
            incidents::signed(incident.occurrences - last)
        ])?;
        Ok(())
    }

    /// Keeps what rules say of themselves, for notices.
    fn rules(&self) -> Result<(), StoreError> {
        let Work { db, tenant, .. } = self.work;
        for ((pack, id), origin) in &self.rules {
            let rule = &origin.rule;
            let links = Value::from(rule.references.clone()).to_string();
            db.prepare_cached(
                "INSERT INTO rules (tenant, pack, rule, title, description, links) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET title = ?4, description = ?5, links = ?6",
            )?
            .execute(params![tenant.as_str(), pack, id, rule.title, rule.description, links])?;
        }
        Ok(())
    }
}

/// Whether somebody has reported it: a rule's decision brings evidence, a report is its own.
fn is_report(decision: &Decision) -> bool {
    decision.origin.pack == HOST && decision.origin.rule.id == Report::RULE
}

/// A word that stands for a fingerprint which must not be stored as it is. The installation's own number goes into it:
/// whoever has only security.log, where the fingerprint's hash stands, cannot try out what it was of.
pub(super) fn mark(installation: &[u8; 16], tenant: &Tenant, given: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [&installation[..], b"fingerprint", tenant.as_str().as_bytes(), given] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..16])
}

fn is_over_quota(decision: &Decision) -> bool {
    decision.origin.pack == HOST && decision.origin.rule.id == quota::OVER_QUOTA
}
