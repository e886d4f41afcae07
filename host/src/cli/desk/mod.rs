//! Where people work incidents off: a database on this machine, or a server that has one. What a command does to the
//! one it does to the other.

mod local;
pub(super) mod packs;
mod remote;
pub(super) mod scans;
mod server;
pub(super) mod tenants;
mod unreached;
pub(super) mod usage;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::arguments::{KeepArguments, ServerArguments};
use super::kept::{Kept, Patience};
use super::{Failure, Screen};
use crate::configuration::Configuration;
use crate::incidents::{
    Act, Cursor, Entry, Evidence, Exception, Filter, Incident, NewException, NewSilence, Report, Silence,
};
use crate::notices::Pattern;
use crate::report::answer::Answer;
use crate::store::{OutboxStatus, Told};
use crate::token::{Scope, Token, TokenSecret};

use self::remote::Remote;
use self::server::Server;

/// Where a page of incidents ends.
pub(super) enum Next {
    /// As the database has it.
    Place(Cursor),
    /// As a server has it.
    Text(String),
}

/// What became of a report.
pub(super) enum Reported {
    /// An incident was opened.
    Opened(i64),
    /// One that is there has occurred again.
    Grown(i64),
    /// An exception covers it.
    Excepted,
    /// It was there.
    Known,
}

/// What became of notices that were given up.
#[derive(Default, Deserialize)]
pub(super) struct Retried {
    /// So many are queued again.
    pub(super) notices: u64,
    /// So many are not: whom they are for is no recipient any more.
    pub(super) departed: u64,
}

/// A decision that an exception has taken out: when, pack, rule, title.
pub(super) type Taken = (i64, String, String, String);

/// An incident with its evidence and its timeline.
pub(super) type Whole = (Incident, Vec<Evidence>, Vec<Entry>);

/// What people do, wherever incidents are kept.
pub(super) trait Desk {
    /// Now, nanoseconds since 1970.
    fn now(&self) -> i64;
    /// In which zone times are shown.
    fn zone(&self) -> &TimeZone;
    /// Addresses by the configuration's names.
    fn recipients(&self) -> &BTreeMap<String, String>;

    /// A page of incidents, the latest change first.
    fn page(
        &self,
        filter: &Filter,
        after: Option<&Next>,
        most: u32,
    ) -> Result<(Vec<Incident>, Option<Next>), Failure>;
    /// An incident with all that is known of it.
    fn incident(&self, id: i64) -> Result<Option<Whole>, Failure>;
    /// Does something to an incident, as it is; or answers why that cannot be done to this one.
    fn act(&self, id: i64, act: &Act) -> Result<Result<Incident, Failure>, Failure>;
    /// Reports an incident.
    fn report(&self, report: Report) -> Result<Reported, Failure>;

    /// Whether a rule is known by such a name; `None`: that cannot be known from here.
    fn has_rule(&self, rule: &Pattern) -> Result<Option<bool>, Failure>;

    /// Silences that are not over, or all there were.
    fn silences(&self, all: bool) -> Result<Vec<Silence>, Failure>;
    /// Adds one; answers its number.
    fn silence(&self, new: NewSilence) -> Result<i64, Failure>;
    /// Ends one; answers whether there was one to end.
    fn end_silence(&self, id: i64) -> Result<bool, Failure>;

    /// Exceptions that hold, or all there were.
    fn exceptions(&self, all: bool) -> Result<Vec<Exception>, Failure>;
    /// Adds one; answers its number.
    fn except(&self, new: NewException) -> Result<i64, Failure>;
    /// Ends one; answers whether there was one to end.
    fn end_exception(&self, id: i64) -> Result<bool, Failure>;
    /// The last decisions that one has taken out.
    fn taken(&self, exception: i64, most: u32) -> Result<Vec<Taken>, Failure>;

    /// Tokens, also those that are over.
    fn tokens(&self) -> Result<Vec<Token>, Failure>;
    /// Makes one; answers it, and what is shown this once.
    fn add_token(
        &self,
        name: String,
        scope: Scope,
        expires: Option<i64>,
    ) -> Result<(Token, TokenSecret), Failure>;
    /// Revokes one; answers whether there was one to revoke.
    fn revoke_token(&self, id: i64) -> Result<bool, Failure>;

    /// How the outbox stands, and what waits.
    fn outbox(&self, most: u32) -> Result<(OutboxStatus, Vec<Told>), Failure>;
    /// Why somebody was or was not told of an incident, and its notices.
    fn why(&self, incident: i64) -> Result<Option<(Answer, Vec<Told>)>, Failure>;
    /// Tries everything that failed now; answers how many can go.
    fn flush(&self) -> Result<u64, Failure>;
    /// Queues what was given up again.
    fn retry(&self, notice: Option<i64>) -> Result<Retried, Failure>;

    /// Tells what can be told now; `false`: some of what this command has queued stays. A server does that by itself.
    fn settle(&self, screen: &Screen) -> Result<bool, Failure>;
    /// The same; `false`: something of the tenant's stays, whoever has queued it.
    fn settle_all(&self, patience: Patience, screen: &Screen) -> Result<bool, Failure>;
}

/// What is to be done with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is looked at; nothing becomes due by that.
    Look,
    /// Something is changed.
    Change,
    /// Something is added: it is made, if it is not there.
    Add,
}

/// The server that is named, or the database on this machine.
pub(super) fn open(
    keep: &KeepArguments,
    server: &ServerArguments,
    configuration: &Configuration,
    purpose: Purpose,
) -> Result<Box<dyn Desk>, Failure> {
    if let Some(url) = server.url(keep)? {
        let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
        let server = Server::new(&url, server.token_file.as_deref(), &keep.tenant)?;
        let named = configuration.recipients.iter();
        let recipients = named.map(|(name, recipient)| (name.clone(), recipient.address.clone())).collect();
        return Ok(Box::new(Remote::new(server, zone, recipients)));
    }
    Ok(Box::new(match purpose {
        Purpose::Look => Kept::look(keep, configuration)?,
        Purpose::Change => Kept::open(keep, configuration)?,
        Purpose::Add => Kept::make(keep, configuration)?,
    }))
}
