//! Syslog's messages out of a stream: the rules by example, and what must hold for any bytes in any pieces.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tripline_engine::event::{Event, Name};
use tripline_engine::line::{Frames, LineSettings, Lines, Messages, Miscounted, Unfinished};

#[derive(Debug, PartialEq)]
struct Read {
    lines: Vec<u8>,
    count: u64,
    cut: u64,
    pushed: Result<(), Miscounted>,
    finished: Option<Result<(), Unfinished>>,
}

fn read(bytes: &[u8], limit: usize, pieces: &[usize]) -> Read {
    let (mut frames, mut messages) = (Frames::default(), Messages::new(limit));
    let mut pieces = pieces.iter().copied().cycle();
    let (mut rest, mut pushed) = (bytes, Ok(()));
    while !rest.is_empty() && pushed.is_ok() {
        let (piece, behind) = rest.split_at(pieces.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        pushed = frames.push(piece, &mut messages);
        rest = behind;
    }
    let finished = pushed.is_ok().then(|| frames.finish(&mut messages));
    let Messages { lines, count, cut, .. } = messages;
    Read { lines, count, cut, pushed, finished }
}

#[track_caller]
fn check(stream: &str, lines: &[&str]) {
    let all = read(stream.as_bytes(), 1000, &[]);
    assert_eq!((&all.pushed, all.finished), (&Ok(()), Some(Ok(()))), "{stream:?}");
    assert_eq!(
        String::from_utf8(all.lines).unwrap(),
        lines.iter().map(|line| format!("{line}\n")).collect::<String>()
    );
    assert_eq!(all.count, lines.len() as u64);
}

#[track_caller]
fn check_out_of_step(stream: &str, lines: &str, found: &str) {
    let all = read(stream.as_bytes(), 1000, &[]);
    assert_eq!(String::from_utf8(all.lines).unwrap(), lines);
    assert_eq!(all.pushed, Err(Miscounted { found: found.into() }), "{stream:?}");
}

#[test]
fn each_message_says_how_it_ends() {
    check("<1>a\n<2>b\n", &["<1>a", "<2>b"]);
    check("4 <1>a4 <2>b", &["<1>a", "<2>b"]);
    check("4 <1>a<2>b\n4 <3>c", &["<1>a", "<2>b", "<3>c"]);
    check("<1>a\0<2>b\0", &["<1>a", "<2>b"]);
    // Some count the line feed, some send one behind what they counted.
    check("5 <1>a\n5 <2>b\n", &["<1>a", "<2>b"]);
    check("4 <1>a\n4 <2>b\n", &["<1>a", "<2>b"]);
    check("<1>a\r\n\r\n\n<2>b", &["<1>a", "<2>b"]);
}

#[test]
fn other_formats_are_lines() {
    check("Oct 11 22:14:15 h p: a\n{\"a\":1}\n", &["Oct 11 22:14:15 h p: a", "{\"a\":1}"]);
    check(
        "2026-10-11T22:14:15Z a\n2026-10-11T22:14:16Z b\n",
        &["2026-10-11T22:14:15Z a", "2026-10-11T22:14:16Z b"],
    );
    check("1700000000 a\n0 b\n12", &["1700000000 a", "0 b", "12"]);
}

#[test]
fn a_message_is_one_line() {
    check("9 <1>a\nb\n\0\n", &["<1>a#012b"]);
    check("7 <1>a\0\0b", &["<1>a\0\0b"]);
    check("1 \n3 \r\n\n4 <1>a", &["<1>a"]);
}

#[test]
fn what_is_out_of_step_is_found() {
    check_out_of_step("4 <1>a4x<2>b", "<1>a\n", "4x<2>b");
    check_out_of_step("3 <1>a\n4 <2>b", "<1>\n", "a\n4 <2>b");
    check_out_of_step("4 <1>a04 <2>b", "<1>a\n", "04 <2>b");
    check_out_of_step("4 <1>a12345678 <2>b", "<1>a\n", "12345678 <2>b");
    // No message is that large, and whoever believed it would read all that comes as one.
    check_out_of_step("1048577 <1>a", "", "1048577 <1>a");
}

#[test]
fn what_is_counted_and_ends_early_is_dropped() {
    for (stream, missing) in [("4 <1>a9 <2>", 6), ("4 <1>a9 ", 9), ("4 <1>a9", 0)] {
        let all = read(stream.as_bytes(), 1000, &[]);
        assert_eq!(
            (all.lines, all.finished),
            (b"<1>a\n".to_vec(), Some(Err(Unfinished { missing }))),
            "{stream:?}"
        );
    }
}

#[test]
fn a_long_message_keeps_its_beginning_and_the_next_one_is_whole() {
    for stream in ["<1>abcdefghij\n<2>b\n", "13 <1>abcdefghij4 <2>b"] {
        let all = read(stream.as_bytes(), 6, &[]);
        assert_eq!((String::from_utf8(all.lines).unwrap(), all.cut), ("<1>abcde\n<2>b\n".into(), 1));
    }
    // Nothing is kept of what is cut, however much comes.
    let (mut frames, mut messages) = (Frames::default(), Messages::new(6));
    for _ in 0..1000 {
        frames.push(&[b'<'; 1000], &mut messages).unwrap();
    }
    assert!(messages.lines.is_empty() && frames.is_within());
    frames.push(b"\n", &mut messages).unwrap();
    assert_eq!((messages.lines.len(), messages.cut), (9, 1));
}

/// Both standards in one stream, and stamps that say neither year nor time zone.
#[test]
fn messages_are_decoded_as_their_source_says() {
    let stream = "<34>Oct 11 22:14:15 web1 su[7]: first\n\
                  64 <34>1 2026-10-11T22:14:15.003+04:00 web2 sshd 24200 - - second\n1\
                  <13>third, without a header\n";
    let all = read(stream.as_bytes(), 1000, &[]);
    assert_eq!((all.pushed, all.finished, all.count), (Ok(()), Some(Ok(())), 3));
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let reference = Some(1_791_800_000_000_000_000); // 2026-10-12
    let mut lines =
        Lines::new(LineSettings { timezone: berlin, reference, join: false, ..LineSettings::default() });
    lines.push(&all.lines);
    lines.quiet();
    let (mut seen, mut event) = (Vec::new(), Event::default());
    while let Some(block) = lines.next_block() {
        for line in &block.lines {
            let text = block.text(line);
            block.decoder.decode(text, line.year, &mut event);
            let of = |name: &str| {
                let field = event
                    .fields
                    .iter()
                    .find(|field| matches!(field.name, Name::Known(known) if known == name));
                field.map_or("-".into(), |field| {
                    String::from_utf8_lossy(event.text(text, field.value)).into_owned()
                })
            };
            let message =
                event.message.map(|place| String::from_utf8_lossy(event.text(text, place)).into_owned());
            let time = event.time.map(|time| Timestamp::from_nanosecond(time.into()).unwrap().to_string());
            seen.push(
                [of("pri"), of("host"), of("program"), message.unwrap(), time.unwrap_or("-".into())]
                    .join(" | "),
            );
        }
    }
    let expected = [
        "34 | web1 | su | first | 2026-10-11T20:14:15Z",
        "34 | web2 | sshd | second#0121 | 2026-10-11T18:14:15.003Z",
        "- | - | - | <13>third, without a header | -",
    ];
    assert_eq!(seen, expected);
}

/// Messages, and how each is framed.
fn framed() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    let byte =
        prop_oneof![Just(b'\n'), Just(0), Just(b'\r'), Just(b'7'), Just(b' '), Just(b'<'), any::<u8>()];
    let text = prop::collection::vec(byte, 0..30).prop_map(|text| [b"<1>", &text[..]].concat());
    prop::collection::vec((text, 0..3_u8), 0..12).prop_map(|messages| {
        let (mut expected, mut stream) = (Vec::new(), Vec::new());
        for (mut text, framing) in messages {
            match framing {
                0 => {
                    stream.extend_from_slice(format!("{} ", text.len()).as_bytes());
                    stream.extend_from_slice(&text);
                }
                ends => {
                    text.retain(|byte| !matches!(byte, b'\n' | 0));
                    stream.extend_from_slice(&text);
                    stream.push(if ends == 1 { b'\n' } else { 0 });
                }
            }
            expected.push(text);
        }
        (expected, stream)
    })
}

