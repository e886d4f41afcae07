//! What a command does at its end: security.log, and the mail that can go now.

use std::sync::Arc;

use crossbeam_channel::bounded;
use tripline_notice::Templates;

use super::Kept;
use super::mailing::{Mailing, RELAY, no_relay};
use crate::cli::{Failure, Screen};
use crate::commit::StoreError;
use crate::notices::{Delivered, Deliverer, End, Outbox, Transport};
use crate::report::stands::stands;
use crate::report::visible;
use crate::security_log::SecurityLog;

/// How long a command delivers, or waits for a relay, before it leaves the rest to the next.
const LONGEST: i64 = 30_000_000_000;
/// Records that wait for a log which is not named: some commands name none, and the next that does writes them.
const UNWRITTEN: u64 = 1_000;
/// Notices that are named when they stay.
const NAMED: u32 = 10;

/// How long a command waits for a relay that does not take all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Patience {
    /// Not at all: somebody waits for the command, and a relay that is down must not hold up an acknowledgement.
    None,
    /// For half a minute.
    HalfAMinute,
}

/// Whose notices a command answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Those that it has queued itself.
    Own,
    /// All of its tenant's.
    All,
}

/// What became of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mailed {
    /// It went, or waits.
    Whole,
    /// Some of it was given up.
    GivenUp,
    /// Another program delivers this database's notices.
    Elsewhere,
}

impl Kept {
    /// Writes security.log and delivers what can go now; says what stays of what this command has queued, and what was
    /// given up. `false`: something was, or stays.
    pub(in crate::cli) fn settle(&self, screen: &Screen) -> Result<bool, Failure> {
        self.settled(Whose::Own, Patience::None, screen)
    }

    /// As [`Kept::settle`], and tries what the relay does not take for half a minute.
    pub(in crate::cli) fn settle_patiently(&self, screen: &Screen) -> Result<bool, Failure> {
        self.settled(Whose::Own, Patience::HalfAMinute, screen)
    }

    /// As [`Kept::settle`], for all that waits of the tenant's.
    pub(in crate::cli) fn settle_all(&self, patience: Patience, screen: &Screen) -> Result<bool, Failure> {
        self.settled(Whose::All, patience, screen)
    }

    fn settled(&self, whose: Whose, patience: Patience, screen: &Screen) -> Result<bool, Failure> {
        let failed = |error| self.failed(&error);
        let mut whole = true;
        if let Some(path) = &self.security_log {
            let written = SecurityLog::open(path).and_then(|mut log| log.write_due(&*self.database));
            if let Err(error) = written {
                screen.error(&format!("{error}; its records wait in the database"));
                error.hint().into_iter().for_each(|hint| screen.hint(hint));
                whole = false;
            }
        } else if let Some((words, hint)) = self.unwritten().map_err(|error| self.failed(&error))? {
            screen.warning(&words);
            screen.hint(hint);
        }
        if self.database.tells_less(&self.tenant).map_err(failed)? {
            screen.warning(
                "others are told of this database's incidents by routes that this command does not have",
            );
            screen.hint("name the configuration that has them, and they are told of this: --config FILE");
        }
        let mailed = match &self.mail {
            Some(mailing) => self.deliver(mailing, patience, screen)?,
            None => Mailed::Whole,
        };
        whole &= mailed != Mailed::GivenUp;
        let (waits, waiting) = match whose {
            Whose::Own => self.database.own_waiting(&self.tenant, NAMED).map_err(failed)?,
            Whose::All => {
                let waiting = self.database.waiting(&self.tenant, NAMED).map_err(failed)?;
                (self.database.waits(&self.tenant).map_err(failed)?, waiting)
            }
        };
        if waits == 0 {
            return Ok(whole);
        }
        let elsewhere = || self.database.deliverer().map(|lock| lock.is_none()).map_err(failed);
        if mailed == Mailed::Elsewhere || self.mail.is_none() && elsewhere()? {
            let notices = if waits == 1 { "1 notice is" } else { &format!("{waits} notices are") };
            screen.say(&format!("{notices} left to the program that delivers for this database"));
            return Ok(whole);
        }
        let count = match waits {
            1 => "1 notice waits".into(),
            count => format!("{count} notices wait"),
        };
        if self.mail.is_none() {
            screen.warning(&format!("{count} in the database: there is no relay to send mail by"));
            screen.hint(RELAY);
            return Ok(false);
        }
        let flag = self.tenant.flag();
        screen.warning(&format!("{count} in the database; `tripline notify status{flag}` tells more"));
        let more = waits.saturating_sub(waiting.len() as u64);
        for told in waiting {
            let what = told.incident.map_or_else(|| "a digest".into(), |id| format!("incident {id}"));
            let stands = stands(&told, &self.zone);
            screen.say(&format!("  {what} to {}: {stands}", visible(&told.recipient)));
        }
        if more > 0 {
            screen.say(&format!("  and {more} more"));
        }
        if let Some(mailing) = self.mail.as_ref().filter(|mailing| mailing.usual) {
            screen.hint(&format!("no relay is named, so mail goes by {}: {RELAY}", mailing.sender.relay));
        }
        Ok(false)
    }

