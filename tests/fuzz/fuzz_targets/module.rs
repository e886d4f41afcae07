//! The host checks a stranger's module without running it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::Pack;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Pack::read(bytes) {
        let _ = error.to_string();
    }
});
