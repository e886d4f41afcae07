use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Subnets};

use super::ranges::Ranges;

/// A set of addresses. One of IPv4 that is written as one of IPv6 is the one of IPv4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    v4: Ranges,
    v6: Ranges,
}

/// Where IPv6 has the addresses of IPv4.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

impl Addresses {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.contains(u32::from(address).into()),
            IpAddr::V6(address) => self.v6.contains(address.into()),
        }
    }

    /// How many there are; the most that can be told, if there are more.
    pub fn count(&self) -> u128 {
        self.v4.count().saturating_add(self.v6.count())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// How many ranges they are.
    pub(super) fn pieces(&self) -> usize {
        self.v4.iter().len() + self.v6.iter().len()
    }

    /// One after the other, IPv4 first.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let v4 = self.v4.iter().flat_map(|(first, last)| first..=last).map(v4);
        let v6 = self.v6.iter().flat_map(|(first, last)| first..=last).map(Ipv6Addr::from);
        v4.map(IpAddr::V4).chain(v6.map(IpAddr::V6))
    }

    /// The networks that it consists of, as few as there can be.
    pub fn networks(&self) -> impl Iterator<Item = IpNet> + '_ {
        let v4 = self.v4.iter().flat_map(|(first, last)| Ipv4Subnets::new(v4(first), v4(last), 0));
        let v6 = self.v6.iter().flat_map(|(first, last)| Ipv6Subnets::new(first.into(), last.into(), 0));
        v4.map(IpNet::V4).chain(v6.map(IpNet::V6))
    }

    /// Those of IPv4, and those of IPv6.
    pub fn families(&self) -> [Addresses; 2] {
        let (v4, v6) = (self.v4.clone(), self.v6.clone());
        [Addresses { v4, ..Addresses::default() }, Addresses { v6, ..Addresses::default() }]
    }

    /// What is in either.
    pub fn or(&self, other: &Addresses) -> Addresses {
        Addresses { v4: self.v4.or(&other.v4), v6: self.v6.or(&other.v6) }
    }

    /// What is in both.
    pub fn and(&self, other: &Addresses) -> Addresses {
        Addresses { v4: self.v4.and(&other.v4), v6: self.v6.and(&other.v6) }
    }

    /// What is in this one and not in the other.
    pub fn without(&self, other: &Addresses) -> Addresses {
        Addresses { v4: self.v4.without(&other.v4), v6: self.v6.without(&other.v6) }
    }
}

fn v4(number: u128) -> Ipv4Addr {
    Ipv4Addr::from(number as u32)
}

impl FromIterator<IpNet> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Addresses {
        let (mut four, mut six) = (Vec::new(), Vec::new());
        for network in networks {
            match canonical(network) {
                IpNet::V4(net) => {
                    four.push((u32::from(net.network()).into(), u32::from(net.broadcast()).into()))
                }
                IpNet::V6(net) => six.push((net.network().into(), net.broadcast().into())),
            }
        }
        // Whoever means all of IPv6 does not mean all of IPv4.
        let six: Ranges = six.into_iter().collect();
        Addresses { v4: four.into_iter().collect(), v6: six.without(&Ranges::of(MAPPED.0, MAPPED.1)) }
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Addresses {
        addresses.into_iter().map(IpNet::from).collect()
    }
}

/// Networks with commas; a single address as it is.
impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, network) in self.networks().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match network.prefix_len() == network.max_prefix_len() {
                true => write!(f, "{comma}{}", network.addr())?,
                false => write!(f, "{comma}{network}")?,
            }
        }
        Ok(())
    }
}

impl Addresses {
    /// What [`Addresses`] writes; `None`: it did not write that.
    pub fn read(text: &str) -> Option<Addresses> {
        text.split(',').filter(|item| !item.is_empty()).map(network).collect()
    }
}

/// A network of IPv4 that is written as one of IPv6 is the one of IPv4.
pub(super) fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else { return network };
    let four = six.network().to_ipv4_mapped().zip(six.prefix_len().checked_sub(96));
    let four = four.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    four.map_or(network, IpNet::V4)
}

/// A network, or an address as one.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Addresses {
        Addresses::read(text).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for (text, shown) in [
            ("10.0.0.0/24", "10.0.0.0/24"),
            ("10.0.0.0/25,10.0.0.128/25", "10.0.0.0/24"),
            ("10.0.0.1,10.0.0.2,::1", "10.0.0.1,10.0.0.2,::1"),
            ("10.0.0.2,10.0.0.3", "10.0.0.2/31"),
            ("", ""),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            let addresses = read(text);
            assert_eq!(addresses.to_string(), shown);
            assert_eq!(read(&addresses.to_string()), addresses);
        }
        assert!(Addresses::read("10.0.0.0/33").is_none());
    }

    #[test]
    fn an_address_of_ipv4_in_the_clothes_of_ipv6_is_itself() {
        assert_eq!(read("::ffff:127.0.0.1"), read("127.0.0.1"));
        assert_eq!(read("::ffff:10.0.0.0/120"), read("10.0.0.0/24"));
        assert!(read("127.0.0.0/8").contains("::ffff:127.0.0.9".parse().unwrap()));
        assert!(!read("::/0").contains("::ffff:10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn they_come_one_after_the_other() {
        let one = read("10.0.0.0/30,fe80::/127");
        let all: Vec<String> = one.iter().map(|address| address.to_string()).collect();
        assert_eq!(all, ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "fe80::", "fe80::1"]);
        assert_eq!(one.count(), 6);
        assert!(read("::/0").count() > 1 << 127);
    }
}
