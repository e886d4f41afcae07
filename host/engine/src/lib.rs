//! From a line to folded incidents. Portable: no clock, no disk, no network, no threads of its own.
//!
//! The stages, in the order in which a line meets them:
//!
//! ```text
//!  bytes ─► line ─► matcher ─────────────────────────► merge ─► judge ──────────────────► fold ─► incidents
//!           split,  pattern::Index, decode, verify     by time  batch, sandbox, reply     equal decisions
//!           joined  any number of threads              in order, each pack by itself      join
//! ```
//!
//! - [`mod@line`]: bytes cut into lines; the source's format and years.
//! - [`matcher`]: which events wake which pack, with what matches and captures ([`pattern`], [`decode`]).
//! - [`merge`]: several sources as one sequence.
//! - [`judge`]: batches, instances, faults; a pack runs behind [`sandbox::Sandbox`].
//! - [`fold`]: equal decisions become one incident.
//! - [`Check`]: all of it in one thread.
//!
//! A pack is read and checked by [`Pack`], without running anything; [`Configured`] adds the operator's settings.

pub mod cases;
mod check;
pub mod clock;
mod configured;
pub mod decision;
pub mod decode;
mod describe;
pub mod event;
mod fault;
pub mod fold;
mod id;
pub mod judge;
pub mod line;
pub mod matcher;
pub mod merge;
mod native;
mod numbers;
mod pack;
pub mod pattern;
pub mod sandbox;

pub use check::{Check, Onlooker, PackReport, Report, deliver, suspensions};
pub use configured::Configured;
pub use describe::{describe, without_literals};
pub use fault::{Fault, PackFault};
pub use id::Position;
pub use native::Native;
pub use numbers::Numbers;
pub use pack::{NotAModule, Pack, PackError, PackLimits};

/// The contract with packs.
pub use tripline_abi as abi;
