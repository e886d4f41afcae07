//! What a pack's source uses: `use tripline_sdk::prelude::*`.

pub use crate::state::{Cooldown, DistinctCount, Sequence, SlidingCount};
pub use crate::{Decision, Event, EventId, Severity, State, Text};
