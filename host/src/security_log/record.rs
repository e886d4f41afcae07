use std::path::PathBuf;

use serde_json::{Map, Value};

use super::Head;
use crate::commit::{StoreError, Tenant};

/// A line that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When it happened, nanoseconds since 1970.
    pub at: i64,
    /// Whose it is.
    pub tenant: Tenant,
    /// What happened: `incident.opened`, `silence.added` and so on.
    pub event: String,
    /// The rest, in this order: ids and hashes, no personal data.
    pub fields: Map<String, Value>,
}

/// Which file the log is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where it lies; `None`: nothing was written since that is noted.
    pub path: Option<PathBuf>,
    /// The first record in it: those before are in older files. `None`: it is not known yet.
    pub begins: Option<i64>,
}

/// What a database knows of its log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The last line that is known to be in the file.
    pub head: Option<Head>,
    /// The first record of the file that is written now.
    pub begins: Option<i64>,
    /// Records behind that line: in the file are none, or the first of them.
    pub due: Vec<Record>,
}

/// Where records come from, in the order of their numbers.
pub trait Records: Send + Sync {
    /// The last line that is known to be in the file; before the first, what that hangs on: zeros.
    fn head(&self) -> Result<Option<Head>, StoreError>;

    /// Which file that is.
    fn place(&self) -> Result<Place, StoreError>;

    /// So many records after this number.
    fn after(&self, seq: i64, most: u32) -> Result<Vec<Record>, StoreError>;

    /// All up to this one are in the file at this place, and synced.
    fn written(&self, head: &Head, place: &Place) -> Result<(), StoreError>;
}
