//! Lines from any bytes, decoded: nothing panics, and every place lies in its line or arena.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::decode::Format;
use tripline_engine::event::Event;
use tripline_engine::line::{LineSettings, Lines};

fuzz_target!(|bytes: &[u8]| {
    decode(bytes, None);
    for format in Format::ALL {
        decode(bytes, Some(format));
    }
});

fn decode(bytes: &[u8], format: Option<Format>) {
    let settings = LineSettings { block_bytes: 256, max_bytes: 512, format, ..LineSettings::default() };
    let mut lines = Lines::new(settings);
    bytes.chunks(97).for_each(|chunk| lines.push(chunk));
    lines.finish();
    let mut event = Event::default();
    while let Some(block) = lines.next_block() {
        for line in &block.lines {
            let text = block.text(line);
            block.decoder.decode(text, line.year, &mut event);
            assert_eq!(block.decoder.time(text, line.year), event.time);
            let places = event.fields.iter().map(|field| field.value).chain(event.message);
            for place in places {
                assert_eq!(event.text(text, place).len(), place.len());
                assert!(!place.in_arena || block.decoder.may_change(text));
            }
        }
    }
}
