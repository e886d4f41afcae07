use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tripline_engine::abi::Severity;
use tripline_engine::decision::Decision;

use super::{Actor, Incident};
use crate::notices::Pattern;

/// Takes decisions out, or changes their severity, without touching a pack. What is excepted is counted and listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// Its number, from 1, for each tenant.
    pub id: i64,
    /// What it is.
    pub new: NewException,
    /// Who made it.
    pub author: Actor,
    /// When it was made, nanoseconds since 1970.
    pub created: i64,
    /// When somebody ended it early.
    pub ended: Option<i64>,
    /// Decisions it has applied to.
    pub count: u64,
    /// When it applied last.
    pub last: Option<i64>,
}

/// What an exception applies to, until when and why.
#[derive(Clone, Debug, PartialEq)]
pub struct NewException {
    /// `PACK/RULE`, with `*`; `None`: all rules.
    pub rule: Option<Pattern>,
    /// The value that must hold; `None`: any decision of the rule.
    pub field: Option<(String, Place)>,
    /// What it does.
    pub effect: Effect,
    /// Until when; `None`: until it is ended.
    pub until: Option<i64>,
    /// Why.
    pub reason: String,
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// An address within a network.
    Network(IpNet),
    /// A text, with `*`.
    Text(Pattern),
}

/// What an exception does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The decision is counted here, and is no incident.
    Except,
    /// It has this severity.
    Severity(Severity),
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It is something else.
    #[error("expected a network like 192.0.2.0/24")]
    Odd,
    /// The address says more than the length.
    #[error("expected a network, found an address in one: {whole} is all of it, {one} is the address alone")]
    Longer {
        /// The network.
        whole: IpNet,
        /// The address as a network of its own.
        one: IpNet,
    },
}

impl Exception {
    /// Whether it holds at this time.
    pub fn holds(&self, now: i64) -> bool {
        self.ended.is_none() && self.new.until.is_none_or(|until| now < until)
    }

    /// Whether it is about this decision.
    pub fn takes(&self, decision: &Decision) -> bool {
        self.is_about(&decision.origin.pack, &decision.origin.rule.id, &decision.values)
    }

    /// Whether it takes out what happens to this incident.
    pub fn covers(&self, incident: &Incident) -> bool {
        self.new.effect == Effect::Except && self.is_about(&incident.pack, &incident.rule, &incident.values)
    }

    fn is_about(&self, pack: &str, rule: &str, values: &[(String, String)]) -> bool {
        let name = format!("{pack}/{rule}");
        self.new.rule.as_ref().is_none_or(|rule| rule.takes(&name))
            && self.new.field.as_ref().is_none_or(|(field, place)| {
                values.iter().any(|(known, value)| known == field && place.takes(value))
            })
    }
}

impl Place {
    /// Within this network; one with bits beyond its length is refused, since it may be meant as one address.
    ///
    /// # Errors
    /// It is no network.
    pub fn network(text: &str) -> Result<Place, NetworkError> {
        let network: IpNet = text.parse().map_err(|_| NetworkError::Odd)?;
        let (whole, address) = (network.trunc(), network.addr());
        match whole == network {
            true => Ok(Place::Network(network)),
            false => Err(NetworkError::Longer { whole, one: IpNet::from(address) }),
        }
    }

    fn takes(&self, value: &str) -> bool {
        match self {
            // An IPv4 address that is written as IPv6 is the same address, and so is a network of them.
            Place::Network(network) => value.parse().is_ok_and(|address: IpAddr| {
                network.contains(&address) || canonical(*network).contains(&address.to_canonical())
            }),
            Place::Text(pattern) => pattern.takes(value),
        }
    }
}

/// A network of IPv4 addresses that are written as IPv6 as one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let mapped = |six: Ipv6Net| {
        let four = six.network().to_ipv4_mapped()?;
        Ipv4Net::new(four, six.prefix_len().checked_sub(96)?).ok()
    };
    match network {
        IpNet::V6(six) => mapped(six).map_or(network, IpNet::V4),
        IpNet::V4(_) => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_says_no_more_than_its_length() {
        for text in ["192.0.2.0/24", "192.0.2.7/32", "0.0.0.0/0", "2001:db8::/32"] {
            assert_eq!(Place::network(text), Ok(Place::Network(text.parse().unwrap())));
        }
        assert_eq!(
            Place::network("192.0.2.5/24").unwrap_err().to_string(),
            "expected a network, found an address in one: 192.0.2.0/24 is all of it, 192.0.2.5/32 is the address alone"
        );
        assert!(matches!(Place::network("2001:db8::1/32"), Err(NetworkError::Longer { .. })));
        assert_eq!(Place::network("192.0.2.0"), Err(NetworkError::Odd));
    }

    #[test]
    fn an_address_is_in_its_network_however_it_is_written() {
        let network = Place::Network("192.0.2.0/24".parse().unwrap());
        assert!(network.takes("192.0.2.7") && network.takes("::ffff:192.0.2.7"));
        assert!(!network.takes("192.0.3.7") && !network.takes("192.0.2.7 ") && !network.takes(""));
        let mapped = Place::Network("::ffff:192.0.2.0/120".parse().unwrap());
        assert!(mapped.takes("192.0.2.7") && mapped.takes("::ffff:192.0.2.7"));
        assert!(!mapped.takes("192.0.3.7") && !mapped.takes("::192.0.2.7"));
        // All of them, and what is wider than all of them.
        let all = Place::Network("::ffff:0:0/96".parse().unwrap());
        assert!(all.takes("198.51.100.7") && !all.takes("2001:db8::1"));
        let wider = Place::Network("::/64".parse().unwrap());
        assert!(wider.takes("::1") && wider.takes("::ffff:192.0.2.7"));
        let six = Place::Network("2001:db8::/32".parse().unwrap());
        assert!(six.takes("2001:db8::1") && !six.takes("192.0.2.1"));
    }
}
