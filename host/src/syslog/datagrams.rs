//! A listener for datagrams: each is a message.

use std::io::{ErrorKind, PipeReader};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::gathered::Gathered;
use super::kernel::{Drops, enlarge};
use super::{SyslogLimits, Trouble, ready};

/// No datagram is larger.
const LARGEST: usize = 64 * 1024;
/// How often it is looked how many the system has dropped.
const LOOK: Duration = Duration::from_secs(1);
/// The system gave an error: so long nothing is asked.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Datagrams {
    socket: UdpSocket,
    gathered: Gathered,
    limits: SyslogLimits,
    stop: PipeReader,
    drops: Option<Drops>,
    looked: Instant,
    buffer: Vec<u8>,
}

/// Whether more datagrams wait.
enum More {
    Yes,
    No,
    Failed,
}

impl Datagrams {
    pub(super) fn new(
        socket: UdpSocket,
        gathered: Gathered,
        limits: SyslogLimits,
        stop: PipeReader,
    ) -> Datagrams {
        let (drops, looked, buffer) = (Drops::of(&socket), Instant::now(), vec![0; LARGEST]);
        Datagrams { socket, gathered, limits, stop, drops, looked, buffer }
    }

    pub(super) fn run(mut self) {
        let (wanted, found) = (self.limits.receive_buffer, enlarge(&self.socket, self.limits.receive_buffer));
        if found < wanted {
            self.gathered.ledger.add(Trouble::Buffer { wanted, found }, 1);
        }
        let mut failed = false;
        loop {
            let now = Instant::now();
            let timeout = self.gathered.wait(now).unwrap_or(LOOK);
            let sockets = [self.socket.as_fd()];
            let ready = match failed {
                true => ready::wait(&self.stop, &[], PAUSE),
                false => ready::wait(&self.stop, &sockets, timeout),
            };
            if ready.stop {
                return self.end();
            }
            failed = matches!(self.receive(), More::Failed);
            self.offer(self.limits.patience);
            self.look();
        }
    }

    /// Receives until nothing waits, or enough is gathered.
    fn receive(&mut self) -> More {
        while !self.gathered.is_large() {
            match self.socket.recv(&mut self.buffer) {
                Ok(length) => self.gathered.messages().push(&self.buffer[..length]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return More::No,
                    ErrorKind::Interrupted => {}
                    _ => {
                        self.gathered.ledger.add(Trouble::System(error), 1);
                        return More::Failed;
                    }
                },
            }
        }
        More::Yes
    }

    /// Offers what has waited long enough. Whoever waited for room any longer would lose uncounted what comes meanwhile.
    fn offer(&mut self, patience: Duration) {
        let due = self.gathered.wait(Instant::now()).is_some_and(|left| left.is_zero());
        if due && !self.gathered.offer(patience) {
            self.gathered.lose(Trouble::Full);
        }
    }

    fn look(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.looked) >= LOOK {
            self.looked = now;
            self.count_drops();
            self.gathered.ledger.tell_due(Some(now));
        }
    }

    fn count_drops(&mut self) {
        let more = self.drops.as_mut().map_or(0, Drops::more);
        self.gathered.ledger.add(Trouble::Dropped, more);
    }

    /// What waits at the socket is the last that is taken.
    fn end(mut self) {
        let until = Instant::now() + self.limits.stop;
        while matches!(self.receive(), More::Yes) && Instant::now() < until {
            let is_over = self.gathered.is_over();
            self.offer(if is_over { Duration::ZERO } else { self.limits.patience });
        }
        if !self.gathered.offer_last(until.saturating_duration_since(Instant::now())) {
            self.gathered.lose(Trouble::Stopping);
        }
        self.count_drops();
        self.gathered.ledger.tell_due(None);
    }
}
