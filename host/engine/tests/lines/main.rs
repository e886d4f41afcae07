//! Bytes become lines: what must hold for any bytes, and the rules by example.

#![allow(clippy::unwrap_used)]

mod framed;
mod joined;
mod years;

use std::io;

use proptest::prelude::*;
use tripline_engine::decode::Format;
use tripline_engine::line::{Block, LineSettings, Lines, Mark};

/// A line as it came out, whatever block it was in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    text: Vec<u8>,
    offset: u64,
    number: u64,
    file: u32,
    year: i16,
    cut: bool,
    format: Format,
    columns: Option<String>,
}

/// The lines of some files, each pushed in pieces of these sizes, in turn.
fn lines_of(settings: &LineSettings, files: &[Vec<u8>], pieces: &[usize]) -> Vec<Seen> {
    lines_by(settings, files, pieces, |lines, piece| {
        lines.push(piece);
        piece.len()
    })
}

/// The same, read by the lines themselves.
fn lines_read(settings: &LineSettings, files: &[Vec<u8>], pieces: &[usize]) -> Vec<Seen> {
    lines_by(settings, files, pieces, |lines, piece| lines.read(&mut &*piece).unwrap())
}

fn lines_by(
    settings: &LineSettings,
    files: &[Vec<u8>],
    pieces: &[usize],
    mut bring: impl FnMut(&mut Lines, &[u8]) -> usize,
) -> Vec<Seen> {
    let mut lines = Lines::new(settings.clone());
    let mut seen = Vec::new();
    let mut pieces = pieces.iter().copied().cycle();
    for file in files {
        let mut rest = &file[..];
        while !rest.is_empty() {
            let piece = pieces.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            let came = bring(&mut lines, &rest[..piece]);
            rest = &rest[came..];
            take(&mut lines, &mut seen);
        }
        assert_eq!(lines.read(&mut io::empty()).unwrap(), 0);
        lines.end_of_file();
    }
    lines.finish();
    take(&mut lines, &mut seen);
    assert!(lines.next_block().is_none());
    seen
}

/// Whether events of this format do not end where lines do.
fn is_framed(format: Format) -> bool {
    matches!(format, Format::Records | Format::Journal)
}

fn take(lines: &mut Lines, seen: &mut Vec<Seen>) {
    while let Some(block) = lines.next_block() {
        see(&block, seen);
        lines.reuse(block);
    }
}

fn see(block: &Block, seen: &mut Vec<Seen>) {
    let mut end = 0;
    for line in &block.lines {
        assert!(end <= line.start && line.start < line.end, "{line:?} in order and not empty");
        assert_eq!((block.from.file, block.after.file), (line.file, line.file), "no block spans files");
        end = line.end;
        seen.push(Seen {
            text: block.text(line).to_vec(),
            offset: line.offset,
            number: line.number,
            file: line.file,
            year: line.year,
            cut: line.cut,
            format: block.decoder.format(),
            columns: block.decoder.columns().map(|columns| columns.to_string()),
        });
    }
}

/// The lines from a mark on.
fn lines_from(settings: &LineSettings, files: &[Vec<u8>], mark: &Mark) -> Vec<Seen> {
    let mut lines = Lines::new(settings.clone());
    let mut seen = Vec::new();
    lines.resume(mark);
    for (number, file) in files.iter().enumerate().skip(mark.file as usize) {
        let start = if number == mark.file as usize { mark.offset as usize } else { 0 };
        lines.push(&file[start..]);
        lines.end_of_file();
    }
    take(&mut lines, &mut seen);
    seen
}

/// The lines of files without joining, straight from the definition.
fn plain_lines(files: &[Vec<u8>], max_bytes: usize) -> Vec<(Vec<u8>, u64, u64, u32, bool)> {
    let mut lines = Vec::new();
    for (file, bytes) in files.iter().enumerate() {
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut offset = mark;
        for (number, raw) in bytes[mark..].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let text = raw.strip_suffix(b"\n").map_or(raw, |line| line.strip_suffix(b"\r").unwrap_or(line));
            let kept = &text[..text.len().min(max_bytes)];
            if !kept.is_empty() {
                lines.push((kept.to_vec(), offset as u64, number as u64 + 1, file as u32, kept != text));
            }
            offset += raw.len();
        }
    }
    lines
}

