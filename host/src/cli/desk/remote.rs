//! A server's database, through its API.

mod answers;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::answers::{
    Added, Decisions, Exceptions, Incidents, Notices, Numbered, Outbox, PAGE, Pages, Relay, ReportedShape,
    Silences, Tokens, Tried,
};
use super::super::kept::Patience;
use super::super::{Failure, Screen};
use super::server::{Refused, Server};
use super::{Desk, Next, Reported, Retried, Taken, Whole};
use crate::http::shapes::{
    ExceptionShape, IncidentShape, NoticeShape, Odd, SilenceShape, TokenShape, nanoseconds,
};
use crate::incidents::{
    Act, Effect, Exception, Filter, Incident, NewException, NewSilence, Place, Report, Silence, State,
};
use crate::notices::Pattern;
use crate::report::answer::Answer;
use crate::report::rfc3339;
use crate::store::{OutboxStatus, Told};
use crate::token::{Scope, Token, TokenSecret};
use crate::wall_clock::{SystemClock, WallClock};

/// Notices of a list: what the API gives at most.
const NOTICES: u32 = 1_000;
const SECOND: i64 = 1_000_000_000;

/// A server that is asked.
pub(super) struct Remote {
    server: Server,
    zone: TimeZone,
    recipients: BTreeMap<String, String>,
}

impl Remote {
    pub(super) fn new(server: Server, zone: TimeZone, recipients: BTreeMap<String, String>) -> Remote {
        Remote { server, zone, recipients }
    }

    fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, Failure> {
        self.server.get(path, query)?.map_err(|refused| self.server.failed(&refused))
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        self.server.post(path, body)?.map_err(|refused| self.server.failed(&refused))
    }

    /// `None`: there is no such thing.
    fn find<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<Option<T>, Failure> {
        self.known(self.server.get(path, query)?)
    }

    fn end(&self, path: &str) -> Result<bool, Failure> {
        Ok(self.known(self.server.delete(path)?)?.is_some())
    }

    fn known<T>(&self, answer: Result<T, Refused>) -> Result<Option<T>, Failure> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(refused) if refused.is(404) => Ok(None),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }

    fn read<T>(&self, read: Result<T, Odd>) -> Result<T, Failure> {
        read.map_err(|odd| self.server.odd(&odd))
    }

    fn notices(&self, notices: Vec<NoticeShape>) -> Result<Vec<Told>, Failure> {
        self.read(notices.into_iter().map(NoticeShape::read).collect())
    }
}

impl Desk for Remote {
    fn now(&self) -> i64 {
        SystemClock.now()
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
        let mut query = asked(filter);
        query.push(("limit", most.clamp(1, PAGE).to_string()));
        if let Some(Next::Text(cursor)) = after {
            query.push(("cursor", cursor.clone()));
        }
        let Incidents { incidents, next } = self.get("/incidents", &query)?;
        // An empty page that goes on would go on for ever.
        let next = next.filter(|_| !incidents.is_empty());
        let incidents = incidents.into_iter().map(|incident| Ok(incident.read()?.0));
        Ok((self.read(incidents.collect())?, next.map(Next::Text)))
    }

    fn incident(&self, id: i64) -> Result<Option<Whole>, Failure> {
        let found: Option<IncidentShape> = self.find(&format!("/incidents/{id}"), &[])?;
        found.map(|found| self.read(found.read())).transpose()
    }

