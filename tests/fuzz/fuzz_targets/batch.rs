//! A guest reads a batch: every read is checked, whatever the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_abi::{Batch, sub_batch};

fuzz_target!(|bytes: &[u8]| {
    let Ok(batch) = Batch::parse(bytes) else { return };
    let _ = batch.validate();
    for entry in batch.entries().take(1000) {
        let _ = (entry.id(), entry.time(), entry.received(), entry.kind(), entry.log_source(), entry.raw());
        let _ = entry.fields().take(100).count();
        for seen in entry.matches().take(100) {
            (0..seen.captures().min(100)).for_each(|n| _ = seen.capture(n));
        }
    }
    if let Some(part) = sub_batch(bytes, 0, batch.len() / 2) {
        assert_eq!(Batch::parse(&part).map(|part| part.len()), Ok(batch.len() / 2));
    }
});
