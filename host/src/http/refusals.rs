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
/// Those of one tenant; what comes beyond is counted together as that tenant's, so that nobody hides what others do.
const OF_TENANT: usize = 32;
/// Stands for actors who are several.
const UNKNOWN: &str = "unknown";
/// Bytes of a pack's name that is recorded: what its manifest could say.
const NAME: usize = 64;

/// What is to be told of them.
pub(super) struct Refusals(Mutex<State>);

struct State {
    counted: Counted<Kind>,
    /// What each kind was of the last time. Only of those that are counted by themselves, and until that is told.
    last: HashMap<Kind, Last>,
}

/// Which pack it was of, and from where it came.
struct Last {
    pack: String,
    peer: IpAddr,
}

/// Whose act it was, and why it was refused. Neither which pack nor from where: names and addresses are as many as somebody
/// wants.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    tenant: Tenant,
    actor: String,
    act: &'static str,
    reason: &'static str,
}

impl Kind {
    /// What is beyond those of this tenant that are counted by themselves.
    fn beyond(tenant: Tenant) -> Kind {
        Kind { tenant, actor: UNKNOWN.into(), act: "", reason: "" }
    }
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
        let mut kind = Kind { tenant, actor, act, reason };
        let of_tenant = state.counted.keys().filter(|known| known.tenant == kind.tenant).count();
        if of_tenant >= OF_TENANT && !state.counted.has(&kind) {
            kind = Kind::beyond(kind.tenant);
        }
        state.counted.count(kind.clone());
        if state.counted.has(&kind) {
            state.last.insert(kind, Last { pack, peer });
        }
    }

    /// What is to be written now; at the end, everything.
    pub(super) fn due(&self, now: i64, at_end: bool) -> Vec<Deed> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = state.counted.due(now, at_end).into_iter();
        due.map(|(kind, count)| match kind {
            Some(kind) => {
                let last = state.last.remove(&kind);
                let (pack, peer) = last.map(|last| (last.pack, last.peer)).unzip();
                let pack = pack.unwrap_or_default();
                let Kind { tenant, actor, act, reason } = kind;
                // In the log an actor is an id.
                let actor = Actor::named(actor.clone(), actor);
                let actor = if let Some(peer) = peer { actor.at(Origin::Peer(peer)) } else { actor };
                Deed::pack_refused(&Refused { act, reason, pack: &pack, count }).of(&tenant).by(actor)
            }
            None => {
                let others = Refused { act: "", reason: "", pack: "", count };
                Deed::pack_refused(&others).by(Actor::named(UNKNOWN, UNKNOWN))
            }
        })
        .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn asked(tenant: &str, actor: &str, peer: u8) -> Asked {
        let (tenant, peer) = (Tenant::new(tenant).unwrap(), IpAddr::from([192, 0, 2, peer]));
        Asked {
            tenant,
            actor: actor.into(),
            peer,
            act: "push",
            pack: format!("pack-{peer}").replace('.', "-"),
        }
    }

    /// How many kinds are kept, and what is kept of their last acts.
    fn kept(refusals: &Refusals) -> (usize, usize) {
        let state = refusals.0.lock().unwrap();
        (state.counted.keys().count(), state.last.len())
    }

    #[test]
    fn from_wherever_a_token_comes_it_is_one_record() {
        let refusals = Refusals::default();
        (0..100).for_each(|peer| refusals.count(asked("plant", "token:1", peer), "module"));
        let refused = Refused { act: "push", reason: "module", pack: "pack-192-0-2-99", count: 100 };
        let last = Actor::named("token:1", "token:1").at(Origin::Peer(IpAddr::from([192, 0, 2, 99])));
        let expected = Deed::pack_refused(&refused).of(&Tenant::new("plant").unwrap()).by(last);
        assert_eq!(refusals.due(0, false), [expected]);
        refusals.count(asked("plant", "token:1", 1), "module");
        assert_eq!(refusals.due(MINUTE - 1, false), [], "one a minute");
        assert_eq!(refusals.due(MINUTE, false).len(), 1);
    }

    #[test]
    fn one_tenant_hides_no_other_ones() {
        let refusals = Refusals::default();
        for token in 0..1_000 {
            refusals.count(asked("plant", &format!("token:{token}"), 1), "module");
        }
        refusals.count(asked("neighbour", "token:5000", 2), "module");
        // Those that are counted already go on by themselves.
        refusals.count(asked("plant", "token:0", 3), "module");
        assert_eq!(kept(&refusals), (OF_TENANT + 2, OF_TENANT + 2));
        let (due, plant) = (refusals.due(0, false), Tenant::new("plant").unwrap());
        assert_eq!(due.len(), OF_TENANT + 2);
        let refused = |act, reason, pack, count| Deed::pack_refused(&Refused { act, reason, pack, count });
        let at =
            |actor: &str, peer| Actor::named(actor, actor).at(Origin::Peer(IpAddr::from([192, 0, 2, peer])));
        let others =
            refused("", "", "pack-192-0-2-1", 1_000 - OF_TENANT as u64).of(&plant).by(at(UNKNOWN, 1));
        let first = refused("push", "module", "pack-192-0-2-3", 2).of(&plant).by(at("token:0", 3));
        let neighbour = Tenant::new("neighbour").unwrap();
        let its = refused("push", "module", "pack-192-0-2-2", 1).of(&neighbour).by(at("token:5000", 2));
        assert!([others, first, its].iter().all(|one| due.contains(one)), "{due:?}");
    }

    #[test]
    fn of_what_is_not_counted_by_itself_nothing_is_kept() {
        let refusals = Refusals::default();
        for tenant in 0..2 * KINDS {
            refusals.count(asked(&format!("t{tenant}"), "token:1", 1), "module");
        }
        assert_eq!(kept(&refusals), (KINDS, KINDS));
        assert_eq!(refusals.due(0, false).len(), KINDS + 1);
        assert_eq!(kept(&refusals).1, 0);
        refusals.due(2 * MINUTE, false);
        assert_eq!(kept(&refusals), (0, 0));
    }
}