const PARTS: &[&str] = &[
    "Dec 31 23:59:59 h a: x\n",
    "Jan  1 00:00:01 h a: x\n",
    "Dec 25 00:00:00 h a: x\n",
    "Jul  4 00:00:00 h a: x\n",
    "<34>Jan  1 00:00:00 h a: x\n",
    "<34>Jul  1 00:00:00 h a: x\n",
    " Dec 31 23:59:59 h a: x\n",
    "2024-01-01 12:00:00 x\n",
    "{\"a\":1}\n",
    "{\"a\":1}\n",
    "  at x\n",
    "\tat x\n",
    " ",
    "\t",
    "Caused by: x\n",
    "Suppressed: x\n",
    "text\n",
    "text",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "Traceback (most recent call last):\n",
    "E: Traceback (most recent call last):\n",
    "ValueError: x\n",
    "\0",
    "\u{feff}",
    "\u{feff}",
    "é",
    "Feb 29 12:00:00 h a: x\n",
    "#Fields: date time c-ip\n",
    "#Fields: c-ip\n",
    "#Fields: \u{e9}\n",
    "#Fields: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b\r\n",
    "#Version: 1.0\n",
    "{\"Records\":[",
    "{\"Records\":[{\"a\":[1,{}]},",
    "{\"more\":\"x\",\"events\" : [",
    "[{\"a\":[1,{}]},",
    "[\r\n",
    "]\n",
    "{\"a\":\"]}\\\"\"},\n",
    "],\"next\":[1],\"value\":[",
    "]}",
    "\"x",
    "true,",
    "__CURSOR=s=1\n",
    "MESSAGE=text\n",
    "MESSAGE\n\u{3}\0\0\0\0\0\0\0a\n\n\n",
    "MESSAGE\n\u{3}\0\0\0\0\0\0\u{7f}a\n\n\n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
];

fn files() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let parts = prop::collection::vec(prop::sample::select(PARTS), 0..160)
        .prop_map(|parts| parts.concat().into_bytes());
    let bytes = prop::collection::vec(prop::sample::select(&b"\n\n\r \tab\xef\xbb\xbf\x00"[..]), 0..60);
    prop::collection::vec(prop_oneof![3 => parts, 1 => bytes], 0..4)
}

