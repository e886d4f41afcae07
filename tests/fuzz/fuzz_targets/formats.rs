//! Lines of each format, from any bytes: pieces change nothing, nor does where reading is broken off and taken up again, and no line
//! is longer than it may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::decode::Format;
use tripline_engine::line::{LineSettings, Lines, Mark};

const LONGEST: usize = 96;

/// What comes out of a line, whatever block it was in.
type Seen = (Vec<u8>, u64, u64, i16, bool, Format);

/// The lines from a mark on, and where each block could be read on.
fn read(
    bytes: &[u8],
    format: Option<Format>,
    from: Option<&Mark>,
    piece: usize,
) -> (Vec<Seen>, Vec<(usize, Mark)>) {
    let settings = LineSettings { block_bytes: 64, max_bytes: LONGEST, format, ..LineSettings::default() };
    let mut lines = Lines::new(settings);
    if let Some(mark) = from {
        lines.resume(mark);
    }
    let (mut seen, mut marks) = (Vec::new(), Vec::new());
    let mut take = |lines: &mut Lines| {
        while let Some(block) = lines.next_block() {
            for line in &block.lines {
                let text = block.text(line).to_vec();
                assert!(!text.is_empty() && text.len() <= LONGEST);
                seen.push((text, line.offset, line.number, line.year, line.cut, block.decoder.format()));
            }
            if block.after.file == 0 {
                marks.push((seen.len(), block.after));
            }
        }
    };
    for piece in bytes[from.map_or(0, |mark| mark.offset as usize)..].chunks(piece) {
        lines.push(piece);
        take(&mut lines);
    }
    lines.finish();
    take(&mut lines);
    (seen, marks)
}

fuzz_target!(|bytes: &[u8]| {
    for format in Format::ALL.into_iter().map(Some).chain([None]) {
        let (whole, marks) = read(bytes, format, None, usize::MAX);
        for piece in [1, 7] {
            assert_eq!(read(bytes, format, None, piece).0, whole, "{format:?}");
        }
        // As it is kept between two runs.
        for (done, mark) in [marks.first(), marks.get(marks.len() / 2)].into_iter().flatten() {
            let layout = mark.format.as_ref().map(|layout| layout.to_string().parse().expect("a layout"));
            let mark = Mark { format: layout, ..mark.clone() };
            assert_eq!(
                read(bytes, format, Some(&mark), usize::MAX).0,
                whole[*done..],
                "{format:?} from {mark:?}"
            );
        }
    }
});
