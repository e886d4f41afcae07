//! What one scan has covered, and what it saw there.
//!
//! Covered = the asked ports of each host that was up, did not take too long and was told of to its end. Nothing else is
//! compared: what was not looked at is neither open nor closed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::addresses::Addresses;
use super::host::{Host, Port, PortState, Protocol, ScriptResult, Service};
use super::ports::Ports;
use super::silent::Silent;

/// What a scan saw, by one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// When it ended, nanoseconds since 1970.
    pub ended: i64,
    /// What it was asked; `None`: a file that does not say.
    pub addresses: Option<Addresses>,
    /// Which ports.
    pub ports: Option<Ports>,
    /// Which scripts.
    pub scripts: Vec<String>,
    /// Whether it told of all: an address of which it says nothing has no host.
    pub whole: bool,
    /// The hosts that it told of, but those where nothing answers.
    pub hosts: BTreeMap<IpAddr, SeenHost>,
    /// Where it said that nothing answers.
    pub silent: Silent,
}

/// What a scan saw of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenHost {
    /// Whether it is there.
    pub presence: Presence,
    /// Its name.
    pub name: Option<String>,
    /// When the scanner was done with it.
    pub ended: Option<i64>,
    /// Ports that it told one by one.
    pub ports: BTreeMap<u16, SeenPort>,
    /// Whether those that it did not tell may be open.
    pub rest_is_unknown: bool,
    /// The state of those that it did not tell, if all have the same.
    pub rest: Option<PortState>,
    /// What scripts say of the host.
    pub scripts: Vec<ScriptResult>,
}

/// Whether a host is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// Nothing answers: no host of [`Seen::hosts`] is so.
    #[default]
    Down,
    /// It took too long: nobody knows what is open there.
    Unknown,
    /// It answers.
    Up,
}

/// What a scan saw of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPort {
    /// Its state.
    pub state: PortState,
    /// What listens there.
    pub service: Option<Box<Service>>,
    /// What scripts say.
    pub scripts: Vec<ScriptResult>,
}

impl Seen {
    /// Takes what a scanner told of a host, as far as it is of this protocol. What it tells in several pieces is put
    /// together: masscan tells each port as a host of its own.
    pub fn add(&mut self, host: &Host, protocol: Protocol) {
        let Some(address) = host.address else { return };
        let presence = match (host.up, host.timed_out) {
            (true, false) => Presence::Up,
            (true, true) => Presence::Unknown,
            (false, _) => Presence::Down,
        };
        if presence == Presence::Down {
            return self.silent.add(address);
        }
        let seen = self.hosts.entry(address).or_default();
        if presence < seen.presence {
            return;
        }
        seen.presence = presence;
        seen.name = seen.name.take().or_else(|| host.name.clone());
        seen.ended = seen.ended.max(host.ended);
        if presence != Presence::Up {
            return;
        }
        seen.rest = host.rest.first().copied().filter(|_| host.rest.len() == 1);
        seen.rest_is_unknown |= host.rest.iter().any(|state| state.may_be_open() != Some(false));
        seen.scripts.extend(host.scripts.iter().cloned());
        for Port { number, state, service, scripts, .. } in
            host.ports.iter().filter(|port| port.protocol == protocol)
        {
            let port =
                SeenPort { state: *state, service: service.clone().map(Box::new), scripts: scripts.clone() };
            // One that is told twice is open if it was open once.
            match seen.ports.get(number) {
                Some(known) if known.state.may_be_open() == Some(true) => {}
                _ => drop(seen.ports.insert(*number, port)),
            }
        }
    }

    /// The ports of a host of which it is known now whether they are open.
    pub fn covered(&self, host: &SeenHost) -> Ports {
        if host.presence != Presence::Up {
            return Ports::default();
        }
        let told = host.ports.iter().filter(|(_, port)| port.state.may_be_open().is_some());
        let told: Ports = told.map(|(number, _)| *number).collect();
        let rest = self.ports.as_ref().filter(|_| !host.rest_is_unknown).cloned().unwrap_or_default();
        let untold: Ports = host.ports.keys().copied().collect();
        told.or(&rest.without(&untold))
    }

    /// Addresses at which nothing is, as far as it was looked.
    pub fn down(&self) -> Addresses {
        let there: Addresses = self.hosts.keys().copied().collect();
        // Of what is told in pieces, one may say that nothing answers.
        let told = self.silent.addresses();
        match self.addresses.as_ref().filter(|_| self.whole) {
            Some(asked) => told.or(asked).without(&there),
            None => told.without(&there),
        }
    }

    /// How many hosts are so.
    pub fn count(&self, presence: Presence) -> u64 {
        self.hosts.values().filter(|host| host.presence == presence).count() as u64
    }

    /// How many ports are or may be open.
    pub fn open(&self) -> u64 {
        let ports = self.hosts.values().flat_map(|host| host.ports.values());
        ports.filter(|port| port.state.may_be_open() == Some(true)).count() as u64
    }
}
