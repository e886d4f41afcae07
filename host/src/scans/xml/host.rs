//! One host, from its tag to its end.

use std::io::Read;
use std::net::IpAddr;

use super::hole;
use super::limits::XmlLimits;
use super::markup::{Markup, Node, Tag, XmlError, bounded};
use crate::scans::host::{Host, Port, PortState, ScriptResult, Service};

/// What is being read of a host.
struct Reading {
    host: Host,
    limits: XmlLimits,
    /// Bytes of texts that may still be kept.
    room: usize,
    /// Whether its state was told: masscan tells none.
    is_told: bool,
    /// Whether it counts as up because whoever scanned said so.
    is_assumed: bool,
    /// Answers of scripts so far.
    scripts: usize,
    /// Whether that of the script which is being read is kept.
    keeps: bool,
    /// What the text is that comes next.
    text: Text,
}

/// Elements in which something is read.
const PARENTS: [&str; 5] = ["hostnames", "ports", "port", "hostscript", "service"];

/// Elements below that, without which it is not known what is open.
const READ: [&str; 3] = ["extraports", "port", "state"];

/// Of texts between tags, these are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Other,
    Cpe,
    /// What a script tells programs of a hole.
    State,
}

/// Reads what is in a `host`; answers when that is closed, or `None` if it never is. Its texts use up the room of all.
pub(super) fn read<R: Read>(
    markup: &mut Markup<R>,
    open: &Tag,
    limits: &XmlLimits,
    texts: &mut usize,
) -> Result<Option<Host>, XmlError> {
    let inside = markup.depth();
    let timed_out = open.get("timedout") == Some("true");
    let host = Host { ended: open.time("endtime"), timed_out, ..Host::default() };
    let given = limits.host.min(*texts);
    let mut reading = Reading {
        host,
        limits: *limits,
        room: given,
        is_told: false,
        is_assumed: false,
        scripts: 0,
        keeps: false,
        text: Text::Other,
    };
    let mut path: Vec<&'static str> = Vec::new();
    while markup.depth() >= inside {
        let at = markup.at();
        match markup.next()? {
            Node::Open(tag) => {
                reading.open(path.last().unwrap_or(&"host"), &tag, at)?;
                path.push(PARENTS.iter().find(|name| **name == tag.name()).unwrap_or(&"other"));
            }
            Node::Text(text) => reading.text(&text),
            Node::Close => {
                path.pop();
                reading.text = Text::Other;
            }
            Node::End => return Ok(None),
        }
    }
    *texts -= given - reading.room;
    Ok(Some(reading.finish()))
}

impl Reading {
    fn open(&mut self, parent: &str, tag: &Tag, at: u64) -> Result<(), XmlError> {
        self.text = Text::Other;
        // Else what cannot be read would be taken for closed, or for no host.
        self.host.unreadable |= !tag.is_whole() && (parent == "host" || READ.contains(&tag.name()));
        match (parent, tag.name()) {
            ("host", "status") => {
                self.is_told = true;
                self.host.up = tag.get("state") == Some("up");
                self.is_assumed = tag.get("reason") == Some("user-set");
            }
            // Of several the first is where it was asked; that of its card is none.
            ("host", "address") if self.host.address.is_none() => {
                self.host.address = tag.read("addr").map(|address: IpAddr| address.to_canonical());
            }
            ("hostnames", "hostname") if self.host.name.is_none() => {
                self.host.name = self.keep(tag.get("name"));
            }
            ("ports", "extraports") => {
                // A state that is none of ours says nothing of those ports.
                let state = tag.read("state").unwrap_or(PortState::ClosedFiltered);
                if !self.host.rest.contains(&state) {
                    self.host.rest.push(state);
                }
            }
            ("ports", "port") => self.port(tag, at)?,
            ("port", "state") => {
                if let Some((port, state)) = self.host.ports.last_mut().zip(tag.read("state")) {
                    port.state = state;
                }
            }
            ("port", "service") => {
                let service = Service {
                    name: self.keep(tag.get("name")),
                    product: self.keep(tag.get("product")),
                    version: self.keep(tag.get("version")),
                    extra: self.keep(tag.get("extrainfo")),
                    tunnel: self.keep(tag.get("tunnel")),
                    cpe: None,
                    probed: tag.get("method") == Some("probed"),
                };
                if let Some(port) = self.host.ports.last_mut() {
                    port.service = Some(service);
                }
            }
            ("port" | "hostscript", "script") => {
                self.keeps = self.scripts < self.limits.scripts;
                if !self.keeps {
                    return Ok(());
                }
                self.scripts += 1;
                let script = self.script(tag);
                match self.host.ports.last_mut().filter(|_| parent == "port") {
                    Some(port) => port.scripts.push(script),
                    None => self.host.scripts.push(script),
                }
            }
            ("service", "cpe") => self.text = Text::Cpe,
            (_, "elem") if self.keeps && tag.get("key") == Some("state") => self.text = Text::State,
            _ => {}
        }
        Ok(())
    }

