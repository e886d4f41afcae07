//! A case file of somebody else's pack.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::cases::Case;

fuzz_target!(|bytes: &[u8]| {
    let _ = Case::parse(bytes);
});