fn settings() -> impl Strategy<Value = LineSettings> {
    let format = prop::option::of(prop::sample::select(&Format::ALL[..]));
    let sizes = (1usize..120, any::<bool>(), 1usize..6, 1usize..300);
    (sizes, format, prop::option::of(1990i16..2030), prop::option::of(0i64..1_800_000_000)).prop_map(
        |((max_bytes, join, max_joined, block_bytes), format, year, reference)| LineSettings {
            max_bytes,
            join,
            max_joined,
            block_bytes,
            format,
            year,
            reference: reference.map(|seconds| seconds * 1_000_000_000),
            ..LineSettings::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// Neither pushes nor blocks show in the lines.
    #[test]
    fn cuts_do_not_matter(
        settings in settings(), files in files(), pieces in prop::collection::vec(1usize..50, 1..8), block in 1usize..500,
    ) {
        let whole = lines_of(&settings, &files, &[]);
        prop_assert_eq!(&lines_of(&settings, &files, &pieces), &whole);
        prop_assert_eq!(&lines_of(&settings, &files, &[1]), &whole);
        prop_assert_eq!(&lines_read(&settings, &files, &pieces), &whole);
        prop_assert_eq!(&lines_read(&settings, &files, &[]), &whole);
        let settings = LineSettings { block_bytes: block, ..settings };
        prop_assert_eq!(&lines_of(&settings, &files, &pieces), &whole);
        prop_assert_eq!(&lines_read(&settings, &files, &pieces), &whole);
    }

    /// Without joining, lines are what the definition says.
    #[test]
    fn lines_are_lines(settings in settings(), files in files(), pieces in prop::collection::vec(1usize..50, 1..8)) {
        let settings = LineSettings { join: false, ..settings };
        let seen = lines_of(&settings, &files, &pieces);
        prop_assume!(!settings.format.is_some_and(is_framed) && !seen.iter().any(|line| is_framed(line.format)));
        let seen = seen.into_iter();
        let seen: Vec<_> = seen.map(|line| (line.text, line.offset, line.number, line.file, line.cut)).collect();
        prop_assert_eq!(seen, plain_lines(&files, settings.max_bytes));
    }

    /// Reading broken off behind any event, and taken up at the mark, gives the events that are left.
    #[test]
    fn any_block_can_be_read_on(
        settings in settings(), files in files(), block in any::<prop::sample::Index>(), within in any::<prop::sample::Index>(),
    ) {
        let mut lines = Lines::new(settings.clone());
        let mut blocks = Vec::new();
        for file in &files {
            lines.push(file);
            lines.end_of_file();
        }
        while let Some(block) = lines.next_block() {
            blocks.push(block);
        }
        prop_assume!(!blocks.is_empty());
        let number = block.index(blocks.len());
        let block = &blocks[number];
        if let Some(next) = blocks.get(number + 1).filter(|next| next.from.file == block.after.file) {
            prop_assert_eq!(&next.from, &block.after);
        }
        let done = within.index(block.lines.len() + 1);
        let mark = match done {
            0 => block.from.clone(),
            all if all == block.lines.len() => block.after.clone(),
            some => Mark { judged: block.lines[some - 1].offset + 1, ..block.from.clone() },
        };
        let mut left = Vec::new();
        blocks[number..].iter().for_each(|block| see(block, &mut left));
        prop_assert_eq!(lines_from(&settings, &files, &mark), left.split_off(done));
    }

    /// What has settled stays, whether the rest comes to the same lines or to a next run.
    #[test]
    fn a_source_that_grows_gives_the_same_lines(
        settings in settings(), files in files(), format in prop::sample::select(&Format::ALL[..]), cut in any::<prop::sample::Index>(),
    ) {
        let settings = LineSettings { format: Some(format), ..settings };
        let mut files = files;
        let whole = lines_of(&settings, &files, &[]);
        let Some(last) = files.pop() else { return Ok(()) };
        let (first, rest) = last.split_at(cut.index(last.len() + 1));
        let mut lines = Lines::new(settings.clone());
        for file in &files {
            lines.push(file);
            lines.end_of_file();
        }
        lines.push(first);
        lines.settle();
        let mut seen = Vec::new();
        take(&mut lines, &mut seen);
        let (mark, settled) = (lines.mark(), seen.clone());
        lines.push(rest);
        lines.finish();
        take(&mut lines, &mut seen);
        prop_assert_eq!(&seen, &whole);
        files.push(last.clone());
        prop_assert_eq!([settled, lines_from(&settings, &files, &mark)].concat(), whole);
    }

    /// Joining loses nothing, keeps its bounds, and never takes in a line with a date of its own.
    #[test]
    fn joining_loses_nothing(settings in settings(), files in files()) {
        let settings = LineSettings { join: true, ..settings };
        let joined = lines_of(&settings, &files, &[]);
        prop_assume!(!settings.format.is_some_and(is_framed) && !joined.iter().any(|line| is_framed(line.format)));
        let mut parts = Vec::new();
        for line in &joined {
            let texts: Vec<_> = line.text.split(|byte| *byte == b'\n').collect();
            prop_assert!(texts.len() <= settings.max_joined && line.text.len() <= settings.max_bytes);
            for (i, text) in texts.iter().enumerate() {
                let text = if i + 1 < texts.len() { text.strip_suffix(b"\r").unwrap_or(text) } else { text };
                let dated = text.trim_ascii_start().starts_with(b"Dec 31") && text.trim_ascii_start().len() > 15;
                let fixed = settings.format.is_some_and(|format| format != Format::Rfc3164);
                prop_assert!(i == 0 || !dated || fixed, "{:?}", line.text.escape_ascii().to_string());
                parts.push((text.to_vec(), line.number + i as u64, line.file));
            }
        }
        let plain = plain_lines(&files, settings.max_bytes).into_iter();
        let plain: Vec<_> = plain.map(|(text, _, number, file, _)| (text, number, file)).collect();
        prop_assert_eq!(parts, plain);
    }
}

#[test]
fn carriage_returns_and_marks() {
    let files = [
        b"\xef\xbb\xbfone\r\ntwo\r\r\n\r\nthree\r".to_vec(),
        b"\xef\xbb".to_vec(),
        b"\xef\xbb\xbf\n4".to_vec(),
    ];
    let seen = lines_of(&LineSettings::default(), &files, &[1]).into_iter();
    let seen: Vec<_> = seen
        .map(|line| (line.text.escape_ascii().to_string(), line.offset, line.number, line.file))
        .collect();
    let expected = [
        ("one", 3, 1, 0),
        ("two\\r", 8, 2, 0),
        ("three\\r", 16, 4, 0),
        ("\\xef\\xbb", 0, 1, 1),
        ("4", 4, 2, 2),
    ];
    assert_eq!(seen, expected.map(|(text, offset, number, file)| (text.to_owned(), offset, number, file)));
}

/// A line without end is kept to its longest, and what follows it is right.
#[test]
fn an_endless_line_is_cut() {
    let mut lines = Lines::new(LineSettings::default());
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..256 {
        lines.push(&piece);
        assert!(lines.next_block().is_none());
    }
    lines.push(b"\nnext\n");
    lines.finish();
    let block = lines.next_block().unwrap();
    assert!(block.bytes.len() < 400 * 1024, "{}", block.bytes.len());
    let [first, second] = block.lines[..] else { panic!("{:?}", block.lines) };
    assert_eq!((block.text(&first).len(), first.cut, first.offset, first.number), (100 * 1024, true, 0, 1));
    assert_eq!(
        (block.text(&second), second.cut, second.offset, second.number),
        (&b"next"[..], false, (256 << 20) + 1, 2)
    );
}

/// Also of lines that need no more than a look, as all of these but the first.
#[test]
fn a_block_is_full_at_the_next_event() {
    let line = "2024-01-01 12:00:00 h a: text\n";
    for (join, piece) in [(true, 1), (true, 7), (true, 3000), (false, 7)] {
        let settings =
            LineSettings { join, block_bytes: 100, format: Some(Format::Iso), ..LineSettings::default() };
        let mut lines = Lines::new(settings);
        line.repeat(40).as_bytes().chunks(piece).for_each(|piece| lines.push(piece));
        let blocks: Vec<_> = std::iter::from_fn(|| lines.next_block()).collect();
        assert_eq!(blocks.len(), 9, "{join}, pieces of {piece}");
        assert!(blocks.iter().all(|block| (block.lines.len(), block.bytes.len()) == (4, 4 * line.len())));
    }
}

#[test]
fn empty_lines_cost_nothing() {
    let mut lines = Lines::new(LineSettings::default());
    let piece = vec![b'\n'; 1 << 20];
    for _ in 0..16 {
        lines.push(&piece);
        while let Some(block) = lines.next_block() {
            // It only says how far they reach.
            assert!(block.bytes.is_empty() && block.lines.is_empty());
        }
    }
    lines.push(b"text");
    lines.finish();
    let block = lines.next_block().unwrap();
    assert_eq!((block.lines[0].number, block.lines[0].offset), ((16 << 20) + 1, 16 << 20));
}

#[test]
fn the_format_is_what_most_lines_are() {
    let iso = "2024-01-01 12:00:00 x\n  at y\n  at y\n  at y\ntext\n2024-01-01 12:00:00 x\n";
    let table = [
        ("", None),
        ("text\n", Some(Format::Plain)),
        (iso, Some(Format::Iso)),
        ("Dec 10 06:55:46 h a: x", Some(Format::Rfc3164)),
        ("<34>1 - - - - - -\n", Some(Format::Rfc5424)),
        ("\n\n{\"a\":1}\n{\"a\":2", Some(Format::Json)),
        ("{\"a\":1\n{\"a\":2}\nDec 10 06:55:46 h a: x\nDec 10 06:55:46 h a: x\n", Some(Format::Rfc3164)),
    ];
    for (log, format) in table {
        let seen = lines_of(&LineSettings::default(), &[log.as_bytes().to_vec()], &[]);
        assert_eq!(seen.first().map(|line| line.format), format, "{log:?}");
    }
    let given = LineSettings { format: Some(Format::Plain), ..LineSettings::default() };
    assert_eq!(lines_of(&given, &[iso.into()], &[])[0].format, Format::Plain);
}

/// 64 lines or 64 KiB decide, however they come; what is behind them does not.
#[test]
fn the_sample_is_bounded() {
    let iso = "2024-01-01 12:00:00 x\n".repeat(200);
    let long = format!("{}\n", "x".repeat(30 * 1024));
    let table = [
        ("text\n".repeat(64) + &iso, Format::Plain),
        ("text\n".repeat(31) + &iso, Format::Iso),
        ("\n".repeat(70) + &"text\n".repeat(31) + &iso, Format::Iso),
        (long.repeat(3) + &iso, Format::Plain),
        (long.clone() + &iso, Format::Iso),
        ("x".repeat(200 * 1024) + "\n" + &iso, Format::Plain),
    ];
    for (log, format) in table {
        let files = [log.into_bytes()];
        for pieces in [&[][..], &[1][..], &[7, 65_536, 3]] {
            let seen = lines_of(&LineSettings::default(), &files, pieces);
            assert!(seen.iter().all(|line| line.format == format), "{format} {:?}", seen[0]);
        }
    }
}
