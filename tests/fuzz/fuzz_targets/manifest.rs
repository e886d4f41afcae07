//! The host reads a stranger's manifest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_abi::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    match Manifest::parse(bytes) {
        Ok(manifest) => {
            assert!(!manifest.rules.is_empty());
            let _ = manifest.field_names();
            let _ = manifest.settings.validate(&Default::default());
        }
        Err(error) => drop(error.to_string()),
    }
});
