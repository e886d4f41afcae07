//! A pack with the operator's settings.

use std::sync::Arc;

use tripline_abi::SettingValue;
use tripline_abi::manifest::SettingsError;

use crate::Pack;

/// A pack whose settings were checked against its manifest.
#[derive(Clone)]
pub struct Configured {
    /// The pack.
    pub pack: Arc<Pack>,
    /// Its settings in the manifest's order, defaults filled in.
    pub settings: Vec<(String, SettingValue)>,
}

impl Configured {
    /// A pack with these settings; what is not given takes its default.
    pub fn new(
        pack: Arc<Pack>,
        given: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Configured, SettingsError> {
        let settings = pack.manifest().settings.validate(given)?;
        Ok(Configured { pack, settings })
    }
}
