//! A guest reads its settings and state.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_abi::{Open, Value};

fuzz_target!(|bytes: &[u8]| {
    let Ok(open) = Open::parse(bytes) else { return };
    for setting in open.settings() {
        if let Value::List(values) = setting.value {
            let _ = values.count();
        }
    }
    let _ = (open.state(), open.state_version(), open.setting("words"));
});
