//! What a command does at its end: security.log, and the mail that can go now.

use std::sync::Arc;

use crossbeam_channel::bounded;
use tripline_notice::Templates;

use super::Kept;
use super::mailing::{Mailing, RELAY, no_relay};
use crate::cli::{Failure, Screen};
use crate::commit::StoreError;
use crate::notices::{Deliverer, End, Outbox, Transport};
use crate::security_log::SecurityLog;

/// How long a command delivers, or waits for a relay, before it leaves the rest to the next.
const PATIENCE: i64 = 30_000_000_000;
/// Records that wait for a log which is not named: some commands name none, and the next that does writes them.
const UNWRITTEN: u64 = 1_000;
/// Notices that are named when they stay.
const NAMED: u32 = 10;

impl Kept {
    /// Writes security.log and delivers what can go now; says what stays and what was given up. `false`: something was.
    ///
    /// Somebody waits for the command: a relay that is down must not hold up an acknowledgement.
    pub(in crate::cli) fn settle(&self, screen: &Screen) -> Result<bool, Failure> {
        self.settle_within(0, screen)
    }

    /// As [`Kept::settle`], and tries what the relay does not take for half a minute.
    pub(in crate::cli) fn settle_patiently(&self, screen: &Screen) -> Result<bool, Failure> {
        self.settle_within(PATIENCE, screen)
    }

    fn settle_within(&self, patience: i64, screen: &Screen) -> Result<bool, Failure> {
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
        if let Some(mailing) = &self.mail {
            whole &= self.deliver(mailing, patience, screen)?;
        }
        let waiting = self.database.waiting(&self.tenant, NAMED).map_err(|error| self.failed(&error))?;
        if waiting.is_empty() {
            return Ok(whole);
        }
        let waits = self.database.waits(&self.tenant).map_err(|error| self.failed(&error))?;
        let count = match waits {
            1 => "1 notice waits".into(),
            count => format!("{count} notices wait"),
        };
        if self.mail.is_none() {
            screen.warning(&format!("{count} in the database: there is no relay to send mail by"));
            screen.hint(RELAY);
            return Ok(false);
        }
        screen.warning(&format!("{count} in the database; `tripline notify status` tells more"));
        let more = waits.saturating_sub(waiting.len() as u64);
        for told in waiting {
            let what = told.incident.map_or_else(|| "a digest".into(), |id| format!("incident {id}"));
            let words = if told.words.is_empty() { "not tried yet".into() } else { told.words };
            screen.say(&format!("  {what} to {}: {words}", told.recipient));
        }
        if more > 0 {
            screen.say(&format!("  and {more} more"));
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

    /// `false`: a relay has refused something for good. What waits, the next command tries; what was refused is told
    /// here, and then only where somebody asks.
    fn deliver(&self, mailing: &Mailing, patience: i64, screen: &Screen) -> Result<bool, Failure> {
        let failed = |error| self.failed(&error);
        let transport = match mailing.transport() {
            Ok(transport) => transport,
            // What the command did is done: its notices wait, if nobody delivers already.
            Err(failure) => {
                if self.database.deliverer().map_err(failed)?.is_some() {
                    screen.error(failure.message());
                }
                return Ok(true);
            }
        };
        // Whoever delivers already does it for us.
        let Some(mut deliverer) = self.deliverer(mailing, transport)? else { return Ok(true) };
        let begun = self.clock.now();
        // A channel that is closed ends each wait at once.
        let mut delivered =
            deliverer.deliver(begun.saturating_add(PATIENCE), &bounded(0).1).map_err(failed)?;
        let until = begun.saturating_add(patience);
        if delivered.next.is_some_and(|next| next <= until) {
            if screen.shows_progress() {
                screen.say("the relay has not taken all, trying again for half a minute");
            }
            let (_awake, woken) = bounded(0);
            let later = deliverer.deliver(until, &woken).map_err(failed)?;
            delivered.sent += later.sent;
            delivered.failed.extend(later.failed);
        }
        if delivered.sent > 0 {
            let mails = if delivered.sent == 1 { "mail" } else { "mails" };
            screen.say(&format!("{} {mails} sent by {}", delivered.sent, mailing.sender.relay));
        }
        let refused = |(to, end): &(String, End)| match end {
            End::Refused(words) => Some(format!("  to {to}: {words}")),
            _ => None,
        };
        let refused: Vec<String> = delivered.failed.iter().filter_map(refused).collect();
        if !refused.is_empty() {
            let notices = if refused.len() == 1 { "notice was" } else { "notices were" };
            screen.warning(&format!(
                "{} {notices} given up; `tripline notify retry` queues again",
                refused.len()
            ));
            refused.iter().take(NAMED as usize).for_each(|line| screen.say(line));
        }
        Ok(refused.is_empty())
    }

    /// What delivers as long as a server runs.
    pub(in crate::cli) fn delivering(&self, screen: &Screen) -> Result<Option<Deliverer>, Failure> {
        let Some(mailing) = &self.mail else { return Ok(None) };
        let deliverer = self.deliverer(mailing, mailing.transport()?)?;
        if deliverer.is_none() {
            screen.warning("another program delivers this database's notices; this one leaves that to it");
        }
        Ok(deliverer)
    }

    /// Sends a test mail; answers the relay's words.
    pub(in crate::cli) fn test(&self, recipient: &str) -> Result<String, Failure> {
        let Some(mailing) = &self.mail else { return Err(no_relay()) };
        let id = format!("test.{}.{}", self.clock.now(), std::process::id());
        let mail = mailing.sender.test(recipient, &id, self.clock.now());
        Ok(mailing.transport()?.send(&mail).map_err(Failure::new)?.words)
    }

    /// Lets what is deferred go at once.
    pub(in crate::cli) fn can_deliver(&self) -> Result<(), Failure> {
        if self.mail.is_some() { Ok(()) } else { Err(no_relay()) }
    }

    /// `None`: somebody else delivers.
    fn deliverer(
        &self,
        mailing: &Mailing,
        transport: Box<dyn Transport>,
    ) -> Result<Option<Deliverer>, Failure> {
        let outbox: Arc<dyn Outbox> = Arc::clone(&self.database) as Arc<dyn Outbox>;
        let clock = Arc::clone(&self.clock);
        let deliverer = Deliverer::new(outbox, transport, clock, Templates::new(), mailing.sender.clone());
        deliverer.map_err(|error| self.failed(&error))
    }
}
