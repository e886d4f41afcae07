//! security.log: one JSON object a line, each with the hash of the one before it.
//!
//! ```text
//!   {"seq":1,…,"prev":"000…0","hash":"a1…"}      hash = SHA-256 of the line's bytes from `{` to before `,"hash"`
//!                       ┌──────────────┘
//!   {"seq":2,…,"prev":"a1…","hash":"b7…"}        so a line that is changed, removed or moved breaks the chain
//!                       ┌──────────────┘
//!   {"seq":3,…,"prev":"b7…","hash":"c0…"}  ◄──── the database keeps the last number and hash: a cut-off end shows
//! ```
//!
//! It is fed from the database by record number: no gap, none twice. It goes on across files when it is rotated, also
//! between a crash and the next start.
//!
//! Until somebody wants a file, the newest 100,000 records wait for one; it begins with the oldest of them.

mod chain;
mod due;
mod file;
mod record;
mod rotated;
mod verify;

pub use self::chain::Head;
pub use self::file::{SecurityLog, SecurityLogError};
pub use self::record::{Record, Records};
pub use self::verify::{Finding, Problem, Verified, verify};
