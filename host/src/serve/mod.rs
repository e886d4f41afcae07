//! Lines as they come: followed, matched on all cores, judged in the order of their arrival, committed at barriers.
//!
//! ```text
//!   followed files ─► feeding ─► matchers ─► collecting ──► judges        ┌─► security.log
//!                     fair turns fair turns  arrival's      each some     │
//!                                            order          of the packs  │
//!                                            └── barrier: positions, ─► store ─► telling ─► mail
//!                                                states, decisions
//! ```
//!
//! A tenant whose packs are slow waits for itself: its blocks have room of their own, its patterns and packs give way to
//! others' after some milliseconds and the line or batch they are in, and a barrier is a prefix of what came of each
//! tenant.
//!
//! Channels to the collector are bounded, and what judges are handed is by that room: when the disk is full or the database is held, the collector waits with its commit, the
//! channels fill, and files simply wait. What was not committed is read again after a restart.

mod accounts;
mod batch;
mod bench;
mod bringing;
mod building;
mod collecting;
mod coming;
mod committing;
mod control;
mod event;
mod families;
mod faults;
mod feed;
mod feeding;
mod following;
mod health;
mod input;
mod intake;
mod judging;
mod lanes;
mod matching;
mod modules;
mod naming;
mod out;
mod passing;
mod place;
mod prepared;
mod queue;
mod quotas;
mod remembered;
mod run;
mod scanning;
mod scans;
mod sets;
mod shared;
mod silence;
mod stream;
mod telling;
mod turns;

pub use self::accounts::{Accounts, By, PackCounts, PackUsage, TenantCounts, TenantUsage, Usage};
pub use self::batch::{Batch, Done, Expected, GivenUp, StreamSettings};
pub use self::control::{Change, Control};
pub use self::event::Event;
pub use self::following::Follow;
pub use self::health::{Health, Reason, SourceFigures};
pub use self::intake::{Intake, IntakeLimits, Refused};
pub use self::quotas::Quotas;
pub use self::run::{ServeError, ServeOptions, run};
pub use self::scans::{NotBegun, ScanPlan, Scans, Underway};
pub use self::sets::{PackSet, PackSets};