    /// What to say of a log that was written before, and that nothing names any more.
    pub(in crate::cli) fn unwritten(&self) -> Result<Option<(String, &'static str)>, StoreError> {
        let waits = if self.security_log.is_some() { None } else { self.database.log_waits()? };
        Ok(waits.filter(|(waits, _)| *waits >= UNWRITTEN).map(|(waits, path)| {
            let hint = "name it with --security-log FILE or in tripline.toml, or say `tripline log stop`";
            (format!("{waits} records wait for {}, which is not named any more", path.display()), hint)
        }))
    }

    /// What waits, the next command tries; what was given up is told here, and then only where somebody asks.
    fn deliver(&self, mailing: &Mailing, patience: Patience, screen: &Screen) -> Result<Mailed, Failure> {
        let failed = |error| self.failed(&error);
        let begun = self.clock.now();
        let mut all = Delivered::default();
        loop {
            let transport = match mailing.transport() {
                Ok(transport) => transport,
                // What the command did is done: its notices wait, if nobody delivers already.
                Err(failure) => {
                    if self.database.deliverer().map_err(failed)?.is_none() {
                        return Ok(Mailed::Elsewhere);
                    }
                    screen.error(failure.message());
                    return Ok(Mailed::Whole);
                }
            };
            let last = self.database.last_notice().map_err(failed)?;
            let mut deliverer = self.deliverer(mailing, transport);
            let delivered = self.delivered(&mut deliverer, begun, patience, screen)?;
            let elsewhere = delivered.elsewhere;
            all.sent += delivered.sent;
            all.dead += delivered.dead;
            all.given_up.extend(delivered.given_up);
            drop(deliverer);
            if elsewhere && all == Delivered::default() {
                return Ok(Mailed::Elsewhere);
            }
            // Whoever queued something meanwhile found that we deliver, and has left it to us.
            let over = self.clock.now() >= begun.saturating_add(LONGEST);
            if elsewhere || over || !self.database.queued_behind(last).map_err(failed)? {
                break;
            }
        }
        if all.sent > 0 {
            let mails = if all.sent == 1 { "mail" } else { "mails" };
            screen.say(&format!("{} {mails} sent by {}", all.sent, mailing.sender.relay));
        }
        if all.dead == 0 {
            return Ok(Mailed::Whole);
        }
        let notices = if all.dead == 1 { "notice was" } else { "notices were" };
        let departed = |(_, end): &(String, End)| *end == End::Departed;
        let again = match all.given_up.iter().all(departed) {
            true => String::new(),
            false => format!("; `tripline notify retry{}` queues again", self.tenant.flag()),
        };
        screen.warning(&format!("{} {notices} given up{again}", all.dead));
        for (to, end) in all.given_up.iter().take(NAMED as usize) {
            screen.say(&format!("  to {to}: {}", end.words()));
        }
        Ok(Mailed::GivenUp)
    }

    /// Delivers what is due, and, if that is not all, what becomes due as long as it is waited for.
    fn delivered(
        &self,
        deliverer: &mut Deliverer,
        begun: i64,
        patience: Patience,
        screen: &Screen,
    ) -> Result<Delivered, Failure> {
        let failed = |error| self.failed(&error);
        // A channel that is closed ends each wait at once.
        let longest = begun.saturating_add(LONGEST);
        let mut delivered = deliverer.deliver(longest, &bounded(0).1).map_err(failed)?;
        let until = if patience == Patience::None { begun } else { longest };
        if delivered.next.is_some_and(|next| next <= until) {
            if screen.shows_progress() {
                screen.say("the relay has not taken all, trying again for half a minute");
            }
            let (_awake, woken) = bounded(0);
            let later = deliverer.deliver(until, &woken).map_err(failed)?;
            delivered.sent += later.sent;
            delivered.dead += later.dead;
            delivered.given_up.extend(later.given_up);
        }
        Ok(delivered)
    }

    /// What delivers as long as a server runs.
    pub(in crate::cli) fn delivering(&self) -> Result<Option<Deliverer>, Failure> {
        let Some(mailing) = &self.mail else { return Ok(None) };
        Ok(Some(self.deliverer(mailing, mailing.transport()?)))
    }

    /// Lets what is deferred go at once.
    pub(in crate::cli) fn can_deliver(&self) -> Result<(), Failure> {
        if self.mail.is_some() { Ok(()) } else { Err(no_relay()) }
    }

    /// It begins once nobody else delivers.
    fn deliverer(&self, mailing: &Mailing, transport: Box<dyn Transport>) -> Deliverer {
        let outbox: Arc<dyn Outbox> = Arc::clone(&self.database) as Arc<dyn Outbox>;
        let clock = Arc::clone(&self.clock);
        Deliverer::patient(outbox, transport, clock, Templates::new(), mailing.sender.clone())
    }
}
