//! What a store answers that cannot do what it is asked.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::Tenant;
use crate::quota::OverQuota;

/// Why the store cannot do what it is asked; nothing of it was done.
#[derive(Clone, Debug)]
pub enum StoreError {
    /// No room is left: on the disk, or under the configured limit.
    Full,
    /// Another program has held the database for longer than it was waited for.
    Busy,
    /// The database is of an older version, and another program has had it open for longer than it was waited for.
    InUse,
    /// Another check has run on the database for longer than it was waited for.
    Checking,
    /// The database was written by a newer program.
    Newer {
        /// Its version.
        found: u64,
        /// The newest that this program knows.
        known: u64,
    },
    /// The database was written by an older program: only who writes to it brings it to what this one reads.
    Older {
        /// Its version.
        found: u64,
        /// The one that this program reads.
        known: u64,
    },
    /// There are changes beside the database that only who writes to it can read.
    Unsettled,
    /// The database was opened to look at it.
    OnlyLooking,
    /// The file is something else, or damaged.
    Damaged(String),
    /// Reading or writing failed.
    Io(Arc<dyn Error + Send + Sync>),
    /// The writer has ended.
    Closed,
    /// This tenant has as much stored as it may, or would have. It was told that.
    Over(Tenant, OverQuota),
    /// This tenant was deleted: nothing of it is written any more.
    Departed(Tenant),
    /// The token with this number, with which it is asked, opens nothing any more.
    Revoked(i64),
    /// As many tokens of a tenant are kept as may be, also those that are over.
    Tokens(u64),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Full => f.write_str("expected room for the database, found none"),
            StoreError::Busy => f.write_str("expected to use it, found the database held by another program"),
            StoreError::InUse => f.write_str(
                "expected nobody else to have it open while it is migrated, found another program that has",
            ),
            StoreError::Checking => {
                f.write_str("expected no other check or server on the database, found one that is running")
            }
            StoreError::Newer { found, known } => {
                write!(f, "expected a database of version {known} or older, found version {found}")
            }
            StoreError::Older { found, known } => {
                write!(f, "expected a database of version {known}, found version {found}")
            }
            StoreError::Unsettled => f.write_str(
                "expected a database that is read without writing, found changes beside it that are not in it yet",
            ),
            StoreError::OnlyLooking => f.write_str("expected to write, found a database opened to look at it"),
            StoreError::Damaged(what) => write!(f, "expected a sound database, found {what}"),
            StoreError::Io(error) => write!(f, "cannot use the database: {error}"),
            StoreError::Closed => f.write_str("cannot use the database: its writer has ended"),
            StoreError::Over(_, over) => over.fmt(f),
            StoreError::Departed(tenant) => {
                write!(f, "expected a tenant that is there, found that `{tenant}` was deleted")
            }
            StoreError::Tokens(most) => {
                write!(f, "expected fewer than {most} tokens that are kept of the tenant, also of those that are over")
            }
            StoreError::Revoked(token) => {
                write!(f, "expected a token that holds, found that token {token} was revoked or has run out")
            }
        }
    }
}

impl Error for StoreError {}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            StoreError::Full => Some("make room; the same command goes on where it stopped"),
            StoreError::Busy => Some("find who holds it, or try again: nothing is lost"),
            StoreError::InUse => Some("stop the server and all commands that use it, and run this again"),
            StoreError::Checking => Some(
                "run it again when the other has ended: nothing is lost; a server checks the files that it follows itself",
            ),
            StoreError::Newer { .. } => Some("use the newer program, or a backup from before its migration"),
            StoreError::Older { .. } => {
                Some("`tripline db migrate FILE` brings it there; where it cannot be written, migrate a copy")
            }
            StoreError::Unsettled => Some(
                "`tripline db check FILE`, as its owner, settles them; a copy needs the file with the end -wal, too",
            ),
            StoreError::Damaged(_) => {
                Some("`tripline db check` tells more; `tripline db restore` takes a backup")
            }
            StoreError::Over(..) => Some(
                "incidents can be acknowledged, and resolved without a comment: evidence of what is resolved makes room",
            ),
            StoreError::Departed(_) => {
                Some("the program that deleted it takes nothing of this name until it is started again")
            }
            StoreError::Revoked(_) => Some("`tripline token list` shows which tokens hold"),
            StoreError::Tokens(_) => Some("those that have been over for `[incidents] retention` are let go"),
            StoreError::OnlyLooking | StoreError::Io(_) | StoreError::Closed => None,
        }
    }

    /// Whether trying again later makes sense.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Full | StoreError::Busy | StoreError::Checking)
    }
}
