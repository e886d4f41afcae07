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
//! between a crash and the next start. The database knows which file it is: another one, or one that ends with the line of
//! somebody else, is left alone, since two chains in one file, or one chain in two, could never be told apart again.
//!
//! Until somebody wants a file, the newest 100,000 records wait for one; it begins with the oldest of them.

mod chain;
mod counted;
mod deed;
mod due;
mod file;
mod record;
mod rotated;
mod verify;

pub use self::chain::Head;
pub(crate) use self::chain::hex;
pub(crate) use self::counted::Counted;
pub use self::deed::Deed;
pub(crate) use self::deed::Refused;
pub(crate) use self::file::place;
pub use self::file::{SecurityLog, SecurityLogError};
pub use self::record::{Known, Place, Record, Records};
pub(crate) use self::rotated::last;
pub use self::verify::{Finding, Problem, Verified, verify};