    fn port(&mut self, tag: &Tag, at: u64) -> Result<(), XmlError> {
        if self.host.ports.len() >= self.limits.ports {
            return Err(XmlError::Many { what: "ports of a host", most: self.limits.ports, at });
        }
        // One without a number is of no use, and what is in it must not become the one's before. That of a protocol which
        // has no ports is passed over: its file tells of them.
        let (protocol, number) = (tag.read("protocol"), tag.read::<u16>("portid"));
        self.host.unreadable |= number.is_none() || tag.get("protocol").is_none();
        let known = protocol.zip(number.filter(|number| *number > 0));
        let (protocol, number) = known.unwrap_or((crate::scans::host::Protocol::Tcp, 0));
        let state = PortState::ClosedFiltered;
        self.host.ports.push(Port { protocol, number, state, service: None, scripts: Vec::new() });
        Ok(())
    }

    fn script(&mut self, tag: &Tag) -> ScriptResult {
        let output = tag.get("output").unwrap_or_default();
        let kept = bounded(output, self.limits.output.min(self.room));
        self.room -= kept.len();
        ScriptResult {
            id: self.keep(tag.get("id")).unwrap_or_default(),
            cut: kept.len() < output.len(),
            output: kept,
            // What it tells programs, if it does, is heard behind this.
            vulnerable: hole::of_output(output),
        }
    }

    fn text(&mut self, text: &str) {
        let port = self.host.ports.last_mut();
        match self.text {
            Text::Other => {}
            Text::Cpe => {
                let kept = self.keep(Some(text.trim()));
                let service = self.host.ports.last_mut().and_then(|port| port.service.as_mut());
                if let Some(service) = service.filter(|service| service.cpe.is_none()) {
                    service.cpe = kept;
                }
            }
            Text::State => {
                let scripts = match &mut self.host.scripts[..] {
                    [] => port.map(|port| &mut port.scripts[..]).unwrap_or_default(),
                    scripts => scripts,
                };
                if let Some((script, hole)) = scripts.last_mut().zip(hole::of_state(text)) {
                    script.vulnerable = Some(script.vulnerable == Some(true) || hole);
                }
            }
        }
    }

    /// The first bytes of a text, as far as there is room.
    fn keep(&mut self, text: Option<&str>) -> Option<String> {
        let kept = bounded(text?, self.limits.text.min(self.room));
        self.room -= kept.len();
        Some(kept).filter(|kept| !kept.is_empty())
    }

    fn finish(mut self) -> Host {
        self.host.ports.retain(|port| port.number > 0);
        let each = self.host.ports.iter().map(|port| port.state);
        let answers = each.chain(self.host.rest.iter().copied()).any(PortState::is_answer);
        if !self.is_told || self.is_assumed {
            self.host.up = answers;
        }
        // Of one that cannot be read it is not known that nothing answers.
        self.host.up |= self.host.unreadable;
        self.host
    }
}
