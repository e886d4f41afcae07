//! Puts together what a scanner tells of hosts, as far as it was asked for them and there is room.

use super::host::{Host, ScriptResult};
use super::order::Order;
use super::scanner::{Broken, Ended, Progress, Reason, Watch};
use super::seen::{HOSTS, Seen};

/// Open ports and answers of scripts in one scan: each is a finding. A tarpit has all ports open; what comes behind so
/// many is not known.
const FINDINGS: usize = 250_000;

/// What was told so far.
pub(super) struct Gathering<'a> {
    asked: Option<&'a Order>,
    pub(super) seen: Seen,
    watch: &'a mut dyn Watch,
    /// Ports that are or may be open so far, and answers of scripts.
    findings: usize,
    /// Whether there were more hosts than are kept.
    is_full: bool,
}

impl<'a> Gathering<'a> {
    /// Nothing yet; `None`: it is not known what was asked.
    pub(super) fn new(asked: Option<&'a Order>, watch: &'a mut dyn Watch) -> Gathering<'a> {
        Gathering { asked, seen: Seen::default(), watch, findings: 0, is_full: false }
    }

    /// How it ended: not well, if more was found than is kept.
    pub(super) fn bounded(&self, ended: Ended) -> Ended {
        let detail = match (self.findings > FINDINGS, self.is_full) {
            (false, false) => return ended,
            (true, _) => format!(
                "more than {FINDINGS} ports are open or scripts answer; of the hosts behind them nothing is known"
            ),
            (false, true) => {
                format!("there are more than {HOSTS} hosts; of those behind them nothing is known")
            }
        };
        let broken = ended.broken.or_else(|| Some(Broken::new(Reason::Truncated, detail)));
        // Of a host that is not kept it is not known that there is none.
        Ended { broken, told_all: ended.told_all && !self.is_full, ..ended }
    }
}

impl Watch for Gathering<'_> {
    fn host(&mut self, mut host: Host) {
        let Some(address) = host.address else { return };
        if let Some(order) = self.asked {
            if !order.addresses.contains(address) {
                return;
            }
            host.name = host.name.or_else(|| order.names.get(&address).cloned());
            // Who asks for services has nmap run scripts that nobody listed: what they say is not what was asked.
            let is_asked = |one: &ScriptResult| order.scripts.iter().any(|asked| asked.as_str() == one.id);
            host.scripts.retain(is_asked);
            host.ports.iter_mut().for_each(|port| port.scripts.retain(is_asked));
        }
        let open = host.ports.iter().filter(|port| port.state.may_be_open() == Some(true)).count();
        let scripts = host.ports.iter().map(|port| port.scripts.len()).sum::<usize>() + host.scripts.len();
        self.findings += open + scripts;
        host.timed_out |= host.unreadable || self.findings > FINDINGS;
        if host.timed_out {
            // Nothing of it is told.
            (host.ports, host.rest, host.scripts) = (Vec::new(), Vec::new(), Vec::new());
        }
        self.is_full |= !self.seen.add(&host);
        self.watch.host(host);
    }

    fn progress(&mut self, progress: &Progress) {
        self.watch.progress(progress);
    }
}
