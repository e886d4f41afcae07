//! Patterns that are lists of networks: which is the lowest entry that an address is in?

use std::collections::HashMap;

use tripline_abi::manifest::{Network, address};

/// A list of networks, ready to be tried on values.
pub(super) struct Networks {
    /// Entry by network, …
    entries: HashMap<Network, u32>,
    /// … and the lengths that occur: one look for each, however many networks there are.
    lengths: Vec<u8>,
}

impl Networks {
    /// The text that is no network, if one is none.
    pub(super) fn new(texts: &[Vec<u8>]) -> Result<Networks, String> {
        let mut entries = HashMap::with_capacity(texts.len());
        for (number, text) in texts.iter().enumerate() {
            let network = std::str::from_utf8(text).ok().and_then(Network::parse);
            let network = network.ok_or_else(|| String::from_utf8_lossy(text).into_owned())?;
            entries.entry(network).or_insert(number as u32);
        }
        let mut lengths: Vec<u8> = entries.keys().map(Network::length).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Ok(Networks { entries, lengths })
    }

    pub(super) fn find(&self, value: &[u8]) -> Option<u32> {
        let address = address(value)?;
        let found =
            self.lengths.iter().filter_map(|length| self.entries.get(&Network::around(address, *length)));
        found.min().copied()
    }
}
