//! The threads that build what tenants' lines are matched by, where that was not built yet: a server that begins again knows
//! packs that were pushed long ago, and makes nothing of them before a line comes.
//!
//! ```text
//!   matcher ── set of packs, lane held ──► builder ── built, or given up ──► the lane goes on
//! ```

use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::lanes::Held;
use super::sets::PackSet;

/// Threads: a set that takes long leaves the others one.
pub(super) const BUILDERS: usize = 2;

/// A set that a tenant's lines wait for.
pub(super) struct Build {
    pub(super) set: Arc<PackSet>,
    /// The tenant's lane, which goes on when this is dropped.
    pub(super) held: Held,
}

/// Builds until nobody asks for it any more.
pub(super) fn run(builds: &Receiver<Build>) {
    for Build { set, held } in builds {
        set.matcher();
        drop(held);
    }
}
