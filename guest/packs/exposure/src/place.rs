use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use tripline_sdk::{Event, Text};

use crate::field;

/// Where something listens: `23/tcp` on `192.0.2.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) target: IpAddr,
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
}

/// What a port is a port of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Port {
    /// The port that a finding is about, if it says one that can be.
    pub(crate) fn of(event: &Event<'_>) -> Option<Port> {
        let number = event.get(field::PORT).filter(|number| *number > 0)?;
        let protocol = event.get::<&str>(field::PROTOCOL)?.parse().ok()?;
        Some(Port { target: target(event)?, number, protocol })
    }

    /// The port that a finding says is open: `open|filtered` is what a scan could not tell.
    pub(crate) fn open(event: &Event<'_>) -> Option<Port> {
        let open = event.field(field::STATE).is_none_or(|state| state == "open");
        if open { Port::of(event) } else { None }
    }

    /// What names its incidents: the same at every scan, and nothing that a stranger chooses.
    pub(crate) fn key(&self) -> String {
        format!("{} {}/{}", self.target, self.number, self.protocol.name())
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port {}/{}", self.target, self.number, self.protocol.name())
    }
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }
}

impl FromStr for Protocol {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Protocol::Tcp, Protocol::Udp, Protocol::Sctp]
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or(())
    }
}

/// The address that a finding is about; an IPv4 address in an IPv6 one is the IPv4 address.
pub(crate) fn target(event: &Event<'_>) -> Option<IpAddr> {
    event.get::<IpAddr>(field::TARGET).map(|address| address.to_canonical())
}

/// A word that can stand in a title: strangers choose what their services are called, and a title is a mail's subject.
pub(crate) fn plain<'a>(text: Option<Text<'a>>) -> Option<&'a str> {
    let word = text?.to_str()?;
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/?".contains(&byte);
    ((1..=32).contains(&word.len()) && word.bytes().all(usual)).then_some(word)
}
