//! The database: the one door to SQLite.
//!
//! ```text
//!   check, server ── commit(positions, states, decisions) ─┐
//!   people ───────── act, silence, exception, report ──────┼─► one writer ─► WAL, synced ─► file
//!   deliverer ────── next, finish ─────────────────────────┘   (group commit)
//!   lists, show ───────────────────────────────────────────────► readers beside it
//! ```
//!
//! Every row has its tenant. Who asks needs only the small trait for what they do: [`crate::commit::Store`],
//! [`crate::notices::Outbox`]; people's commands use [`Database`] itself.

mod acts;
mod applying;
mod backup;
mod batches;
mod breakers;
mod clock;
mod committing;
mod confirming;
mod database;
mod departed;
mod digest;
mod due;
mod error;
mod evidence;
mod exceptions;
mod files;
mod growing;
mod held;
mod incidents;
mod known;
mod leasing;
mod leaving;
mod log;
mod looking;
mod migrations;
mod numbers;
mod open;
mod outbox;
mod outcomes;
mod own;
mod own_packs;
mod pages;
mod quotas;
mod readers;
mod redacting;
mod restored;
mod room;
mod rules;
mod scans;
mod schedules;
mod scrubbing;
mod search;
mod signers;
mod silences;
mod standing;
mod states;
mod stored;
mod tails;
mod taking;
mod telling;
mod tenants;
mod timeline;
mod tokens;
mod told;
mod writer;

pub use self::backup::{Checked, CopyError, Restoring, backup, check, restore};
pub use self::database::{Database, DatabaseOptions};
pub use self::due::Due;
pub use self::held::{Held, Hold};
pub use self::log::{Happenings, log_known, note_at};
pub use self::standing::{CommitTimes, Standing};
pub use self::stored::{Stored, StoredKind};
pub use self::told::{OutboxStatus, Told};
