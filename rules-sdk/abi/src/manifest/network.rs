//! Networks of IP addresses, as patterns of the kind `cidr` list them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// All addresses as IPv6: IPv4 ones are mapped ([RFC 4291](https://www.rfc-editor.org/rfc/rfc4291), 2.5.5.2).
    bits: u128,
    length: u8,
}

impl Network {
    /// The network that a text says; `None` if it says none, or if bits behind its prefix are set.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let (before, most) = if address.is_ipv4() { (96, 32) } else { (0, 128) };
        let length = match prefix {
            None => most,
            Some(digits) if digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
        };
        let network = Network { bits: bits(address), length: before + length };
        (length <= most && network.bits & !network.mask() == 0).then_some(network)
    }

    /// How many of an address's 128 bits are the network's.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// The network of this length around an address.
    pub fn around(address: IpAddr, length: u8) -> Network {
        let network = Network { bits: bits(address), length: length.min(128) };
        Network { bits: network.bits & network.mask(), ..network }
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        Network::around(address, self.length) == *self
    }

    fn mask(&self) -> u128 {
        match self.length {
            0 => 0,
            length => u128::MAX << (128 - u32::from(length)),
        }
    }
}

/// The address that a value says, if that is all it says. An IPv4 address that is mapped into IPv6 is itself.
pub fn address(value: &[u8]) -> Option<IpAddr> {
    // The longest one: an IPv6 address with an IPv4 one in it.
    if value.len() > 45 {
        return None;
    }
    core::str::from_utf8(value).ok()?.parse().ok()
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => Ipv4Addr::to_ipv6_mapped(&address).to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_what_is_in_them() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("::ffff:192.0.2.0/120", "192.0.2.7", true),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "192.0.2.7", true),
            ("2001:db8::/32", "2001:db8:ffff::", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("2001:db8::7/128", "2001:db8::7", true),
        ];
        for (network, one, holds) in cases {
            let found = Network::parse(network).map(|network| network.contains(one.parse().unwrap()));
            assert_eq!(found, Some(holds), "{network} {one}");
        }
    }

    #[test]
    fn what_is_no_network_is_none() {
        for text in [
            "",
            "/",
            "192.0.2.1/24",
            "192.0.2.0/33",
            "192.0.2.0/+8",
            "192.0.2.0/",
            "::/129",
            "x/8",
            "1.2.3/8",
            "192.0.2.0/0008",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        for value in [&b""[..], b"192.0.2.7:80", b"192.0.2.07", b"a", b"\xff", &[b'1'; 100]] {
            assert_eq!(address(value), None, "{value:?}");
        }
    }
}
