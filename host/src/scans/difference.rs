//! What is new since the last scan: only what both have covered is compared.
//!
//! ```text
//!   cell (host, port)      covered now, open      covered now, not open        not covered now
//!   never covered          port_opened, first     –                            –
//!   counts as open         port_open              missed + 1; port_closed      stays as it is
//!                                                 when it was K in a row
//!   counts as closed       port_opened            –                            stays as it is
//! ```
//!
//! Hosts likewise. All of it is a function of what was known and what was seen.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::addresses::Addresses;
use super::finding::{Finding, FindingKind};
use super::host::{PortState, Protocol, ScriptResult, Service};
use super::known::{Known, KnownHost, KnownPort};
use super::ports::Ports;
use super::seen::{Presence, Seen, SeenHost, SeenPort};

/// Bytes of a text that tells ports or networks.
const RANGES: usize = 1024;

/// How scans are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparing {
    /// By which protocol.
    pub protocol: Protocol,
    /// Scans in a row that do not find what was there, after which it counts as closed or gone; at least 1.
    pub closed_after: u32,
    /// Whether hosts are told, too: of several protocols in one scan, by the first alone.
    pub hosts: bool,
    /// Whether it is told that something else is asked than the last time.
    pub coverage: bool,
}

/// Compares; answers what is to be told, and what is known from now on.
pub fn compare(mut known: Known, seen: &Seen, how: Comparing) -> (Vec<Finding>, Known) {
    let asked = how.coverage.then(|| coverage(&known, seen, how.protocol)).flatten();
    let mut findings: Vec<Finding> = asked.into_iter().collect();
    let mut up = Vec::new();
    let before = known.addresses.clone();
    let hosts = seen.hosts.iter().filter(|(_, host)| host.presence == Presence::Up);
    for (address, host) in hosts {
        up.push(*address);
        let is_new = !known.hosts.contains_key(address);
        let known = known.hosts.entry(*address).or_default();
        let mut comparison = Comparison { address: *address, seen, host, how, findings: &mut findings };
        comparison.host(known, is_new, !before.contains(*address));
    }
    let down = seen.down();
    for (address, known) in known.hosts.iter_mut().filter(|(address, _)| down.contains(**address)) {
        known.missed = known.missed.saturating_add(1);
        if known.missed >= how.closed_after && !known.gone {
            known.gone = true;
            if how.hosts {
                let gone = Finding::new(FindingKind::HostGone, seen.ended);
                findings.push(Finding { target: Some(*address), first: Some(false), ..gone });
            }
        }
    }
    known.addresses = known.addresses.or(&down).or(&up.into_iter().collect());
    known.asked_addresses = seen.addresses.clone().or(known.asked_addresses);
    known.asked_ports = seen.ports.clone().or(known.asked_ports);
    (findings, known)
}

/// What is asked now and was not, and the reverse.
fn coverage(known: &Known, seen: &Seen, protocol: Protocol) -> Option<Finding> {
    let ports = known.asked_ports.as_ref().zip(seen.ports.as_ref());
    let addresses = known.asked_addresses.as_ref().zip(seen.addresses.as_ref());
    let (old, new) = (ports.map(|(old, _)| old), ports.map(|(_, new)| new));
    let (from, to) = (addresses.map(|(from, _)| from), addresses.map(|(_, to)| to));
    let told =
        |more: Option<&Ports>, less: Option<&Ports>, net: Option<&Addresses>, without: Option<&Addresses>| {
            let ports =
                more.zip(less).map(|(more, less)| more.without(less)).filter(|ports| !ports.is_empty());
            let nets =
                net.zip(without).map(|(net, without)| net.without(without)).filter(|nets| !nets.is_empty());
            let ports = ports.map(|ports| format!("{protocol}/{ports}"));
            let parts: Vec<String> = ports.into_iter().chain(nets.map(|nets| nets.to_string())).collect();
            (!parts.is_empty()).then(|| bounded(parts.join(" ")))
        };
    let (added, removed) = (told(new, old, to, from), told(old, new, from, to));
    let changed = Finding { first: Some(false), ..Finding::new(FindingKind::CoverageChanged, seen.ended) };
    (added.is_some() || removed.is_some()).then_some(Finding { added, removed, ..changed })
}

/// A text that is not longer than anybody reads.
fn bounded(mut text: String) -> String {
    if text.len() > RANGES {
        let end = text[..RANGES].rfind(',').unwrap_or(0);
        text.truncate(end);
        text.push_str(",…");
    }
    text
}

/// One host, as it is known and as it was seen.
struct Comparison<'a> {
    address: IpAddr,
    seen: &'a Seen,
    host: &'a SeenHost,
    how: Comparing,
    findings: &'a mut Vec<Finding>,
}

