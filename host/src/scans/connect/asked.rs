//! A host that is being asked, and what is known of it so far.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use crate::scans::host::{Host, Port, PortState, Protocol};

/// What became of a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is being asked.
    Underway,
    /// It took too long.
    TimedOut,
    /// This machine has no way there.
    NoWay,
}

/// A host that is being asked.
pub(super) struct Asked {
    pub(super) address: IpAddr,
    pub(super) fate: Fate,
    /// `None`: no clock will ever show it.
    until: Option<Instant>,
    /// How many of the asked ports were tried once.
    tried: usize,
    /// Ports that are to be tried a second time.
    again: Vec<u16>,
    /// Sockets that wait for an answer.
    pub(super) waiting: usize,
    open: Vec<u16>,
    rest: BTreeSet<PortState>,
    answers: bool,
}

impl Asked {
    pub(super) fn new(address: IpAddr, until: Option<Instant>) -> Asked {
        Asked {
            address,
            fate: Fate::Underway,
            until,
            tried: 0,
            again: Vec::new(),
            waiting: 0,
            open: Vec::new(),
            rest: BTreeSet::new(),
            answers: false,
        }
    }

    /// The next port to try, and whether that is the second time; `None`: none is left now.
    pub(super) fn next(&mut self, ports: &[u16]) -> Option<(u16, bool)> {
        if self.fate != Fate::Underway {
            return None;
        }
        if let Some(port) = self.again.pop() {
            return Some((port, true));
        }
        let port = *ports.get(self.tried)?;
        self.tried += 1;
        Some((port, false))
    }

    /// It could not be tried now.
    pub(super) fn put_back(&mut self, port: u16, is_second: bool) {
        match is_second {
            true => self.again.push(port),
            // The ports come in one order, and this was the last of them.
            false => self.tried -= 1,
        }
    }

    /// No answer came the first time.
    pub(super) fn try_again(&mut self, port: u16) {
        self.again.push(port);
    }

    /// A port is in this state; answers how many more it holds that are open.
    pub(super) fn is(&mut self, port: u16, state: PortState) -> usize {
        self.answers |= state.is_answer();
        if state == PortState::Open {
            self.open.push(port);
            return 1;
        }
        self.rest.insert(state);
        0
    }

    /// Gives it up if it has taken too long; whether that is so.
    pub(super) fn expires(&mut self, now: Instant, ports: &[u16]) -> bool {
        let expires = !self.is_done(ports) && self.until.is_some_and(|until| now >= until);
        if expires {
            self.fate = Fate::TimedOut;
        }
        expires
    }

    /// Whether nothing more will be known of it.
    pub(super) fn is_done(&self, ports: &[u16]) -> bool {
        self.fate != Fate::Underway || self.tried == ports.len() && self.again.is_empty() && self.waiting == 0
    }

    /// How many ports it holds that are open.
    pub(super) fn held(&self) -> usize {
        self.open.len()
    }

    /// The host, as it is told; `None`: nothing is known of it.
    pub(super) fn host(mut self, name: Option<String>) -> Option<Host> {
        let address = Some(self.address);
        match self.fate {
            Fate::NoWay => None,
            Fate::TimedOut => Some(Host { address, up: true, timed_out: true, ..Host::default() }),
            Fate::Underway => {
                self.open.sort_unstable();
                let port = |number| Port {
                    protocol: Protocol::Tcp,
                    number,
                    state: PortState::Open,
                    service: None,
                    scripts: Vec::new(),
                };
                Some(Host {
                    address,
                    name,
                    up: self.answers,
                    ports: self.open.into_iter().map(port).collect(),
                    rest: self.rest.into_iter().collect(),
                    ..Host::default()
                })
            }
        }
    }
}
