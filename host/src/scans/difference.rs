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
//! Hosts likewise. All of it is a function of what was known and what was seen, host by host. What an earlier scan has asked
//! a service is told as remembered, and never as what is seen now.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::addresses::Addresses;
use super::finding::{Finding, FindingKind};
use super::gathered::Gathered;
use super::host::{PortState, Protocol, ScriptResult, Service};
use super::known::{Known, KnownHost, KnownHosts, KnownPort, Remembered};
use super::ports::Ports;
use super::seen::{Presence, Seen, SeenHost, SeenPort};
use crate::commit::StoreError;

/// Bytes of a text that tells ports or networks.
const RANGES: usize = 1024;

/// How scans are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparing {
    /// By which protocol.
    pub protocol: Protocol,
    /// Which ports were asked; `None`: a file that does not say.
    pub ports: Option<Ports>,
    /// Scans in a row that do not find what was there, after which it counts as closed or gone; at least 1.
    pub closed_after: u32,
    /// Whether hosts are told, too: of several protocols in one scan, by the first alone.
    pub hosts: bool,
    /// Whether it is told that something else is asked than the last time.
    pub coverage: bool,
}

/// Compares: tells what there is to tell, and keeps what is known from now on.
pub fn compare(
    kept: &mut dyn KnownHosts,
    seen: &Seen,
    how: &Comparing,
    tell: &mut dyn FnMut(&Finding) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut known = kept.whole()?;
    if let Some(changed) = coverage(&known, seen, how).filter(|_| how.coverage) {
        tell(&changed)?;
    }
    let mut up = Gathered::default();
    for (address, host) in seen.hosts(how.protocol).filter(|(_, host)| host.presence == Presence::Up) {
        up.add(address);
        let before = kept.host(address)?;
        let first = !known.addresses.contains(address);
        let (findings, now) = compare_host(before, first, seen, (address, &host), how);
        findings.iter().try_for_each(&mut *tell)?;
        kept.keep_host(address, now)?;
    }
    let (down, mut after) = (seen.down(), None);
    loop {
        let some = kept.behind(after)?;
        let Some(last) = some.last() else { break };
        after = Some(*last);
        for address in some.into_iter().filter(|address| down.contains(*address)) {
            let Some(mut host) = kept.host(address)? else { continue };
            host.missed = host.missed.saturating_add(1);
            if host.missed >= how.closed_after && !host.gone {
                host.gone = true;
                if how.hosts {
                    let gone = Finding::new(FindingKind::HostGone, seen.ended);
                    tell(&Finding { target: Some(address), first: Some(false), ..gone })?;
                }
            }
            kept.keep_host(address, host)?;
        }
    }
    known.addresses = known.addresses.or(&down).or(&up.addresses());
    known.asked_addresses = seen.addresses.clone().or(known.asked_addresses);
    known.asked_ports = how.ports.clone().or(known.asked_ports);
    kept.keep_whole(known)
}

/// Compares one host that is up; answers what is to be told of it, and what is known of it from now on. `first`: it was not
/// even known whether there is one.
pub(super) fn compare_host(
    known: Option<KnownHost>,
    first: bool,
    seen: &Seen,
    (address, host): (IpAddr, &SeenHost),
    how: &Comparing,
) -> (Vec<Finding>, KnownHost) {
    let is_new = known.is_none();
    let mut known = known.unwrap_or_default();
    let mut findings = Vec::new();
    Comparison { address, seen, host, how, findings: &mut findings }.host(&mut known, is_new, first);
    (findings, known)
}

/// What is asked now and was not, and the reverse.
fn coverage(known: &Known, seen: &Seen, how: &Comparing) -> Option<Finding> {
    let protocol = how.protocol;
    let ports = known.asked_ports.as_ref().zip(how.ports.as_ref());
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
    how: &'a Comparing,
    findings: &'a mut Vec<Finding>,
}

impl Comparison<'_> {
    fn host(&mut self, known: &mut KnownHost, is_new: bool, first: bool) {
        if (is_new || known.gone) && self.how.hosts {
            let found = self.finding(FindingKind::HostNew, first && is_new);
            self.findings.push(found);
        }
        (known.missed, known.gone) = (0, false);
        let covered = self.host.covered(self.how.ports.as_ref());
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
        let service = port.service.as_deref().cloned();
        let probed = service.clone().filter(|service| service.probed);
        // What it said when it was asked last is not what is seen now: another may listen by now.
        let remembered = before.clone().filter(|_| probed.is_none());
        let found = self.at_port(kind, first, number, port.state);
        self.findings.push(Finding { service, remembered: remembered.clone(), ..found });
        // A guess by the port's number says nothing of what listens there.
        let asked = before.zip(probed.as_ref());
        if let Some((old, new)) = asked.filter(|(old, new)| !is_same(&old.service, new)) {
            let changed = self.at_port(FindingKind::ServiceChanged, false, number, port.state);
            self.findings.push(Finding { service: Some(new.clone()), before: Some(old), ..changed });
        }
        let time = Some(self.time());
        let service = probed.map(|service| Remembered { service, time }).or(remembered);
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
            let remembered = known.open.remove(&number).and_then(|port| port.service);
            known.scripts.retain(|(port, _), _| *port != number);
            let state = self.host.ports.get(&number).map(|port| port.state).or(self.host.rest);
            let found = self.at_port(FindingKind::PortClosed, false, number, PortState::Closed);
            self.findings.push(Finding { state, remembered, ..found });
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
        let time = self.time();
        let (target, name) = (Some(self.address), self.host.name.clone());
        Finding { first: Some(first), target, name, ..Finding::new(kind, time) }
    }

    /// When it was looked.
    fn time(&self) -> i64 {
        self.host.ended.unwrap_or(self.seen.ended)
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
