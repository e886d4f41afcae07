//! Listeners for connections, and all connections: one thread, which asks who has something.

use std::io::{ErrorKind, PipeReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::connection::{Connection, Turn, counted_as};
use super::gathered::Gathered;
use super::{SyslogLimits, Trouble, ready};

/// Bytes of a connection's turn.
const TURN: usize = 64 * 1024;
/// Connections that are taken in one turn.
const ACCEPTS: usize = 64;
/// The intake is full: so often it is asked again.
const RETRY: Duration = Duration::from_millis(20);
/// The system gives no connection, for want of files or memory: so long it is not asked.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked who is idle.
const LOOK: Duration = Duration::from_secs(1);

/// A listener. As long as its messages find no room, nothing is read of its connections, and their senders wait.
pub(super) struct Listening {
    socket: TcpListener,
    gathered: Gathered,
    full: bool,
    /// Until when no connection is taken.
    pauses: Option<Instant>,
}

impl Listening {
    pub(super) fn new(socket: TcpListener, gathered: Gathered) -> Listening {
        Listening { socket, gathered, full: false, pauses: None }
    }

    /// Offers what is due, or large.
    fn offer(&mut self, now: Instant) {
        if self.gathered.wait(now).is_some_and(|left| left.is_zero()) {
            self.full = !self.gathered.offer(Duration::ZERO);
        }
    }
}

pub(super) struct Streams {
    listening: Vec<Listening>,
    connections: Vec<Connection>,
    limits: SyslogLimits,
    stop: PipeReader,
    /// Whose turn is first: another's each time, so that nobody waits behind the same sender.
    first: usize,
    looked: Instant,
    buffer: Vec<u8>,
}

impl Streams {
    pub(super) fn new(listening: Vec<Listening>, limits: SyslogLimits, stop: PipeReader) -> Streams {
        let (connections, first, looked, buffer) = (Vec::new(), 0, Instant::now(), vec![0; TURN]);
        Streams { listening, connections, limits, stop, first, looked, buffer }
    }

    pub(super) fn run(mut self) {
        loop {
            let (stop, accepts, reads) = self.wait();
            if stop {
                return self.end();
            }
            self.read(&reads);
            accepts.into_iter().for_each(|listening| self.accept(listening));
            let now = Instant::now();
            self.listening.iter_mut().for_each(|listening| listening.offer(now));
            self.look(now);
            self.connections.retain(|connection| !connection.over);
        }
    }

    /// Waits; answers whether it is to end, which listeners have connections, and which connections have bytes.
    fn wait(&self) -> (bool, Vec<usize>, Vec<usize>) {
        let now = Instant::now();
        let timeout = self.listening.iter().filter_map(|listening| match listening.full {
            true => Some(RETRY),
            false => listening.gathered.wait(now),
        });
        let timeout = timeout.min().unwrap_or(LOOK);
        let listeners: Vec<usize> = (0..self.listening.len())
            .filter(|at| self.listening[*at].pauses.is_none_or(|until| until <= now))
            .collect();
        let connections: Vec<usize> = (0..self.connections.len())
            .map(|at| (self.first + at) % self.connections.len())
            .filter(|at| !self.listening[self.connections[*at].listening].full)
            .collect();
        let sockets = listeners.iter().map(|at| self.listening[*at].socket.as_fd());
        let sockets: Vec<_> =
            sockets.chain(connections.iter().map(|at| self.connections[*at].socket.as_fd())).collect();
        let ready = ready::wait(&self.stop, &sockets, timeout);
        let mut has = ready.sockets.into_iter();
        let listeners = listeners.into_iter().filter(|_| has.next() == Some(true)).collect();
        let connections = connections.into_iter().filter(|_| has.next() == Some(true)).collect();
        (ready.stop, listeners, connections)
    }

    /// A turn for each connection that has something.
    fn read(&mut self, connections: &[usize]) {
        let now = Instant::now();
        self.first = self.first.wrapping_add(1);
        for at in connections {
            let connection = &mut self.connections[*at];
            let listening = &mut self.listening[connection.listening];
            if !listening.full {
                read(connection, listening, &mut self.buffer, now);
                if listening.gathered.is_large() {
                    listening.offer(now);
                }
            }
        }
    }

    fn accept(&mut self, at: usize) {
        for _ in 0..ACCEPTS {
            let now = Instant::now();
            match self.listening[at].socket.accept() {
                Ok((socket, peer)) => self.admit(socket, peer, at, now),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {}
                    _ => {
                        self.listening[at].gathered.ledger.add(Trouble::System(error), 1);
                        self.listening[at].pauses = Some(now + PAUSE);
                        return;
                    }
                },
            }
        }
    }

    /// Takes a connection, if there are not too many.
    fn admit(&mut self, socket: TcpStream, peer: SocketAddr, listening: usize, now: Instant) {
        let own = counted_as(peer.ip());
        let open = self.connections.iter().filter(|connection| !connection.over);
        let of_address = open.clone().filter(|connection| counted_as(connection.peer.ip()) == own).count();
        let all = open.count();
        if of_address >= self.limits.connections_of_address
            || all >= self.limits.connections && !self.gives_way(now)
        {
            self.listening[listening].gathered.ledger.add(Trouble::Crowded(peer), 1);
        } else {
            self.connections.extend(Connection::new(socket, peer, listening, now));
        }
    }

    /// Closes the connection on which nothing has come for longest; whether there is one.
    fn gives_way(&mut self, now: Instant) -> bool {
        let open = self.connections.iter_mut().filter(|connection| !connection.over);
        let longest = open.min_by_key(|connection| connection.heard);
        let Some(connection) = longest.filter(|one| now.duration_since(one.heard) >= self.limits.gives_way)
        else {
            return false;
        };
        let listening = &mut self.listening[connection.listening];
        listening.gathered.ledger.add(Trouble::GaveWay(connection.peer), 1);
        finish(connection, listening);
        true
    }

    /// Closes connections on which nothing comes, and tells what is due.
    fn look(&mut self, now: Instant) {
        if now.duration_since(self.looked) < LOOK {
            return;
        }
        self.looked = now;
        for connection in self.connections.iter_mut().filter(|connection| !connection.over) {
            let listening = &mut self.listening[connection.listening];
            // Whoever waits for room is not idle.
            if !listening.full && now.duration_since(connection.heard) >= self.limits.idle {
                listening.gathered.ledger.add(Trouble::Idle(connection.peer), 1);
                finish(connection, listening);
            }
        }
        self.listening.iter_mut().for_each(|listening| listening.gathered.ledger.tell_due(Some(now)));
    }

    /// What waits at the sockets is the last that is taken; nothing more of a tenant that is over its quota, for which the
    /// others do not wait.
    fn end(mut self) {
        let until = Instant::now() + self.limits.stop;
        (0..self.listening.len()).for_each(|listening| self.accept(listening));
        let mut more = true;
        while std::mem::take(&mut more) && Instant::now() < until {
            for connection in self.connections.iter_mut().filter(|connection| !connection.over) {
                let listening = &mut self.listening[connection.listening];
                let gathered = &mut listening.gathered;
                if !gathered.is_over() && (!gathered.is_large() || gathered.offer_last(left(until))) {
                    more |= read(connection, listening, &mut self.buffer, Instant::now());
                }
            }
        }
        for connection in &mut self.connections {
            finish(connection, &mut self.listening[connection.listening]);
        }
        for listening in &mut self.listening {
            if !listening.gathered.offer_last(left(until)) {
                listening.gathered.lose(Trouble::Stopping);
            }
            listening.gathered.ledger.tell_due(None);
        }
    }
}

/// Whether bytes came.
fn read(connection: &mut Connection, listening: &mut Listening, buffer: &mut [u8], now: Instant) -> bool {
    match connection.read(buffer, listening.gathered.messages(), now) {
        Ok(Turn::Nothing) => false,
        Ok(Turn::Bytes) => true,
        Ok(Turn::End) => {
            finish(connection, listening);
            false
        }
        Err(trouble) => {
            listening.gathered.ledger.add(trouble, 1);
            false
        }
    }
}

fn finish(connection: &mut Connection, listening: &mut Listening) {
    if let Err(trouble) = connection.finish(listening.gathered.messages()) {
        listening.gathered.ledger.add(trouble, 1);
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
