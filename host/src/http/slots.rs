//! Streams that are open at the same time: each holds a connection, and asks the database again and again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::commit::Tenant;
use crate::token::Token;

/// Streams of one token.
const OF_TOKEN: usize = 4;
/// Streams of one tenant, however many tokens it has.
const OF_TENANT: usize = 16;
/// Streams in all.
const ALL: usize = 64;

/// Places for streams.
#[derive(Clone, Default)]
pub(super) struct Slots(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: usize,
    by_tenant: HashMap<Tenant, usize>,
    by_token: HashMap<i64, usize>,
}

/// One place; free again when it is dropped.
pub(super) struct Slot {
    slots: Slots,
    tenant: Tenant,
    token: i64,
}

impl Slots {
    /// A place for a stream of this token; `None`: there is none left for it, for its tenant, or for all.
    pub(super) fn take(&self, token: &Token) -> Option<Slot> {
        let (tenant, token) = (token.tenant.clone(), token.id);
        let mut taken = self.lock();
        let of_tenant = taken.by_tenant.get(&tenant).copied().unwrap_or(0);
        let of_token = taken.by_token.get(&token).copied().unwrap_or(0);
        if taken.all >= ALL || of_tenant >= OF_TENANT || of_token >= OF_TOKEN {
            return None;
        }
        taken.all += 1;
        taken.by_tenant.insert(tenant.clone(), of_tenant + 1);
        taken.by_token.insert(token, of_token + 1);
        Some(Slot { slots: self.clone(), tenant, token })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.all -= 1;
        one_less(&mut taken.by_tenant, &self.tenant);
        one_less(&mut taken.by_token, &self.token);
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;
    use crate::token::Scope;

    fn token(id: i64, tenant: &str) -> Token {
        let (name, author) = (String::from("t"), String::from("tests"));
        let tenant = Tenant::new(tenant).unwrap();
        Token { id, tenant, name, scope: Scope::Reader, created: 0, author, expires: None, revoked: None }
    }

    #[test]
    fn tokens_and_tenants_leave_places_to_others_and_all_are_bounded() {
        let slots = Slots::default();
        let one = token(1, "loud");
        let mut own: Vec<Slot> = (0..OF_TOKEN).map(|_| slots.take(&one).unwrap()).collect();
        assert!(slots.take(&one).is_none());
        own.pop();
        own.extend(slots.take(&one));
        own.extend((2..).map_while(|id| slots.take(&token(id, "loud"))));
        assert_eq!(own.len(), OF_TENANT);
        let quiet = |id: i64| token(id, &format!("quiet-{}", id % 10));
        let others: Vec<Slot> = (100..).map_while(|id| slots.take(&quiet(id))).collect();
        assert_eq!(own.len() + others.len(), ALL);
        drop((own, others));
        let taken = slots.lock();
        assert!(taken.all == 0 && taken.by_tenant.is_empty() && taken.by_token.is_empty());
    }
}