    fn act(&self, id: i64, act: &Act) -> Result<Result<Incident, Failure>, Failure> {
        let (path, body) = match act {
            Act::Acknowledge { hold: None } => ("acknowledge", json!({})),
            Act::Acknowledge { hold: Some(hold) } => {
                // A part of a second is one.
                ("acknowledge", json!({ "for_seconds": (hold - 1).div_euclid(SECOND) + 1 }))
            }
            Act::Assign { to } => ("assign", json!({ "to": to })),
            Act::Comment { text } => ("comment", json!({ "text": text })),
            Act::Resolve { resolution, comment } => {
                ("resolve", json!({ "resolution": resolution.as_str(), "comment": comment }))
            }
            Act::Reopen { comment } => ("reopen", json!({ "comment": comment })),
        };
        let answer: Result<IncidentShape, Refused> =
            self.server.post(&format!("/incidents/{id}/{path}"), &body)?;
        match answer {
            Ok(incident) => Ok(Ok(self.read(incident.read())?.0)),
            // As the store itself says it.
            Err(refused) if refused.is(404) || refused.is(409) => Ok(Err(Failure::new(refused.detail()))),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }

    fn report(&self, report: Report) -> Result<Reported, Failure> {
        let Report { severity, title, details, fingerprint, values, tags } = report;
        let values: Map<String, Value> =
            values.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        let mut body = json!({
            "severity": severity.as_str(),
            "title": title,
            "details": details,
            "values": values,
            "tags": tags,
        });
        if let Some(fingerprint) = fingerprint {
            body["fingerprint"] = fingerprint.into();
        }
        let ReportedShape { outcome, incident } = self.post("/incidents", &body)?;
        Ok(match (&outcome[..], incident) {
            ("opened", Some(id)) => Reported::Opened(id),
            ("occurred-again", Some(id)) => Reported::Grown(id),
            ("excepted", _) => Reported::Excepted,
            _ => Reported::Known,
        })
    }

    fn has_rule(&self, _: &Pattern) -> Result<Option<bool>, Failure> {
        // It says which packs it has, and not their rules.
        Ok(None)
    }

    fn silences(&self, all: bool) -> Result<Vec<Silence>, Failure> {
        let (mut found, mut pages) = (Vec::new(), Pages::of(all));
        while let Some(query) = pages.query() {
            let Silences { silences, next } = self.get("/silences", &query)?;
            pages.turn(next, silences.is_empty());
            found.extend(silences);
        }
        self.read(found.into_iter().map(SilenceShape::read).collect())
    }

    fn silence(&self, new: NewSilence) -> Result<i64, Failure> {
        let fields = new.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let body = json!({
            "rule": new.rule.as_ref().map(Pattern::as_str),
            "severity": new.severity.map(|severity| severity.as_str()),
            "fields": fields.collect::<Map<String, Value>>(),
            "starts": rfc3339(new.starts),
            "ends": rfc3339(new.ends),
            "reason": new.reason,
        });
        self.post("/silences", &body).map(|Numbered { id }| id)
    }

    fn end_silence(&self, id: i64) -> Result<bool, Failure> {
        self.end(&format!("/silences/{id}"))
    }

    fn exceptions(&self, all: bool) -> Result<Vec<Exception>, Failure> {
        let (mut found, mut pages) = (Vec::new(), Pages::of(all));
        while let Some(query) = pages.query() {
            let Exceptions { exceptions, next } = self.get("/exceptions", &query)?;
            pages.turn(next, exceptions.is_empty());
            found.extend(exceptions);
        }
        self.read(found.into_iter().map(ExceptionShape::read).collect())
    }

    fn except(&self, new: NewException) -> Result<i64, Failure> {
        let (field, network, value) = match &new.field {
            None => (None, None, None),
            Some((field, Place::Network(network))) => (Some(field), Some(network.to_string()), None),
            Some((field, Place::Text(text))) => (Some(field), None, Some(text.as_str())),
        };
        let severity = match new.effect {
            Effect::Except => None,
            Effect::Severity(severity) => Some(severity.as_str()),
        };
        let body = json!({
            "rule": new.rule.as_ref().map(Pattern::as_str),
            "field": field,
            "network": network,
            "value": value,
            "severity": severity,
            "until": new.until.and_then(rfc3339),
            "reason": new.reason,
        });
        self.post("/exceptions", &body).map(|Numbered { id }| id)
    }

    fn end_exception(&self, id: i64) -> Result<bool, Failure> {
        self.end(&format!("/exceptions/{id}"))
    }

    fn taken(&self, exception: i64, most: u32) -> Result<Vec<Taken>, Failure> {
        let Decisions { decisions } = self.get(&format!("/exceptions/{exception}/decisions"), &[])?;
        let taken = decisions.into_iter().take(most as usize);
        self.read(taken.map(|one| Ok((nanoseconds(&one.at)?, one.pack, one.rule, one.title))).collect())
    }

    fn tokens(&self) -> Result<Vec<Token>, Failure> {
        let mut all = Vec::new();
        let mut pages = Pages::of(true);
        while let Some(query) = pages.query() {
            let Tokens { tokens, next } = self.get("/tokens", &query)?;
            pages.turn(next, tokens.is_empty());
            all.extend(tokens);
        }
        self.read(all.into_iter().map(TokenShape::read).collect())
    }

    fn add_token(
        &self,
        name: String,
        scope: Scope,
        expires: Option<i64>,
    ) -> Result<(Token, TokenSecret), Failure> {
        let body = json!({ "name": name, "scope": scope.as_str(), "expires": expires.and_then(rfc3339) });
        let Added { token, secret } = self.post("/tokens", &body)?;
        let odd = || Odd::new("a token's secret", "something else");
        let secret = self.read(TokenSecret::read(&secret).ok_or_else(odd))?;
        Ok((self.read(token.read())?, secret))
    }

    fn revoke_token(&self, id: i64) -> Result<bool, Failure> {
        self.end(&format!("/tokens/{id}"))
    }

    fn outbox(&self, most: u32) -> Result<(OutboxStatus, Vec<Told>), Failure> {
        let limit = most.clamp(1, NOTICES).to_string();
        let Outbox { states, next, relays, notices } = self.get("/notices", &[("limit", limit)])?;
        let relay = |one: Relay| Ok((one.relay, one.failures, nanoseconds(&one.next)?, one.words));
        let (dead, waiting) =
            self.notices(notices)?.into_iter().partition(|told: &Told| told.state == "dead");
        let count = |(state, count): (String, Value)| (state, count.as_u64().unwrap_or(0));
        let status = OutboxStatus {
            states: states.into_iter().map(count).collect(),
            next: self.read(next.as_deref().map(nanoseconds).transpose())?,
            breakers: self.read(relays.into_iter().map(relay).collect())?,
            dead,
            buckets: Vec::new(),
        };
        Ok((status, waiting))
    }

    fn why(&self, incident: i64) -> Result<Option<(Answer, Vec<Told>)>, Failure> {
        let query = [("timezone", zone(&self.zone))];
        let found: Option<Notices> = self.find(&format!("/incidents/{incident}/notices"), &query)?;
        found.map(|Notices { notices, why }| Ok((why, self.notices(notices)?))).transpose()
    }

    fn flush(&self) -> Result<u64, Failure> {
        self.post("/notices/flush", &json!({})).map(|Tried { notices }| notices)
    }

    fn retry(&self, notice: Option<i64>) -> Result<Retried, Failure> {
        let body = notice.map_or_else(|| json!({}), |id| json!({ "notice": id }));
        let answer = self.known(self.server.post("/notices/retry", &body)?)?;
        Ok(answer.unwrap_or_default())
    }

    fn settle(&self, _: &Screen) -> Result<bool, Failure> {
        Ok(true)
    }

    fn settle_all(&self, _: Patience, _: &Screen) -> Result<bool, Failure> {
        Ok(true)
    }
}

/// A filter as the API has it.
fn asked(filter: &Filter) -> Vec<(&'static str, String)> {
    // None is any, which is all of them.
    let states = if filter.states.is_empty() { &State::ALL[..] } else { &filter.states };
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let mut query = vec![("state", states.join(","))];
    let mut put = |key, value: Option<String>| query.extend(value.map(|value| (key, value)));
    put("severity", filter.severity.map(|severity| severity.as_str().into()));
    put("rule", filter.rule.as_ref().map(|rule| rule.as_str().into()));
    put("source", filter.source.as_ref().map(|source| source.as_str().into()));
    put("assignee", filter.assignee.clone());
    put("since", filter.since.and_then(rfc3339));
    put("before", filter.before.and_then(rfc3339));
    put("search", filter.text.clone());
    query
}

/// A zone's name; of one without, how far it is from UTC now.
fn zone(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.into(),
        None => {
            let seconds = zone.to_offset(Timestamp::now()).seconds();
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}