impl Comparison<'_> {
    fn host(&mut self, known: &mut KnownHost, is_new: bool, first: bool) {
        if (is_new || known.gone) && self.how.hosts {
            let found = self.finding(FindingKind::HostNew, first && is_new);
            self.findings.push(found);
        }
        (known.missed, known.gone) = (0, false);
        let covered = self.seen.covered(self.host);
        for (number, port) in &self.host.ports {
            if port.state.may_be_open() == Some(true) {
                self.open(known, *number, port);
            }
        }
        self.closed(known, &covered);
        if self.how.hosts {
            self.scripts(known, 0, &self.host.scripts);
        }
        known.ports = known.ports.or(&covered);
    }

    fn open(&mut self, known: &mut KnownHost, number: u16, port: &SeenPort) {
        let first = !known.ports.contains(number);
        let before = known.open.get(&number);
        let kind = if before.is_some() { FindingKind::PortOpen } else { FindingKind::PortOpened };
        let before = before.and_then(|before| before.service.clone());
        let probed = port.service.as_deref().filter(|service| service.probed);
        // What listened there when it was asked last says more than a guess by the port's number now.
        let service = match probed {
            None => {
                before.clone().filter(|before| before.probed).or_else(|| port.service.as_deref().cloned())
            }
            probed => probed.cloned(),
        };
        let found = self.at_port(kind, first, number, port.state);
        self.findings.push(Finding { service: service.clone(), ..found });
        // A guess by the port's number says nothing of what listens there.
        let asked = before.as_ref().filter(|before| before.probed).zip(probed);
        if let Some((old, new)) = asked.filter(|(old, new)| !is_same(old, new)) {
            let changed = self.at_port(FindingKind::ServiceChanged, false, number, port.state);
            let (service, before) = (Some(new.clone()), Some(old.clone()));
            self.findings.push(Finding { service, before, ..changed });
        }
        known.open.insert(number, KnownPort { state: port.state, missed: 0, service });
        self.scripts(known, number, &port.scripts);
    }

    fn closed(&mut self, known: &mut KnownHost, covered: &Ports) {
        let is_open = |number: &u16| {
            self.host.ports.get(number).is_some_and(|port| port.state.may_be_open() == Some(true))
        };
        let mut closed = Vec::new();
        for (number, port) in &mut known.open {
            if covered.contains(*number) && !is_open(number) {
                port.missed = port.missed.saturating_add(1);
                if port.missed >= self.how.closed_after {
                    closed.push(*number);
                }
            }
        }
        for number in closed {
            let service = known.open.remove(&number).and_then(|port| port.service);
            known.scripts.retain(|(port, _), _| *port != number);
            let state = self.host.ports.get(&number).map(|port| port.state).or(self.host.rest);
            let found = self.at_port(FindingKind::PortClosed, false, number, PortState::Closed);
            self.findings.push(Finding { state, service, ..found });
        }
    }

    fn scripts(&mut self, known: &mut KnownHost, number: u16, results: &[ScriptResult]) {
        for script in results {
            let key = (number, script.id.clone());
            let hash = digest(script);
            let before = known.scripts.insert(key, hash);
            // At each scan, as with ports: what is still there must not be resolved because nobody speaks of it.
            let found = self.finding(FindingKind::ScriptResult, before.is_none());
            let port = (number > 0).then_some((number, self.how.protocol));
            let (script, changed) = (Some(script.clone()), Some(before != Some(hash)));
            self.findings.push(Finding { port, script, changed, ..found });
        }
        // One that was asked and says nothing any more is told again when it does.
        let is_silent = |script: &String| {
            self.seen.scripts.contains(script) && results.iter().all(|result| result.id != *script)
        };
        known.scripts.retain(|(port, script), _| *port != number || !is_silent(script));
    }

    fn finding(&self, kind: FindingKind, first: bool) -> Finding {
        let time = self.host.ended.unwrap_or(self.seen.ended);
        let (target, name) = (Some(self.address), self.host.name.clone());
        Finding { first: Some(first), target, name, ..Finding::new(kind, time) }
    }

    fn at_port(&self, kind: FindingKind, first: bool, number: u16, state: PortState) -> Finding {
        let (port, state) = (Some((number, self.how.protocol)), Some(state));
        Finding { port, state, ..self.finding(kind, first) }
    }
}

/// Whether the same listens there: what else it says may have the time in it.
fn is_same(one: &Service, other: &Service) -> bool {
    (&one.name, &one.product, &one.version) == (&other.name, &other.product, &other.version)
}

fn digest(script: &ScriptResult) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([script.vulnerable.map_or(0, |vulnerable| 1 + u8::from(vulnerable))]);
    hash.update(script.output.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
