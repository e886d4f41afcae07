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

/// Where records come from, in the order of their numbers.
pub trait Records: Send + Sync {
    /// The last line that is known to be in the file.
    fn head(&self) -> Result<Option<Head>, StoreError>;

    /// So many records after this number.
    fn after(&self, seq: i64, most: u32) -> Result<Vec<Record>, StoreError>;

    /// All up to this one are in the file, and synced.
    fn written(&self, head: &Head) -> Result<(), StoreError>;
}
