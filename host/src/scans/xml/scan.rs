use std::io::Read;
use std::time::Duration;

use super::host;
use super::limits::XmlLimits;
use super::markup::{Markup, Node, Tag, XmlError, bounded};
use crate::scans::host::{Host, Protocol};
use crate::scans::ports::Ports;
use crate::scans::scanner::{Progress, ScannerKind};

/// What a scanner was asked of each host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How: `connect`, `syn`.
    pub technique: String,
    /// By which protocol.
    pub protocol: Protocol,
    /// Which ports; `None`: it does not say.
    pub ports: Option<Ports>,
}

/// What a file tells, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Which scanner wrote it, and when it began.
    Begun(ScannerKind, Option<i64>),
    /// What it was asked.
    Asked(Asked),
    /// A target that it did not understand.
    Skipped(String),
    /// It is so far.
    Progress(Progress),
    /// A host that is done.
    Host(Box<Host>),
    /// How many hosts did not answer.
    Down(u64),
    /// It has ended: well, or with these words.
    Finished(Result<(), String>),
}

/// Reads a scanner's XML.
pub struct ScanXml<R> {
    markup: Markup<R>,
    limits: XmlLimits,
    scanner: Option<ScannerKind>,
    /// Hosts so far, with their ports and answers of scripts.
    told: usize,
    /// Bytes of texts that may still be kept.
    texts: usize,
}

impl<R: Read> ScanXml<R> {
    /// Of these bytes.
    pub fn new(input: R, limits: XmlLimits) -> ScanXml<R> {
        ScanXml { markup: Markup::new(input, limits), limits, scanner: None, told: 0, texts: limits.texts }
    }

    /// What comes next; `None`: nothing does. Whether that is the end of a scan, [`Item::Finished`] has told.
    pub fn next_item(&mut self) -> Result<Option<Item>, XmlError> {
        loop {
            match self.markup.next()? {
                Node::End => return Ok(None),
                Node::Open(tag) => {
                    if let Some(item) = self.open(&tag)? {
                        return Ok(Some(item));
                    }
                }
                Node::Text(_) | Node::Close => {}
            }
        }
    }

    fn open(&mut self, tag: &Tag) -> Result<Option<Item>, XmlError> {
        let Some(scanner) = self.scanner else {
            if tag.name() != "nmaprun" {
                return Err(XmlError::Stranger(bounded(tag.name(), 80)));
            }
            // What it was called with may hold a secret: that is never looked at.
            let scanner = tag.read("scanner").unwrap_or(ScannerKind::Nmap);
            self.scanner = Some(scanner);
            return Ok(Some(Item::Begun(scanner, tag.time("start"))));
        };
        Ok(match (tag.name(), self.markup.depth()) {
            ("scaninfo", 2) => tag.read("protocol").map(|protocol| {
                let ports = tag.get("services").and_then(Ports::read);
                let technique = bounded(tag.get("type").unwrap_or("unknown"), 32);
                Item::Asked(Asked { technique, protocol, ports })
            }),
            ("target", 2) if tag.get("status") == Some("skipped") => {
                let target = tag.get("specification").unwrap_or_default();
                Some(Item::Skipped(bounded(target, self.limits.text)))
            }
            ("taskprogress", 2) => {
                tag.read::<f64>("percent").filter(|percent| percent.is_finite()).map(|percent| {
                    let task = bounded(tag.get("task").unwrap_or_default(), 64);
                    // nmap's first guess is that all is done already.
                    let left = tag.read::<u32>("remaining").filter(|left| *left > 0);
                    let left = left.map(|left| Duration::from_secs(left.into()));
                    Item::Progress(Progress { task, percent: percent.clamp(0.0, 100.0), left })
                })
            }
            ("host", 2) => {
                let Some(host) = host::read(&mut self.markup, tag, &self.limits, &mut self.texts)? else {
                    return Ok(None);
                };
                let scripts =
                    host.ports.iter().map(|port| port.scripts.len()).sum::<usize>() + host.scripts.len();
                self.told += 1 + host.ports.len() + scripts;
                if self.told > self.limits.scan {
                    let (most, at) = (self.limits.scan, self.markup.at());
                    return Err(XmlError::Many { what: "hosts, ports and answers of scripts", most, at });
                }
                Some(Item::Host(Box::new(host)))
            }
            // A hint is said before anything is known, and no result.
            ("hosthint", 2) => {
                while self.markup.depth() >= 2 && !matches!(self.markup.next()?, Node::End) {}
                None
            }
            ("hosts", 3) => tag.read("down").map(Item::Down),
            ("finished", 3) => Some(Item::Finished(match (tag.get("exit"), scanner) {
                // masscan does not say how, and only says that it has ended if it has.
                (Some("success"), _) | (None, ScannerKind::Masscan) => Ok(()),
                (exit, _) => Err(bounded(tag.get("errormsg").or(exit).unwrap_or_default(), self.limits.text)),
            })),
            _ => None,
        })
    }
}
