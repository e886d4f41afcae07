//! The database on this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tripline_engine::Pack;

use super::super::kept::{Kept, Patience};
use super::super::{Failure, Screen};
use super::{Desk, Next, Reported, Retried, Taken, Whole};
use crate::builtin;
use crate::commit::{Store, StoreError};
use crate::incidents::{Act, Exception, Filter, Incident, NewException, NewSilence, Report, Silence};
use crate::notices::Pattern;
use crate::report::answer::Answer;
use crate::report::why::Why;
use crate::store::{OutboxStatus, Told};
use crate::token::{NewToken, Scope, Token, TokenSecret};

impl Kept {
    fn done<T>(&self, done: Result<T, StoreError>) -> Result<T, Failure> {
        done.map_err(|error| self.failed(&error))
    }
}

impl Desk for Kept {
    fn now(&self) -> i64 {
        self.clock.now()
    }

    fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn recipients(&self) -> &BTreeMap<String, String> {
        &self.recipients
    }

    fn page(
        &self,
        filter: &Filter,
        after: Option<&Next>,
        most: u32,
    ) -> Result<(Vec<Incident>, Option<Next>), Failure> {
        let after = match after {
            Some(Next::Place(cursor)) => Some(*cursor),
            Some(Next::Text(_)) | None => None,
        };
        let page = self.done(self.database.page(&self.tenant, filter, after, most))?;
        Ok((page.incidents, page.next.map(Next::Place)))
    }

    fn incident(&self, id: i64) -> Result<Option<Whole>, Failure> {
        let Some(incident) = self.done(self.database.incident(&self.tenant, id))? else { return Ok(None) };
        let evidence = self.done(self.database.evidence(&self.tenant, id))?;
        Ok(Some((incident, evidence, self.done(self.database.timeline(&self.tenant, id))?)))
    }

    fn act(&self, id: i64, act: &Act) -> Result<Result<Incident, Failure>, Failure> {
        let done = self.database.act(&self.tenant, id, None, act.clone(), self.actor());
        Ok(self.done(done)?.map_err(Failure::new))
    }

    fn report(&self, report: Report) -> Result<Reported, Failure> {
        let commit = report.commit(self.actor(), self.clock.now());
        let committed = self.done(self.database.commit(&self.tenant, commit))?;
        Ok(match (committed.opened.first(), committed.grown.first()) {
            (Some(id), _) => Reported::Opened(*id),
            (None, Some(id)) => Reported::Grown(*id),
            (None, None) if committed.excepted > 0 => Reported::Excepted,
            (None, None) => Reported::Known,
        })
    }

    fn has_rule(&self, rule: &Pattern) -> Result<Option<bool>, Failure> {
        let packs = builtin::packs().map_err(Failure::new)?;
        let own = |pack: &Arc<Pack>| {
            let mut rules = pack.manifest().rules.iter();
            rules.any(|own| rule.takes(&format!("{}/{}", pack.name(), own.id)))
        };
        let builtin: Vec<&str> = packs.iter().map(|pack| pack.name()).collect();
        let known =
            packs.iter().any(own) || self.done(self.database.has_rule(&self.tenant, rule, &builtin))?;
        Ok(Some(known))
    }

    fn silences(&self, all: bool) -> Result<Vec<Silence>, Failure> {
        self.done(self.database.silences(&self.tenant, all))
    }

    fn silence(&self, new: NewSilence) -> Result<i64, Failure> {
        self.done(self.database.silence(&self.tenant, new, self.actor()))
    }

    fn end_silence(&self, id: i64) -> Result<bool, Failure> {
        let ended = self.done(self.database.end_silence(&self.tenant, id, self.actor()))?;
        // What it held back is due.
        self.done(self.database.due())?;
        Ok(ended)
    }

    fn exceptions(&self, all: bool) -> Result<Vec<Exception>, Failure> {
        self.done(self.database.exceptions(&self.tenant, all))
    }

    fn except(&self, new: NewException) -> Result<i64, Failure> {
        self.done(self.database.except(&self.tenant, new, self.actor()))
    }

    fn end_exception(&self, id: i64) -> Result<bool, Failure> {
        self.done(self.database.end_exception(&self.tenant, id, self.actor()))
    }

    fn taken(&self, exception: i64, most: u32) -> Result<Vec<Taken>, Failure> {
        self.done(self.database.excepted(&self.tenant, exception, most))
    }

    fn tokens(&self) -> Result<Vec<Token>, Failure> {
        self.done(self.database.tokens(&self.tenant))
    }

    fn add_token(
        &self,
        name: String,
        scope: Scope,
        expires: Option<i64>,
    ) -> Result<(Token, TokenSecret), Failure> {
        let secret = TokenSecret::draw().map_err(Failure::new)?;
        let new = NewToken { tenant: self.tenant.clone(), name, scope, expires };
        let id = self.done(self.database.add_token(new, secret.hash(), self.actor(), None))?;
        let added = self.done(self.database.token_of(&self.tenant, id))?;
        let gone = || Failure::new(format!("there is no token {id} any more"));
        Ok((added.ok_or_else(gone)?, secret))
    }

    fn revoke_token(&self, id: i64) -> Result<bool, Failure> {
        let revoked = self.done(self.database.revoke_token(&self.tenant, id, self.actor()))?;
        self.due()?;
        Ok(revoked)
    }

    fn outbox(&self, most: u32) -> Result<(OutboxStatus, Vec<Told>), Failure> {
        let status = self.done(self.database.outbox(&self.tenant, most))?;
        Ok((status, self.done(self.database.waiting(&self.tenant, most))?))
    }

    fn why(&self, incident: i64) -> Result<Option<(Answer, Vec<Told>)>, Failure> {
        let why = self.done(Why::read(&self.database, &self.tenant, incident, self.clock.now()))?;
        Ok(why.map(|why| (why.answer(&self.zone), why.notices(None).cloned().collect())))
    }

    fn flush(&self) -> Result<u64, Failure> {
        self.can_deliver()?;
        self.due()?;
        self.done(self.database.flush(&self.tenant, self.actor()))
    }

    fn retry(&self, notice: Option<i64>) -> Result<Retried, Failure> {
        let notices = self.done(self.database.retry(&self.tenant, notice, self.actor()))?;
        Ok(Retried { notices, departed: self.done(self.database.departed(&self.tenant, notice))? })
    }

    fn settle(&self, screen: &Screen) -> Result<bool, Failure> {
        self.due()?;
        Kept::settle(self, screen)
    }

    fn settle_all(&self, patience: Patience, screen: &Screen) -> Result<bool, Failure> {
        self.due()?;
        Kept::settle_all(self, patience, screen)
    }
}