/// What a message is as a line, told otherwise.
fn line(message: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = message.to_vec();
    let end = text.len() - text.iter().rev().take_while(|byte| [b'\n', b'\r', 0].contains(byte)).count();
    text[..end].iter().flat_map(|byte| if *byte == b'\n' { b"#012".to_vec() } else { vec![*byte] }).collect()
}

proptest! {
    #[test]
    fn what_was_framed_comes_out((messages, stream) in framed(), pieces in prop::collection::vec(1..20_usize, 1..5)) {
        let all = read(&stream, 1000, &pieces);
        let lines: Vec<u8> = messages.iter().flat_map(|message| [line(message), b"\n".to_vec()].concat()).collect();
        prop_assert_eq!(all, Read {
            lines, count: messages.len() as u64, cut: 0, pushed: Ok(()), finished: Some(Ok(())),
        });
    }

    #[test]
    fn how_the_bytes_are_cut_into_pieces_changes_nothing(
        start in framed(),
        noise in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), Just(b'1'), Just(b'<'), any::<u8>()], 0..60),
        limit in 1..40_usize,
        pieces in prop::collection::vec(1..20_usize, 1..5),
    ) {
        let stream = [start.1, noise].concat();
        let (mut whole, mut cut) = (read(&stream, limit, &[]), read(&stream, limit, &pieces));
        if let (Err(one), Err(other)) = (&mut whole.pushed, &mut cut.pushed) {
            // As much of it as had come.
            prop_assert!(one.found.starts_with(&other.found));
            one.found.clone_from(&other.found);
        }
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn a_message_is_one_line_and_marked_if_it_was_cut(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..10),
        limit in 1..40_usize,
    ) {
        let mut taken = Messages::new(limit);
        messages.iter().for_each(|message| taken.push(message));
        let mut lines = Lines::new(LineSettings { max_bytes: limit, join: false, ..LineSettings::default() });
        // What syslog sends has no byte order mark at its start.
        lines.push(b"\n");
        lines.push(&taken.lines);
        lines.finish();
        let mut seen = Vec::new();
        while let Some(block) = lines.next_block() {
            seen.extend(block.lines.iter().map(|line| (block.text(line).to_vec(), line.cut)));
        }
        let expected: Vec<_> = messages.iter().map(|message| line(message)).filter(|line| !line.is_empty()).collect();
        prop_assert_eq!(seen.len(), expected.len());
        prop_assert_eq!(taken.count, expected.len() as u64);
        prop_assert_eq!(taken.cut, seen.iter().filter(|(_, cut)| *cut).count() as u64);
        for ((text, cut), line) in seen.into_iter().zip(expected) {
            prop_assert_eq!(cut, line.len() > limit);
            prop_assert_eq!(&text[..], &line[..line.len().min(limit)]);
        }
    }
}
