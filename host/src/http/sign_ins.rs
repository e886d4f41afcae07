//! Who came with which token, for security.log. No request waits for the disk: a turn each second writes what has come, and what
//! of packs was refused.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::addresses::network;
use super::shared::{Shared, raised};
use crate::incidents::{Actor, Origin};
use crate::security_log::{Counted, Deed};
use crate::token::Token;

/// Addresses that are counted by themselves within a minute; what comes from more is counted together.
const ADDRESSES: usize = 4_096;
/// Tokens that are remembered to have signed in; with more, those that come again are told again.
const TOKENS: usize = 65_536;
/// Records that wait for a database that takes none; further ones are dropped.
const WAITING: usize = 10_000;
/// Between two turns.
const TURN: Duration = Duration::from_secs(1);

/// What is to be told of them.
pub(super) struct SignIns(Mutex<State>);

struct State {
    seen: HashSet<i64>,
    refused: Counted<IpAddr>,
    waiting: Vec<Deed>,
}

impl Default for SignIns {
    fn default() -> SignIns {
        let (seen, refused, waiting) = (HashSet::new(), Counted::new(ADDRESSES), Vec::new());
        SignIns(Mutex::new(State { seen, refused, waiting }))
    }
}

impl SignIns {
    /// A token that holds has come from there: the first time, that is told.
    pub(super) fn accepted(&self, token: &Token, peer: IpAddr) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.seen.len() >= TOKENS {
            state.seen.clear();
        }
        if state.seen.insert(token.id) && state.waiting.len() < WAITING {
            let actor = token.actor().at(Origin::Peer(peer.to_canonical()));
            state.waiting.push(Deed::signed_in(token.scope).of(&token.tenant).by(actor));
        }
    }

    /// A request from there was refused for its token.
    pub(super) fn refused(&self, peer: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused.count(network(peer));
    }

    /// What is to be written now.
    fn due(&self, now: i64, at_end: bool) -> Vec<Deed> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = std::mem::take(&mut state.waiting);
        for (peer, count) in state.refused.due(now, at_end) {
            let from = peer.map_or(Origin::Unknown, Origin::Peer);
            due.push(Deed::refused(count).by(Actor::named("unknown", "unknown").at(from)));
        }
        due
    }

    /// It could not be written: it waits for the next turn.
    fn back(&self, deeds: Vec<Deed>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = WAITING.saturating_sub(state.waiting.len());
        state.waiting.splice(0..0, deeds.into_iter().take(room));
    }
}

/// Writes what has come, until the server stops.
pub(super) async fn keep(shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = raised(&mut stopping) => return,
            () = sleep(TURN) => write(&shared, false).await,
        }
    }
}

/// Writes what has come; at the end, everything.
pub(super) async fn write(shared: &Arc<Shared>, at_end: bool) {
    let now = shared.clock.now();
    let mut due = shared.sign_ins.due(now, at_end);
    due.extend(shared.refusals.due(now, at_end));
    if due.is_empty() {
        return;
    }
    let deeds = due.clone();
    if shared.write(move |database| database.note(deeds)).await.is_err() {
        shared.sign_ins.back(due);
    }
}
