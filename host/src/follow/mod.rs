//! Files that are followed: what is written to them, whatever becomes of them.
//!
//! ```text
//!   app.log      written ──► renamed to app.log.1 ─────────────► read on, until nothing has come for a while
//!   a new file               └► app.log is there again ─────────► read from its start, beside the old one
//!   app.log      copied to app.log.1, cut to nothing ───────────► the copy is read on, the file from its start
//!   app.log.1    packed while nobody followed ──────────────────► unpacked, read on
//!   app.log      is another tenant's from now on ───────────────► read on for that one, where this one's reading ended
//! ```
//!
//! Each file that is open has lines of its own: what is still written to a renamed file never waits for the new one, nor
//! the other way round. A file is known again by device, inode and its first bytes; where reading goes on is in the
//! store.

mod begin;
mod family;
mod followed;
mod held;
mod lying;
mod notes;
mod owner;
mod settings;
mod tail;
mod taking;
mod view;
mod wake;

pub(crate) use self::followed::{Followed, Moment};
pub(crate) use self::held::{Held, lies_at};
pub(crate) use self::lying::Listed;
pub use self::notes::FollowNote;
pub(crate) use self::owner::owner;
pub use self::settings::{FollowSettings, From};
pub(crate) use self::taking::Withheld;
pub(crate) use self::wake::{Wake, Waker};

#[cfg(test)]
mod tests;
