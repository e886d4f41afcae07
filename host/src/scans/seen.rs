//! What one scan has covered, and what it saw there.
//!
//! Covered = the asked ports of each host that was up, did not take too long and was told of to its end. Nothing else is
//! compared: what was not looked at is neither open nor closed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Bound;

use super::addresses::Addresses;
use super::gathered::Gathered;
use super::host::{Host, Port, PortState, Protocol, ScriptResult, Service};
use super::packed::{self, Services};
use super::ports::Ports;

/// Hosts of one scan that are kept, and pieces of where nothing answers. Nobody's network has so many in one scan; a
/// file may say anything.
pub(super) const HOSTS: usize = 250_000;

/// What a scan saw, by all protocols. Hosts are kept packed: see `packed.rs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// When it ended, nanoseconds since 1970.
    pub ended: i64,
    /// What it was asked; `None`: a file that does not say.
    pub addresses: Option<Addresses>,
    /// Which scripts.
    pub scripts: Vec<String>,
    /// Whether it told of all: an address of which it says nothing has no host.
    pub whole: bool,
    /// The hosts that it told of, but those where nothing answers: each in the pieces in which it was told.
    hosts: BTreeMap<IpAddr, Vec<u8>>,
    services: Services,
    /// Where it said that nothing answers.
    silent: Gathered,
}

/// What a scan saw of a host, by one protocol.
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
    /// Nothing answers: no host of [`Seen`] is so.
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

/// A scan in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Hosts that answered.
    pub up: u64,
    /// Hosts of which nothing is known.
    pub unknown: u64,
    /// Ports that are or may be open.
    pub open: u64,
}

impl Seen {
    /// Nothing yet, of what was asked.
    pub fn of(addresses: Option<Addresses>) -> Seen {
        Seen { addresses, ..Seen::default() }
    }

    /// Takes what a scanner told of a host. What it tells in several pieces is put together: masscan tells each port as
    /// a host of its own. `false`: there is no room for more.
    pub fn add(&mut self, host: &Host) -> bool {
        let Some(address) = host.address else { return true };
        if presence(host) == Presence::Down {
            let has_room = self.silent.pieces() < HOSTS;
            if has_room {
                self.silent.add(address);
            }
            return has_room;
        }
        if self.hosts.len() >= HOSTS && !self.hosts.contains_key(&address) {
            return false;
        }
        packed::put(self.hosts.entry(address).or_default(), host, &mut self.services);
        true
    }

    /// What it saw of a host.
    pub fn host(&self, address: IpAddr, protocol: Protocol) -> Option<SeenHost> {
        Some(self.unpacked(address, self.hosts.get(&address)?, protocol))
    }

    /// Its hosts, one by one.
    pub fn hosts(&self, protocol: Protocol) -> impl Iterator<Item = (IpAddr, SeenHost)> + '_ {
        self.hosts.iter().map(move |(address, pieces)| (*address, self.unpacked(*address, pieces, protocol)))
    }

    /// The one behind this address.
    pub(super) fn next(&self, after: Option<IpAddr>, protocol: Protocol) -> Option<(IpAddr, SeenHost)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (address, pieces) = self.hosts.range((from, Bound::Unbounded)).next()?;
        Some((*address, self.unpacked(*address, pieces, protocol)))
    }

    fn unpacked(&self, address: IpAddr, mut pieces: &[u8], protocol: Protocol) -> SeenHost {
        let mut seen = SeenHost::default();
        while let Some(host) = packed::take(&mut pieces, address, &self.services) {
            seen.add(host, protocol);
        }
        seen
    }

    /// Addresses at which nothing is, as far as it was looked.
    pub fn down(&self) -> Addresses {
        let there = self.hosts.keys().copied().collect::<Gathered>().addresses();
        // Of what is told in pieces, one may say that nothing answers.
        let told = self.silent.addresses();
        match self.addresses.as_ref().filter(|_| self.whole) {
            Some(asked) => told.or(asked).without(&there),
            None => told.without(&there),
        }
    }

    /// It in figures, by these protocols.
    pub fn counts(&self, protocols: &BTreeSet<Protocol>) -> Counts {
        let mut counts = Counts::default();
        for (at, protocol) in protocols.iter().enumerate() {
            for (_, host) in self.hosts(*protocol) {
                let is_open = |port: &&SeenPort| port.state.may_be_open() == Some(true);
                counts.open += host.ports.values().filter(is_open).count() as u64;
                counts.up += u64::from(at == 0 && host.presence == Presence::Up);
                counts.unknown += u64::from(at == 0 && host.presence == Presence::Unknown);
            }
        }
        counts
    }
}

fn presence(host: &Host) -> Presence {
    match (host.up, host.timed_out) {
        (true, false) => Presence::Up,
        (true, true) => Presence::Unknown,
        (false, _) => Presence::Down,
    }
}

impl SeenHost {
    /// Takes one more piece of what was told, as far as it is of this protocol.
    fn add(&mut self, host: Host, protocol: Protocol) {
        let presence = presence(&host);
        if presence < self.presence {
            return;
        }
        self.presence = presence;
        self.name = self.name.take().or(host.name);
        self.ended = self.ended.max(host.ended);
        if presence != Presence::Up {
            return;
        }
        self.rest = host.rest.first().copied().filter(|_| host.rest.len() == 1);
        self.rest_is_unknown |= host.rest.iter().any(|state| state.may_be_open() != Some(false));
        self.scripts.extend(host.scripts);
        let own = host.ports.into_iter().filter(|port| port.protocol == protocol);
        for Port { number, state, service, scripts, .. } in own {
            let port = SeenPort { state, service: service.map(Box::new), scripts };
            // One that is told twice is open if it was open once.
            match self.ports.get(&number) {
                Some(known) if known.state.may_be_open() == Some(true) => {}
                _ => drop(self.ports.insert(number, port)),
            }
        }
    }

    /// Its ports of which it is known now whether they are open, where these were asked.
    pub fn covered(&self, asked: Option<&Ports>) -> Ports {
        if self.presence != Presence::Up {
            return Ports::default();
        }
        let told = self.ports.iter().filter(|(_, port)| port.state.may_be_open().is_some());
        let told: Ports = told.map(|(number, _)| *number).collect();
        let rest = asked.filter(|_| !self.rest_is_unknown).cloned().unwrap_or_default();
        let untold: Ports = self.ports.keys().copied().collect();
        told.or(&rest.without(&untold))
    }
}
