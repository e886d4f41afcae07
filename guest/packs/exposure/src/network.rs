use std::net::IpAddr;
use std::str::FromStr;

use crate::expected::Expected;

/// A network, an address, or `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(Option<(IpAddr, u32)>);

impl Network {
    /// Whether an address lies in it.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        let Some((network, length)) = self.0 else { return true };
        network.is_ipv4() == address.is_ipv4() && head(network, length) == head(address, length)
    }
}

impl FromStr for Network {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        if text == "any" {
            return Ok(Network(None));
        }
        let wrong = || Expected::new("a network like 10.0.0.0/8, an address, or any", text);
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(bits);
        if length > bits {
            return Err(wrong());
        }
        // 192.168.1.0/16 is a slip of somebody who means far less.
        if head(address, length) != bits_of(address) {
            return Err(Expected::new(
                "a network whose address ends where it does, like 192.168.0.0/16",
                text,
            ));
        }
        Ok(Network(Some((address, length))))
    }
}

/// The address as bits, at the upper end.
fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first bits of an address.
fn head(address: IpAddr, length: u32) -> u128 {
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length.min(128)) };
    bits_of(address) & mask
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn an_address_is_in_its_networks_only() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.6/31", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "192.0.2.7", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("::/0", "2001:db8::1", "192.0.2.7"),
        ] {
            let network: Network = network.parse().expect(network);
            assert!(network.has(inside.parse().expect(inside)), "{network:?} {inside}");
            assert!(!network.has(outside.parse().expect(outside)), "{network:?} {outside}");
        }
        let any: Network = "any".parse().expect("any");
        assert!(any.has("192.0.2.7".parse().expect("v4")) && any.has("::1".parse().expect("v6")));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "::/129",
            "here",
            "ANY",
            "10.0.0.1/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
