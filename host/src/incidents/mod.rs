//! Incidents: what a decision becomes when it is kept.
//!
//! ```text
//!                 ┌────────────── expires ──────────────┐
//!                 ▼                                     │
//!   decision ─► open ── acknowledge ─► acknowledged ────┘
//!                 │                        │
//!                 └──────── resolve ───────┴──► resolved ── the next decision opens a new generation
//! ```
//!
//! Here is what happens to an incident, as plain functions of it and of the time; [`crate::store`] keeps it. Times
//! of events are the logs' own. Timers (acknowledgements, quiet, silences) run on recording time.

mod act;
mod exception;
mod filter;
pub(crate) mod given;
mod id;
mod incident;
mod occurrence;
mod outcome;
mod policy;
mod redact;
mod report;
mod silence;
mod state;
mod timeline;

pub use self::act::{Act, ActError};
pub use self::exception::{Effect, Exception, NetworkError, NewException, Place};
pub use self::filter::{Cursor, Filter, Page};
pub use self::given::GivenError;
pub use self::id::{Fingerprint, OccurrenceId};
pub use self::incident::{Evidence, Incident, Opened};
pub use self::occurrence::{Folded, Fresh};
pub use self::outcome::Outcome;
pub use self::policy::{IncidentLimits, Policy, ResolveAfter};
pub use self::redact::Redaction;
pub use self::report::Report;
pub use self::silence::{NewSilence, Silence};
pub use self::state::{Resolution, State};
pub use self::timeline::{Entry, Happening};
pub use crate::actor::{Actor, Origin};
