//! Acts on tenants' packs that were refused, for security.log: whoever may bring packs may also bring bad ones all day.
//!
//! ```text
//!   a token's refused acts of a kind, for a reason ─► one record a minute, with a count and what was refused last
//! ```

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::addresses::network;
use super::caller::{Caller, Needed};
use crate::commit::Tenant;
use crate::incidents::{Actor, Origin};
use crate::security_log::{Counted, Deed, Refused};

/// Kinds that are counted by themselves within a minute; what comes beyond is counted together.
const KINDS: usize = 256;
/// Bytes of a pack's name that is recorded: what its manifest could say.
const NAME: usize = 64;

/// What is to be told of them.
pub(super) struct Refusals(Mutex<State>);

struct State {
    counted: Counted<Kind>,
    /// Which pack each kind was of the last time.
    last: HashMap<Kind, String>,
}

/// Whose act it was, and why it was refused. Not which pack: names are as many as somebody wants.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    tenant: Tenant,
    actor: String,
    peer: IpAddr,
    act: &'static str,
    reason: &'static str,
}

/// Somebody's act on a pack, before it is known what becomes of it.
#[derive(Clone)]
pub(super) struct Asked {
    tenant: Tenant,
    actor: String,
    peer: IpAddr,
    act: &'static str,
    pack: String,
}

impl Asked {
    /// This caller wants that done to the pack of this name.
    pub(super) fn by<N: Needed>(caller: &Caller<N>, act: &'static str, pack: &str) -> Asked {
        let (tenant, actor, peer) = (caller.tenant().clone(), caller.actor().id, network(caller.peer()));
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = pack.len() <= NAME && pack.bytes().all(is_plain);
        Asked { tenant, actor, peer, act, pack: if is_name { pack.into() } else { String::new() } }
    }

    /// Whose it is.
    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

impl Default for Refusals {
    fn default() -> Refusals {
        Refusals(Mutex::new(State { counted: Counted::new(KINDS), last: HashMap::new() }))
    }
}

impl Refusals {
    /// It was refused, for this reason.
    pub(super) fn count(&self, asked: Asked, reason: &'static str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Asked { tenant, actor, peer, act, pack } = asked;
        let kind = Kind { tenant, actor, peer, act, reason };
        state.counted.count(kind.clone());
        if state.last.len() < KINDS || state.last.contains_key(&kind) {
            state.last.insert(kind, pack);
        }
    }

    /// What is to be written now; at the end, everything.
    pub(super) fn due(&self, now: i64, at_end: bool) -> Vec<Deed> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = state.counted.due(now, at_end).into_iter();
        due.map(|(kind, count)| match kind {
            Some(kind) => {
                let pack = state.last.remove(&kind).unwrap_or_default();
                let Kind { tenant, actor, peer, act, reason } = kind;
                // In the log an actor is an id.
                let actor = Actor::named(actor.clone(), actor).at(Origin::Peer(peer));
                Deed::pack_refused(&Refused { act, reason, pack: &pack, count }).of(&tenant).by(actor)
            }
            None => {
                let others = Refused { act: "", reason: "", pack: "", count };
                Deed::pack_refused(&others).by(Actor::named("unknown", "unknown"))
            }
        })
        .collect()
    }
}
