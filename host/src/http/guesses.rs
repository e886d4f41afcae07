//! Wrong tokens, counted for each address: whoever tries many is kept out for a while, at no cost to the database.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::HttpLimits;
use super::addresses::network;
use crate::token::TokenHash;

/// Tokens that are remembered to have held.
const KNOWN: usize = 4_096;

/// Who tried how many.
pub(super) struct Guesses {
    most: u32,
    /// Nanoseconds for which they count.
    within: i64,
    addresses: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many, and since when, nanoseconds since 1970.
    wrong: HashMap<IpAddr, (u32, i64)>,
    known: HashSet<[u8; 32]>,
}

impl Guesses {
    pub(super) fn new(limits: &HttpLimits) -> Guesses {
        let within = i64::try_from(limits.guessing.as_nanos()).unwrap_or(i64::MAX);
        Guesses { most: limits.guesses, within, addresses: limits.guessers, state: Mutex::default() }
    }

    /// One that opens nothing came from there.
    pub(super) fn wrong(&self, address: IpAddr, now: i64) {
        let mut state = self.lock();
        let address = network(address);
        if state.wrong.len() >= self.addresses && !state.wrong.contains_key(&address) {
            state.wrong.retain(|_, (_, since)| self.left(*since, now).is_some());
        }
        if state.wrong.len() >= self.addresses && !state.wrong.contains_key(&address) {
            let oldest = state.wrong.iter().min_by_key(|(_, (_, since))| *since).map(|(oldest, _)| *oldest);
            oldest.and_then(|oldest| state.wrong.remove(&oldest));
        }
        let (count, since) = state.wrong.entry(address).or_insert((0, now));
        if self.left(*since, now).is_none() {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
    }

    /// One that holds.
    pub(super) fn right(&self, hash: &TokenHash) {
        let mut state = self.lock();
        if state.known.len() < KNOWN {
            state.known.insert(*hash.as_bytes());
        }
    }

    /// Whether it has held before; whether it still does, the database knows.
    pub(super) fn is_known(&self, hash: &TokenHash) -> bool {
        self.lock().known.contains(hash.as_bytes())
    }

    /// For how long nothing new is tried from there; `None`: it may try.
    pub(super) fn kept_out(&self, address: IpAddr, now: i64) -> Option<Duration> {
        let (count, since) = *self.lock().wrong.get(&network(address))?;
        let left = self.left(since, now)?;
        (count >= self.most).then_some(left)
    }

    /// How long what began then still counts.
    fn left(&self, since: i64, now: i64) -> Option<Duration> {
        // A clock that was set back lets nobody wait for longer.
        let left = since.saturating_add(self.within).saturating_sub(now).min(self.within);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_nanos)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole: whoever panicked has left a state that holds.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn guesses(guessers: usize) -> Guesses {
        Guesses::new(&HttpLimits { guesses: 3, guessers, ..HttpLimits::default() })
    }

    fn address(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    #[test]
    fn many_keep_an_address_out_for_a_while() {
        let guesses = guesses(10);
        for _ in 0..2 {
            guesses.wrong(address(1), 0);
        }
        assert_eq!(guesses.kept_out(address(1), 0), None);
        guesses.wrong(address(1), SECOND);
        assert_eq!(guesses.kept_out(address(1), 20 * SECOND), Some(Duration::from_secs(40)));
        assert_eq!(guesses.kept_out(address(2), 20 * SECOND), None);
        assert_eq!(guesses.kept_out(address(1), 60 * SECOND), None);
        guesses.wrong(address(1), 61 * SECOND);
        assert_eq!(guesses.kept_out(address(1), 61 * SECOND), None, "it begins anew");
    }

    #[test]
    fn the_table_is_bounded_and_the_oldest_goes() {
        let guesses = guesses(2);
        for (number, now) in [(1, 0), (2, 1), (3, 2)] {
            for _ in 0..3 {
                guesses.wrong(address(number), now);
            }
        }
        let kept = [1, 2, 3].map(|number| guesses.kept_out(address(number), 3).is_some());
        assert_eq!(kept, [false, true, true]);
    }
}
