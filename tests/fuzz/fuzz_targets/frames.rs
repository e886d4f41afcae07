//! Syslog's messages from any stream: nothing panics, pieces change nothing, and each message is one bounded line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::line::{Frames, Messages};

const LIMIT: usize = 64;

fn read(bytes: &[u8], piece: usize) -> (Vec<u8>, bool, bool) {
    let (mut frames, mut messages) = (Frames::default(), Messages::new(LIMIT));
    let out_of_step = bytes.chunks(piece).any(|piece| frames.push(piece, &mut messages).is_err());
    let unfinished = !out_of_step && frames.finish(&mut messages).is_err();
    assert_eq!(messages.lines.iter().filter(|byte| **byte == b'\n').count() as u64, messages.count);
    assert!(messages.lines.split(|byte| *byte == b'\n').all(|line| line.len() <= LIMIT + 2));
    (messages.lines, out_of_step, unfinished)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(whole, read(bytes, 1));
    assert_eq!(whole, read(bytes, 7));
});
