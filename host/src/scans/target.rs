use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::addresses::{Addresses, network};
use super::resolve::{ResolveError, Resolver};

/// What somebody asks to be scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An address, or a network.
    Network(IpNet),
    /// A name, to be resolved when the scan begins.
    Name(HostName),
}

/// The name of a host: labels of letters, digits and hyphens with dots between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address, a network like 192.0.2.0/24 or a host's name, found `{0}`")]
pub struct TargetError(String);

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        if let Some(network) = network(text) {
            return Ok(Target::Network(network));
        }
        let label = |label: &str| {
            let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
        };
        let name = text.strip_suffix('.').unwrap_or(text);
        // `127.1` and `0x7f000001` are no names: what resolves names takes them for addresses.
        let last = name.rsplit('.').next().unwrap_or_default();
        let letters = last.starts_with(|first: char| first.is_ascii_alphabetic());
        if text.len() <= 253 && letters && name.split('.').all(label) {
            return Ok(Target::Name(HostName(name.to_ascii_lowercase())));
        }
        Err(TargetError(text.chars().take(80).collect()))
    }
}

impl Target {
    /// The network; `None`: it is a name.
    pub(super) fn network(&self) -> Option<IpNet> {
        match self {
            Target::Network(network) => Some(*network),
            Target::Name(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // One address is written as one.
            Target::Network(network) if network.prefix_len() == network.max_prefix_len() => {
                network.addr().fmt(f)
            }
            Target::Network(network) => network.fmt(f),
            Target::Name(name) => f.write_str(&name.0),
        }
    }
}

/// Where targets lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    /// All addresses.
    pub(super) addresses: Addresses,
    /// What those of names were called; the first name counts.
    pub(super) names: BTreeMap<IpAddr, String>,
}

/// Resolves the names among the targets; nothing else ever does.
pub(super) fn resolve(targets: &[Target], resolver: &dyn Resolver) -> Result<Resolved, ResolveError> {
    let mut networks = Vec::new();
    let mut asked: Vec<HostName> = Vec::new();
    for target in targets {
        match target {
            Target::Network(network) => networks.push(*network),
            Target::Name(name) => asked.push(name.clone()),
        }
    }
    let mut names = BTreeMap::new();
    for (name, addresses) in asked.iter().zip(resolver.resolve(&asked)?) {
        for address in addresses {
            let address = address.to_canonical();
            networks.push(address.into());
            names.entry(address).or_insert_with(|| name.0.clone());
        }
    }
    Ok(Resolved { addresses: networks.into_iter().collect(), names })
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn addresses_networks_and_names() {
        for (text, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("2001:db8::/64", "2001:db8::/64"),
            ("Web-1.example.org.", "web-1.example.org"),
            ("localhost", "localhost"),
            ("1and1.com", "1and1.com"),
        ] {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn nothing_else_is_a_target() {
        let long = format!("{}.org", "a".repeat(64));
        for text in [
            "",
            " ",
            ".",
            "-oN",
            "--script",
            "127.0.0.1,--script,evil",
            "127.0.0.1 --script evil",
            "-iL /etc/passwd",
            "a..b",
            "-a.org",
            "a-.org",
            "127.1",
            "0x7f000001",
            "2130706433",
            "192.0.2.0/33",
            "192.0.2.1-20",
            "fe80::1%eth0",
            "a b",
            "a\nb",
            "a\0b",
            "exämple.org",
            "$(id)",
            "a/../b",
            &long,
            &"a.".repeat(200),
        ] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
