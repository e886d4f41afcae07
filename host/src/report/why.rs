//! Why somebody was or was not told of an incident: a sentence for each notice, and for each route that sent none.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use tripline_abi::Severity;

use super::answer::{Answer, Recipient, Sentences};
use super::stands::tried;
use super::visible::visible;
use super::when::moment;
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Entry, Exception, Happening, Incident, Silence, State};
use crate::notices::{Bucket, Pattern, Reason, Recipients, Refusal, Route, Routes, Throttle};
use crate::store::{Database, Hold, OutboxStatus, Told};

/// Notices of other incidents that are looked through for a digest.
const MOST: u32 = 10_000;

/// All that answers why.
pub struct Why {
    incident: Incident,
    told: Vec<Told>,
    timeline: Vec<Entry>,
    silences: Vec<Silence>,
    exceptions: Vec<Exception>,
    outbox: OutboxStatus,
    waiting: Vec<Told>,
    routes: Routes,
    throttle: Throttle,
    tenant: Tenant,
    recipients: Recipients,
    /// Behind each command that is named: ` --tenant NAME`, or nothing.
    flag: String,
    now: i64,
}

impl Why {
    /// What the database knows of an incident's notices; `None`: there is no such incident.
    pub fn read(
        database: &Database,
        tenant: &Tenant,
        incident: i64,
        now: i64,
    ) -> Result<Option<Why>, StoreError> {
        let Some(found) = database.incident(tenant, incident)? else { return Ok(None) };
        let mut exceptions = database.exceptions(tenant, false)?;
        exceptions.retain(|exception| exception.covers(&found));
        let policy = database.policy();
        Ok(Some(Why {
            told: database.told(tenant, incident)?,
            timeline: database.timeline(tenant, incident)?,
            silences: database.silences(tenant, true)?,
            exceptions,
            outbox: database.outbox(tenant, MOST)?,
            waiting: database.waiting(tenant, MOST)?,
            routes: policy.routes.of(tenant),
            throttle: policy.throttle,
            tenant: tenant.clone(),
            recipients: policy.recipients.clone(),
            flag: tenant.flag(),
            incident: found,
            now,
        }))
    }

    /// Whom a route names or a notice went to, each once.
    pub fn recipients(&self) -> Vec<&str> {
        let named = self.routes.0.iter().flat_map(|route| &route.to);
        let mut all: Vec<&str> = Vec::new();
        for one in self.told.iter().map(|told| &told.recipient).chain(named) {
            if !all.contains(&&one[..]) {
                all.push(one);
            }
        }
        all
    }

