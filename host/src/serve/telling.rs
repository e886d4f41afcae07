//! The telling thread: timers, security.log, mail; after each barrier, and when something becomes due.

use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::Event;
use super::shared::Shared;
use crate::notices::Deliverer;
use crate::security_log::{SecurityLog, SecurityLogError};
use crate::store::Database;

/// How long one turn delivers, so that timers and security.log have theirs; nanoseconds.
const TURN: i64 = 1_000_000_000;
/// How often it is looked what is due, though nothing was committed.
const DUE: Duration = Duration::from_secs(1);

pub(super) struct Telling<'a> {
    database: &'a Database,
    security_log: Option<&'a Path>,
    log: Option<SecurityLog>,
    /// Why it could not be written the last time: what lasts is told once.
    refused: Option<String>,
    shared: &'a Shared<'a>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(
        database: &'a Database,
        security_log: Option<&'a Path>,
        shared: &'a Shared<'a>,
    ) -> Telling<'a> {
        Telling { database, security_log, log: None, refused: None, shared }
    }

    /// Runs until the collector is gone, and then once more: what it committed last is told, too.
    pub(super) fn run(mut self, mut deliverer: Option<Deliverer>, committed: &Receiver<()>) {
        loop {
            let ends = matches!(committed.recv_timeout(DUE), Err(RecvTimeoutError::Disconnected));
            let due = self.database.due();
            self.shared.health.telling(due.as_ref().err().map(ToString::to_string).as_deref());
            if let Err(error) = due {
                self.shared.tell(Event::Telling(error));
            }
            if let Err(error) = self.shared.faults.note(self.database, self.shared.clock.now(), ends) {
                self.shared.tell(Event::Telling(error));
            }
            let written = self.write();
            self.shared.health.security_log(written.is_ok());
            let refused = written.as_ref().err().map(ToString::to_string);
            if let Err(error) = written {
                self.log = None;
                if self.refused != refused {
                    self.shared.tell(Event::SecurityLog(error));
                }
            }
            self.refused = refused;
            if let Some(deliverer) = &mut deliverer {
                self.deliver(deliverer);
            }
            if ends {
                return;
            }
        }
    }

    fn write(&mut self) -> Result<(), SecurityLogError> {
        let Some(path) = self.security_log else { return Ok(()) };
        let log = match &mut self.log {
            Some(log) => log,
            None => self.log.insert(SecurityLog::open(path)?),
        };
        log.write_due(self.database).map(drop)
    }

    /// Delivers what is due within this turn; what becomes due later has a later one.
    fn deliver(&self, deliverer: &mut Deliverer) {
        let (_awake, woken) = bounded(0);
        match deliverer.deliver(self.shared.clock.now().saturating_add(TURN), &woken) {
            Ok(delivered) if delivered.sent > 0 || !delivered.failed.is_empty() => {
                self.shared.tell(Event::Delivered(delivered));
            }
            Ok(_) => {}
            Err(error) => self.shared.tell(Event::Telling(error)),
        }
    }
}
