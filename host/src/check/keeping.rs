//! Where what a check decides is kept, and how often.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tripline_abi::SettingValue;
use tripline_engine::Configured;

use crate::commit::{Store, Tenant};

/// Where barriers are committed, and when there is one: whatever comes first. The last is at the end.
#[derive(Clone)]
pub struct Keeping {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Whose data it is.
    pub tenant: Tenant,
    /// So long after the last, at the next block. One second.
    pub every: Duration,
    /// After about so many decisions: all of them wait in memory, and those of the barrier before until they are on disk.
    /// 4,096.
    pub decisions: u64,
    /// Bytes of a block, after which there may be one at the earliest. 1 MiB.
    pub block_bytes: usize,
}

impl Keeping {
    /// With every bound at its default.
    pub fn new(store: Arc<dyn Store>, tenant: Tenant) -> Keeping {
        Keeping { store, tenant, every: Duration::from_secs(1), decisions: 4096, block_bytes: 1024 * 1024 }
    }
}

/// Something about an input that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputNote {
    /// Which, as it was named.
    pub path: PathBuf,
    /// What.
    pub change: Change,
}

/// What became of a file since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is shorter than it was.
    Cut,
    /// It begins otherwise.
    Replaced,
}

impl fmt::Display for InputNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.change {
            Change::Cut => {
                write!(f, "{path} was cut: what was written between the last read and the cut may be lost")
            }
            Change::Replaced => {
                write!(
                    f,
                    "{path} is another file now: what was written to the one before since the last read may be lost"
                )
            }
        }
    }
}

/// SHA-256 of a pack's settings as JSON, in the manifest's order.
pub(crate) fn settings_digest(configured: &Configured) -> [u8; 32] {
    let settings = configured.settings.iter();
    let settings: Vec<Value> =
        settings.map(|(name, value)| Value::from(vec![name.as_str().into(), json(value)])).collect();
    Sha256::digest(Value::from(settings).to_string()).into()
}

fn json(value: &SettingValue) -> Value {
    match value {
        SettingValue::Bool(value) => (*value).into(),
        SettingValue::Integer(value) => (*value).into(),
        SettingValue::Number(value) => (*value).into(),
        SettingValue::Text(value) => value.as_str().into(),
        SettingValue::List(values) => values.iter().map(json).collect(),
    }
}
