//! Room for bodies that are being read: bounded in all, and for each tenant, so that one leaves some to the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::commit::Tenant;

/// Bytes that may be held.
#[derive(Clone)]
pub(super) struct Room(Arc<Walls>);

struct Walls {
    most: usize,
    most_of_tenant: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: HashMap<Tenant, usize>,
}

/// What one body has of it; given back when it is dropped.
pub(super) struct Share {
    walls: Arc<Walls>,
    tenant: Tenant,
    bytes: usize,
}

/// There is none left.
#[derive(Debug)]
pub(super) struct NoRoom;

impl Room {
    pub(super) fn new(most: usize, most_of_tenant: usize) -> Room {
        Room(Arc::new(Walls { most, most_of_tenant, held: Mutex::default() }))
    }

    /// Bytes that are held.
    pub(super) fn held(&self) -> usize {
        self.0.held().all
    }

    /// A share that holds nothing yet.
    pub(super) fn share(&self, tenant: &Tenant) -> Share {
        Share { walls: Arc::clone(&self.0), tenant: tenant.clone(), bytes: 0 }
    }
}

impl Share {
    /// Holds so many bytes more.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if bytes == 0 {
            return Ok(());
        }
        let mut held = self.walls.held();
        let own = held.by.get(&self.tenant).copied().unwrap_or(0).saturating_add(bytes);
        let all = held.all.saturating_add(bytes);
        if all > self.walls.most || own > self.walls.most_of_tenant {
            return Err(NoRoom);
        }
        held.all = all;
        held.by.insert(self.tenant.clone(), own);
        drop(held);
        self.bytes += bytes;
        Ok(())
    }
}

impl Walls {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.walls.held();
        held.all -= self.bytes;
        if let Some(own) = held.by.get_mut(&self.tenant) {
            *own -= self.bytes;
            if *own == 0 {
                held.by.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_leaves_room_to_others() {
        let room = Room::new(10, 6);
        let (own, other) = (Tenant::new("own").unwrap(), Tenant::new("other").unwrap());
        let mut first = room.share(&own);
        first.grow(4).unwrap();
        let mut second = room.share(&own);
        assert!(second.grow(3).is_err() && second.grow(2).is_ok());
        let mut third = room.share(&other);
        assert!(third.grow(5).is_err() && third.grow(4).is_ok());
        drop(first);
        assert!(third.grow(2).is_ok());
    }
}
