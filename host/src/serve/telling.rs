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
/// Looks for what commands leave to a server that ends: it has to end.
const LAST: u32 = 5;
/// As long as another program delivers this is as it should be, nanoseconds: a command does so for half a minute.
const ELSEWHERE: i64 = 60_000_000_000;
/// How often it is looked what is due, though nothing was committed.
const DUE: Duration = Duration::from_secs(1);

pub(super) struct Telling<'a> {
    database: &'a Database,
    security_log: Option<&'a Path>,
    log: Option<SecurityLog>,
    /// Why it could not be written the last time: what lasts is told once.
    refused: Option<String>,
    shared: &'a Shared<'a>,
    /// Since when another program delivers.
    elsewhere: Option<i64>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(
        database: &'a Database,
        security_log: Option<&'a Path>,
        shared: &'a Shared<'a>,
    ) -> Telling<'a> {
        Telling { database, security_log, log: None, refused: None, shared, elsewhere: None }
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
            match &mut deliverer {
                Some(deliverer) if ends => self.deliver_last(deliverer),
                Some(deliverer) => self.deliver(deliverer),
                None => {}
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

    /// Delivers what is due within this turn; what becomes due later has a later one. Whoever delivers already is left
    /// to it, and asked again each turn: mostly that is a command, which ends.
    fn deliver(&mut self, deliverer: &mut Deliverer) {
        let (_awake, woken) = bounded(0);
        match deliverer.deliver(self.shared.clock.now().saturating_add(TURN), &woken) {
            Ok(delivered) => {
                self.look_elsewhere(delivered.elsewhere);
                for (tenant, kind, most) in &delivered.over_quota {
                    self.shared.over_quota(tenant, *kind, *most);
                }
                if delivered.sent + delivered.dead > 0 || !delivered.failed.is_empty() {
                    self.shared.tell(Event::Delivered(delivered));
                }
            }
            Err(error) => self.shared.tell(Event::Telling(error)),
        }
    }

    /// The last turn: a command that has queued something meanwhile found that we deliver, and has left it to us.
    fn deliver_last(&mut self, deliverer: &mut Deliverer) {
        for _ in 0..LAST {
            let last = self.database.last_notice();
            self.deliver(deliverer);
            deliverer.let_go();
            if !last.and_then(|last| self.database.queued_behind(last)).unwrap_or(false) {
                return;
            }
        }
    }

    fn look_elsewhere(&mut self, elsewhere: bool) {
        let now = self.shared.clock.now();
        match (self.elsewhere, elsewhere) {
            (None, true) => {
                self.elsewhere = Some(now);
                self.shared.tell(Event::Elsewhere);
            }
            (Some(_), false) => {
                self.elsewhere = None;
                self.shared.tell(Event::Delivers);
            }
            _ => {}
        }
        let for_long = self.elsewhere.is_some_and(|since| now.saturating_sub(since) >= ELSEWHERE);
        self.shared.health.delivered_elsewhere(for_long);
    }
}
