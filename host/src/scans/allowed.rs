//! What may be scanned: networks that the operator lists, and nothing else.

use std::net::IpAddr;

use ipnet::IpNet;

use super::addresses::{Addresses, canonical, network};

/// Where an ordinary network does not reach: who lists everything has not meant these.
const SPECIAL: [&str; 13] = [
    // Loopback.
    "127.0.0.0/8",
    "::1",
    // Link-local; clouds tell secrets at 169.254.169.254 and fd00:ec2::254.
    "169.254.0.0/16",
    "fe80::/10",
    "fd00:ec2::254",
    // Multicast, and all at once.
    "224.0.0.0/4",
    "ff00::/8",
    "255.255.255.255",
    // This machine, whatever it is called.
    "0.0.0.0/8",
    "::",
    // IPv4 in other guises of IPv6, loopback, too: compatible, NAT64, 6to4.
    "::/96",
    "64:ff9b::/96",
    "2002::/16",
];

/// As they were put together.
impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Networks that may be scanned. Loopback, link-local and multicast only by a network that lies in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Addresses);

impl Allowed {
    /// These networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Allowed {
        let special: Vec<IpNet> = SPECIAL.into_iter().filter_map(network).collect();
        let is_in = |inner: &IpNet| special.iter().any(|outer| outer.contains(inner));
        let (listed, ordinary): (Vec<IpNet>, Vec<IpNet>) =
            networks.into_iter().map(canonical).partition(is_in);
        let special: Addresses = special.into_iter().collect();
        let ordinary: Addresses = ordinary.into_iter().collect();
        Allowed(ordinary.without(&special).or(&listed.into_iter().collect()))
    }

    /// The first of these addresses that may not be scanned.
    pub fn refused(&self, asked: &Addresses) -> Option<IpAddr> {
        asked.without(&self.0).iter().next()
    }

    /// Whether nothing may be scanned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(listed: &str, asked: &str, refused: Option<&str>) {
        let allowed = Allowed::new(listed.split_whitespace().map(|one| network(one).unwrap()));
        let asked = Addresses::read(asked).unwrap();
        assert_eq!(allowed.refused(&asked).map(|one| one.to_string()).as_deref(), refused);
    }

    #[test]
    fn nothing_is_allowed_unless_it_is_listed() {
        check("", "192.0.2.1", Some("192.0.2.1"));
        check("192.0.2.0/24", "192.0.2.1,192.0.2.255", None);
        check("192.0.2.0/24", "192.0.2.0/23", Some("192.0.3.0"));
        check("192.0.2.0/25 192.0.2.128/25", "192.0.2.0/24", None);
        check("2001:db8::/32", "2001:db8::/120", None);
    }

    #[test]
    fn everything_is_not_loopback_nor_link_local_nor_multicast() {
        const ALL: &str = "0.0.0.0/0 ::/0";
        check(ALL, "198.51.100.7,2001:db8::1", None);
        for special in [
            "127.0.0.1",
            "::1",
            "169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
            "fd00:ec2::254",
        ] {
            check(ALL, special, Some(&special.parse::<IpAddr>().unwrap().to_string()));
            check(&format!("{ALL} {special}"), special, None);
        }
        check("127.0.0.0/8", "127.0.0.1,127.9.9.9", None);
        // Written as one of IPv6, it is the same.
        check(ALL, "::ffff:127.0.0.1", Some("127.0.0.1"));
        check("::ffff:127.0.0.0/104", "127.0.0.1", None);
        check("126.0.0.0/7", "127.0.0.1", Some("127.0.0.1"));
    }
}
