use std::net::IpAddr;

use super::addresses::Addresses;

/// Addresses that wait until they become ranges, at least.
const WAITING: usize = 4096;

/// Addresses in whatever order they come, one by one. A network has millions of them: kept are ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    ranges: Addresses,
    waiting: Vec<IpAddr>,
}

impl Gathered {
    /// One more.
    pub fn add(&mut self, address: IpAddr) {
        self.waiting.push(address);
        // As many as there are ranges: so the work does not grow faster than what comes.
        if self.waiting.len() >= WAITING.max(self.ranges.pieces()) {
            self.ranges = self.addresses();
            self.waiting.clear();
        }
    }

    /// How many ranges they are, or a few more.
    pub(super) fn pieces(&self) -> usize {
        self.ranges.pieces() + self.waiting.len()
    }

    /// All of them.
    pub fn addresses(&self) -> Addresses {
        self.ranges.or(&self.waiting.iter().copied().collect())
    }
}

impl FromIterator<IpAddr> for Gathered {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Gathered {
        let mut gathered = Gathered::default();
        addresses.into_iter().for_each(|address| gathered.add(address));
        gathered
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_million_are_a_range_in_whatever_order_they_come() {
        const ALL: u32 = 1 << 20;
        // Odd: each once.
        for step in [1, 7919] {
            let mut gathered = Gathered::default();
            for number in 0..ALL {
                let at = number.wrapping_mul(step) % ALL;
                gathered.add(Ipv4Addr::from(0x0a00_0000 + at).into());
            }
            assert_eq!(gathered.addresses().to_string(), "10.0.0.0/12");
            assert!(gathered.waiting.len() <= WAITING.max(gathered.ranges.pieces()), "{step}");
            assert!(step > 1 || gathered.ranges.pieces() == 1);
        }
    }
}
