//! What is known from the scans before.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Bound;

use super::addresses::Addresses;
use super::host::{PortState, Protocol, Service};
use super::order::ScanName;
use super::ports::Ports;
use super::scanner::ScannerKind;
use crate::commit::StoreError;

/// Which scans can be compared: what asks otherwise is answered otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Baseline {
    /// The scan's name.
    pub name: ScanName,
    /// Which scanner.
    pub scanner: ScannerKind,
    /// How it asks: `connect`, `syn`, `connect-all`, `syn-all`.
    pub technique: String,
    /// By which protocol.
    pub protocol: Protocol,
    /// Whether it may send what only root may, and finds hosts by that.
    pub privileged: bool,
}

/// What the scans of a baseline have found. Hosts are read and written one by one: a network's are too many to be held.
pub trait KnownHosts {
    /// What is known of the baseline as a whole.
    fn whole(&mut self) -> Result<Known, StoreError>;

    /// From now on it is this.
    fn keep_whole(&mut self, known: Known) -> Result<(), StoreError>;

    /// What is known of a host that was ever there.
    fn host(&mut self, address: IpAddr) -> Result<Option<KnownHost>, StoreError>;

    /// From now on it is this.
    fn keep_host(&mut self, address: IpAddr, host: KnownHost) -> Result<(), StoreError>;

    /// Hosts that were ever there, behind this one in an order of its own: some, and none at the end.
    fn behind(&mut self, after: Option<IpAddr>) -> Result<Vec<IpAddr>, StoreError>;
}

/// What is known of a baseline as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What the last scan was asked; `None`: there was none that said so.
    pub asked_addresses: Option<Addresses>,
    /// And which ports.
    pub asked_ports: Option<Ports>,
    /// Addresses of which it is known whether there is a host.
    pub addresses: Addresses,
}

/// What is known of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHost {
    /// Ports of which it is known whether they are open.
    pub ports: Ports,
    /// Scans in a row that have not found the host.
    pub missed: u32,
    /// Whether it counts as gone.
    pub gone: bool,
    /// Ports that count as open.
    pub open: BTreeMap<u16, KnownPort>,
    /// What scripts said: a hash by port (0: the host) and script.
    pub scripts: BTreeMap<(u16, String), [u8; 32]>,
}

/// A port that counts as open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPort {
    /// The state that it was found in.
    pub state: PortState,
    /// Scans in a row that have not found it open.
    pub missed: u32,
    /// What it said when it was asked last, if it ever was.
    pub service: Option<Remembered>,
}

/// A service that an earlier scan has asked what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// What it said.
    pub service: Service,
    /// When that was, nanoseconds since 1970; `None`: that was not kept.
    pub time: Option<i64>,
}

/// What is known, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InMemory {
    /// As a whole.
    pub known: Known,
    /// Hosts that were ever there.
    pub hosts: BTreeMap<IpAddr, KnownHost>,
}

/// Hosts that [`InMemory`] tells at once.
const SOME: usize = 100;

impl KnownHosts for InMemory {
    fn whole(&mut self) -> Result<Known, StoreError> {
        Ok(self.known.clone())
    }

    fn keep_whole(&mut self, known: Known) -> Result<(), StoreError> {
        self.known = known;
        Ok(())
    }

    fn host(&mut self, address: IpAddr) -> Result<Option<KnownHost>, StoreError> {
        Ok(self.hosts.get(&address).cloned())
    }

    fn keep_host(&mut self, address: IpAddr, host: KnownHost) -> Result<(), StoreError> {
        self.hosts.insert(address, host);
        Ok(())
    }

    fn behind(&mut self, after: Option<IpAddr>) -> Result<Vec<IpAddr>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.hosts.range((from, Bound::Unbounded)).map(|(address, _)| *address).take(SOME).collect())
    }
}
