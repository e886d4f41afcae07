//! What is known from the scans before.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::addresses::Addresses;
use super::host::{PortState, Protocol, Service};
use super::order::ScanName;
use super::ports::Ports;
use super::scanner::ScannerKind;

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

/// What the scans of a baseline have found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What the last one was asked; `None`: there was none that said so.
    pub asked_addresses: Option<Addresses>,
    /// And which ports.
    pub asked_ports: Option<Ports>,
    /// Addresses of which it is known whether there is a host.
    pub addresses: Addresses,
    /// Hosts that were ever there.
    pub hosts: BTreeMap<IpAddr, KnownHost>,
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
    /// What listens there: what it said when it was asked last, if it ever was.
    pub service: Option<Service>,
}