    /// The notices that there are, of one recipient or of all.
    pub fn notices(&self, recipient: Option<&str>) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| recipient.is_none_or(|one| told.recipient == one))
    }

    /// Writes the answer, about one recipient or all of them.
    ///
    /// # Errors
    /// It cannot be written there.
    pub fn write(
        &self,
        out: &mut dyn Write,
        recipient: Option<&str>,
        width: usize,
        zone: &TimeZone,
    ) -> io::Result<()> {
        let mut answer = self.answer(zone);
        if let Some(one) = recipient.filter(|one| answer.recipients.iter().all(|known| known.address != *one))
        {
            answer.recipients.push(self.about(one, zone));
        }
        answer.write(out, recipient, width)
    }

    /// The answer, with times in this zone.
    pub fn answer(&self, zone: &TimeZone) -> Answer {
        let Incident { id, title, severity, state, .. } = &self.incident;
        let taken = |exception: &Exception| {
            format!(
                "Exception {} ({}) takes out what happens now: it is counted there, and nobody is told.\n\
                 `tripline exception end {0}{2}` ends it.",
                exception.id,
                visible(&exception.new.reason),
                self.flag
            )
        };
        let mut notes: Vec<String> = self.exceptions.iter().map(taken).collect();
        let recipients: Vec<_> =
            self.recipients().into_iter().map(|recipient| self.about(recipient, zone)).collect();
        if recipients.is_empty() {
            notes.push("Nobody is told of anything: there is no route.\nName one with --mail-to ADDR, or in tripline.toml: [[routes]].".into());
        }
        Answer {
            incident: *id,
            title: title.clone(),
            severity: severity.as_str().into(),
            state: state.to_string(),
            notes,
            recipients,
        }
    }

    /// What is to be said of one recipient.
    fn about(&self, recipient: &str, zone: &TimeZone) -> Recipient {
        let mut page = Page::default();
        let told: Vec<&Told> = self.notices(Some(recipient)).collect();
        for one in &told {
            let by = visible(&one.route);
            let at = moment(one.created, zone);
            page.say(&format!("{at}: {}, by route {by}", self.reason(one)));
            page.add(&self.stands(one, zone));
        }
        if told.is_empty() {
            self.never(&mut page, recipient, zone);
        } else {
            self.not_resolved(&mut page, &told);
        }
        Recipient { address: recipient.into(), sentences: page.0 }
    }

    /// Why there is a notice; goes on without a full stop.
    fn reason(&self, told: &Told) -> String {
        let rose = |entry: &Entry| match entry.what {
            Happening::SeverityRose { from, .. } if entry.at == told.created => Some(from),
            _ => None,
        };
        let from = self.timeline.iter().find_map(rose);
        match (&told.reason[..], from) {
            ("severity-rose", Some(from)) => Reason::SeverityRose { from: from.as_str().into() }.sentence(),
            ("severity-rose", None) => "its severity rose".into(),
            (code, _) => Reason::of(code).map_or_else(|| visible(code), |reason| reason.sentence()),
        }
    }

    /// Where a notice stands, and on a line of its own what can be done.
    fn stands(&self, told: &Told, zone: &TimeZone) -> String {
        let at = |time| moment(time, zone);
        let words = said(&told.words);
        match (&told.state[..], &told.digest) {
            ("sent", _) => format!("Sent {}{words}.", told.sent.map(at).unwrap_or_default()),
            ("folded", Some((digest, state, sent))) => {
                let stands = self.digest(*digest, state, *sent, zone);
                format!(
                    "There were more notices than may be sent in an hour: digest {digest} tells of it. {stands}"
                )
            }
            ("silenced", _) => self.silenced(told, zone),
            // Taken back from a process that ended in between.
            ("deferred", _) if words.is_empty() => format!(
                "It was being sent when the program ended, and goes again under the same message id.\n{}",
                self.flush()
            ),
            ("deferred", _) => {
                format!(
                    "{} failed{words}. The next comes {}.\n{}",
                    attempts(told.attempts),
                    at(told.due),
                    self.flush()
                )
            }
            ("dead", _) => self.given_up(told, &words),
            ("sending", _) => "It is being sent.".into(),
            ("queued", _) if told.due > self.now => format!(
                "Waits for the end of the route's quiet hours, {}: within them only critical incidents are told.",
                at(told.due)
            ),
            ("queued", _) => self.queued(told, &words, zone),
            (state, _) => format!("It is {}.", visible(state)),
        }
    }

    fn given_up(&self, told: &Told, words: &str) -> String {
        let after = tried(told.attempts);
        let again = format!("`tripline notify retry {}{}` sends it again", told.notice, self.flag);
        match told.route == Route::FLAG || self.recipients.has(&self.tenant, &told.recipient) {
            true => format!("Given up {after}{words}.\n{again}."),
            false => format!(
                "Given up {after}{words}: it is not in the configuration's [recipients].\nOnce it is, {again}."
            ),
        }
    }

    fn flush(&self) -> String {
        format!(
            "`tripline notify flush{}` tries now; more than the hour's limit goes as one digest.",
            self.flag
        )
    }

    fn digest(&self, id: i64, state: &str, sent: Option<i64>, zone: &TimeZone) -> String {
        if let Some(sent) = sent {
            return format!("It was sent {}.", moment(sent, zone));
        }
        let mut all = self.waiting.iter().chain(&self.outbox.dead);
        match all.find(|told| told.notice == id && told.digest.is_none()) {
            Some(digest) => self.stands(digest, zone),
            None => format!("It is {}.", visible(state)),
        }
    }

    fn silenced(&self, told: &Told, zone: &TimeZone) -> String {
        let id = told.silence.unwrap_or_default();
        let Some(silence) = self.silences.iter().find(|silence| silence.id == id) else {
            return format!("Held back by silence {id}.");
        };
        let (why, who) = (visible(&silence.new.reason), visible(&silence.author.name));
        let ends = moment(silence.ends(), zone);
        match silence.holds(self.now) {
            true => format!(
                "Held back by silence {id} of {who} ({why}) until {ends}. Then it is told, if it is still open.\n\
                 `tripline silence end {id}{}` ends the silence now.",
                self.flag
            ),
            false => format!(
                "Held back by silence {id} of {who} ({why}), which ended {ends}.{}",
                self.since(told, id)
            ),
        }
    }

    /// Why nobody was told since this silence ended; nothing, if somebody was.
    fn since(&self, told: &Told, silence: i64) -> &'static str {
        let later = |one: &&Told| one.notice > told.notice && one.silence != Some(silence);
        match (self.notices(Some(&told.recipient)).any(|one| later(&one)), self.incident.state) {
            (true, _) => "",
            (false, State::Open) => " Not told since: what acts on the database next does so.",
            (false, State::Acknowledged) => " Not told since: it is acknowledged.",
            (false, State::Resolved) => " Not told since: it is resolved.",
        }
    }

    /// It could go now.
    fn queued(&self, told: &Told, words: &str, zone: &TimeZone) -> String {
        match self.outbox.breakers.iter().find(|(_, _, at, _)| *at > self.now) {
            Some((relay, failures, at, words)) => format!(
                "Waits for the relay {}: {} failed{}. The next comes {}.\n{}",
                visible(relay),
                attempts(*failures),
                said(words),
                moment(*at, zone),
                self.flush()
            ),
            None if told.held.is_some_and(|held| held.by == Hold::Quota) => {
                let next = told.held.map_or(self.now, |held| held.until);
                format!(
                    "Waits: tenant {} has sent as many mails today (UTC) as its quota `mails_per_day` allows. \
                     What waits goes {}, as one where it can.",
                    self.tenant,
                    moment(next, zone)
                )
            }
            None => match (self.throttled(told), words) {
                (Some(next), _) => format!(
                    "Waits: more than {} mails an hour would go to this recipient. The next may go {}.",
                    self.throttle.per_hour,
                    moment(next, zone)
                ),
                (None, "") => format!("Waits to be sent.\n{}", self.flush()),
                (None, words) => format!("Waits to be sent again{words}.\n{}", self.flush()),
            },
        }
    }

    /// When the next mail may go, if the hour's mails are used up. Critical ones have a number of their own.
    fn throttled(&self, told: &Told) -> Option<i64> {
        let critical = self.incident.severity == Severity::Critical;
        let of =
            |(recipient, of, _): &&(String, bool, Bucket)| *recipient == told.recipient && *of == critical;
        let (_, _, bucket) = self.outbox.buckets.iter().find(of)?;
        let bucket = self.throttle.refilled(*bucket, self.now);
        (self.throttle.tokens(bucket) == 0).then(|| self.throttle.next(bucket))
    }

    /// Why a recipient has no notice at all: what each route says to it.
    fn never(&self, page: &mut Page, recipient: &str, zone: &TimeZone) {
        let opened = self.timeline.iter().find(|entry| matches!(entry.what, Happening::Opened { .. }));
        let opened = opened.map_or_else(String::new, |entry| format!(" {}", moment(entry.at, zone)));
        page.say("Never told.");
        let mut takes = false;
        for route in &self.routes.0 {
            let why = match route.refuses(&self.incident, &Reason::First) {
                _ if route.to.iter().all(|to| to != recipient) => {
                    format!("does not name this recipient, only {}.", visible(&route.to.join(", ")))
                }
                Some(refusal) => format!("{}.", self.refusal(route, refusal)),
                None => {
                    takes = true;
                    format!("takes it as it is now; when it was opened,{opened}, the routes were others.")
                }
            };
            page.add(&format!("Route {}: {why}", visible(&route.name)));
        }
        match (takes, self.incident.state) {
            (true, State::Resolved) => {
                page.add("It is resolved: nothing more is told, unless it happens again.");
            }
            (true, _) => page.add("Whoever it names is told of what happens next."),
            (false, _) => {}
        }
    }

    fn refusal(&self, route: &Route, refusal: Refusal) -> String {
        let one = &self.incident;
        let patterns =
            |all: &[Pattern]| visible(&all.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", "));
        let texts = |all: &[String]| match all {
            [] => "none".into(),
            all => visible(&all.join(", ")),
        };
        match refusal {
            // Such a route is not among these.
            Refusal::Tenant => "is another tenant's".into(),
            Refusal::Severity => {
                format!("takes {} and worse, this is {}", route.severity.as_str(), one.severity.as_str())
            }
            Refusal::Rule => {
                let rule = visible(&format!("{}/{}", one.pack, one.rule));
                format!("takes the rules {}, this is of {rule}", patterns(&route.rules))
            }
            Refusal::Tags => {
                format!("takes the tags {}, this has {}", patterns(&route.tags), texts(&one.tags))
            }
            Refusal::Sources => {
                format!(
                    "takes the files {}, this comes from {}",
                    patterns(&route.sources),
                    texts(&one.sources)
                )
            }
            Refusal::Resolved => "does not tell of what is resolved".into(),
        }
    }

    /// Who was told that it is there may wonder why nobody said that it is over.
    fn not_resolved(&self, page: &mut Page, told: &[&Told]) {
        let last = told.iter().rev().find(|one| one.state != "silenced");
        let route = last.and_then(|one| self.routes.0.iter().find(|route| route.name == one.route));
        let was_told = told.iter().any(|one| one.reason == Reason::Resolved.code());
        if let Some(route) = route
            && self.incident.state == State::Resolved
            && !was_told
            && !route.resolved
        {
            page.say(&format!(
                "It is resolved, and that was not told: route {} has no `resolved = true`.",
                visible(&route.name)
            ));
        }
    }
}

/// Sentences as they come.
#[derive(Default)]
struct Page(Vec<Sentences>);

impl Page {
    fn say(&mut self, text: &str) {
        self.0.push(Sentences { more: false, text: text.into() });
    }

    /// Says more of what was said before.
    fn add(&mut self, text: &str) {
        self.0.push(Sentences { more: true, text: text.into() });
    }
}

/// What came of it, to go on a sentence; nothing, if nothing was said.
fn said(words: &str) -> String {
    match visible(words).trim_end_matches('.') {
        "" => String::new(),
        words => format!(": {words}"),
    }
}

fn attempts(count: u32) -> String {
    match count {
        1 => "1 attempt".into(),
        count => format!("{count} attempts"),
    }
}
