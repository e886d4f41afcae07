//! Slots for connections: so many in all, so many for each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who has how many connections.
#[derive(Clone)]
pub(super) struct Addresses(Arc<Table>);

struct Table {
    most: usize,
    most_of_one: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

/// A connection's place; given back when it is dropped.
pub(super) struct Slot {
    table: Arc<Table>,
    address: IpAddr,
}

/// Whose it is, as far as one can know: of IPv6, everybody has a /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address => address,
    }
}

impl Addresses {
    pub(super) fn new(most: usize, most_of_one: usize) -> Addresses {
        Addresses(Arc::new(Table { most, most_of_one, open: Mutex::default() }))
    }

    /// A slot for one more of this address; `None`: there is none.
    pub(super) fn slot(&self, address: IpAddr) -> Option<Slot> {
        let address = network(address);
        let mut open = self.0.open();
        let own = open.by.get(&address).copied().unwrap_or(0);
        if open.all >= self.0.most || own >= self.0.most_of_one {
            return None;
        }
        open.all += 1;
        open.by.insert(address, own + 1);
        Some(Slot { table: Arc::clone(&self.0), address })
    }

    /// How many there are.
    pub(super) fn open(&self) -> usize {
        self.0.open().all
    }
}

impl Table {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.table.open();
        open.all -= 1;
        if let Some(own) = open.by.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                open.by.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_back_and_are_counted_by_network() {
        let addresses = Addresses::new(3, 2);
        let slot = |text: &str| addresses.slot(text.parse().unwrap());
        let (first, _second) = (slot("2001:db8::1"), slot("2001:db8::ffff:2"));
        assert!(slot("2001:db8::3").is_none(), "the same network");
        let third = slot("192.0.2.1").unwrap();
        assert!(slot("192.0.2.2").is_none(), "no more in all");
        drop((first, third));
        assert!(slot("2001:db8::3").is_some() && addresses.open() == 1);
        // The same address, written as IPv6.
        let _mapped = slot("::ffff:192.0.2.1").unwrap();
        let _other = slot("192.0.2.1").unwrap();
        assert!(slot("192.0.2.1").is_none());
    }
}
