//! A line shortened to a width, around what was captured in it.
//!
//! ```text
//!   lead          capture   gap    capture         tail
//!   Dec 10 … sshd Failed for root  from 192.0.2.7  port 22 ssh2
//!   keeps its end  whole    middle  whole          keeps its start
//! ```
//!
//! What is not captured gives way first; captures only when nothing else is left.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::visible::{Glyph, GlyphText, glyphs};

/// A part of an excerpt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// What it is.
    pub(super) ink: Ink,
    /// The text, made visible.
    pub(super) text: String,
}

/// What a part of an excerpt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text as it was logged.
    Plain,
    /// Captured by a pattern.
    Capture,
    /// An escape for something that is not shown.
    Escape,
    /// Stands for text that was left out.
    Cut,
}

/// Which side of a stretch stays when it is shortened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Start,
    End,
    Both,
}

/// What a stretch is to its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lead,
    Gap,
    Tail,
    Capture,
}

/// Who gives way in which order, and how many columns it keeps: the lead is most often a time and a host, which the
/// reader knows; 39 columns are an IPv6 address.
const ORDER: [(Class, usize); 10] = [
    (Class::Lead, 24),
    (Class::Tail, 12),
    (Class::Lead, 12),
    (Class::Gap, 24),
    (Class::Lead, 1),
    (Class::Tail, 1),
    (Class::Gap, 12),
    (Class::Capture, 39),
    (Class::Gap, 1),
    (Class::Capture, 1),
];

/// A stretch of glyphs: a capture, or what stands between captures.
struct Stretch {
    glyphs: Vec<Glyph>,
    captured: bool,
    keep: Keep,
    /// Columns it takes in full.
    full: usize,
    /// Columns it may take.
    width: usize,
}

/// Shortens a text to so many columns; `captures` are spans of its bytes.
pub(super) fn excerpt(text: &[u8], captures: &[(u32, u32)], width: usize) -> Vec<Part> {
    let mut stretches = stretches(text, &spans(captures, text.len()));
    let last = stretches.len().saturating_sub(1);
    let class = |i: usize, stretch: &Stretch| match stretch.captured {
        true => Class::Capture,
        false if i == last => Class::Tail,
        false if i == 0 => Class::Lead,
        false => Class::Gap,
    };
    for (wanted, least) in ORDER {
        shorten(&mut stretches, |i, stretch| class(i, stretch) == wanted, least, width);
    }
    let mut parts = Vec::new();
    stretches.iter().for_each(|stretch| write(stretch, &mut parts));
    parts
}

/// Sorted, joined where they overlap, inside of the text.
fn spans(captures: &[(u32, u32)], length: usize) -> Vec<Range<usize>> {
    let inside = |&(start, end): &(u32, u32)| (start as usize).min(length)..(end as usize).min(length);
    let mut spans: Vec<Range<usize>> = captures.iter().map(inside).filter(|span| !span.is_empty()).collect();
    spans.sort_by_key(|span| (span.start, span.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

fn stretches(text: &[u8], captures: &[Range<usize>]) -> Vec<Stretch> {
    let mut captures = captures.iter().peekable();
    let mut stretches: Vec<Stretch> = Vec::new();
    for glyph in glyphs(text) {
        while captures.next_if(|span| span.end <= glyph.start).is_some() {}
        let capture = captures.peek().filter(|span| span.contains(&glyph.start)).map(|span| span.start);
        let starts = capture == Some(glyph.start);
        match stretches.last_mut().filter(|last| last.captured == capture.is_some() && !starts) {
            Some(last) => {
                last.full += glyph.width;
                last.glyphs.push(glyph);
            }
            None => {
                let keep = match (stretches.is_empty(), capture) {
                    (_, Some(_)) => Keep::Start,
                    (true, None) => Keep::End,
                    (false, None) => Keep::Both,
                };
                let (captured, full) = (capture.is_some(), glyph.width);
                stretches.push(Stretch { glyphs: vec![glyph], captured, keep, full, width: 0 });
            }
        }
    }
    if let Some(last) = stretches.last_mut() {
        // Also where it is the only one: a line without captures keeps its start.
        last.keep = Keep::Start;
    }
    stretches.iter_mut().for_each(|stretch| stretch.width = stretch.full);
    stretches
}

/// Takes columns from the chosen stretches, always from the widest, until all fit or each has `least`.
fn shorten(stretches: &mut [Stretch], chosen: impl Fn(usize, &Stretch) -> bool, least: usize, width: usize) {
    let sum: usize = stretches.iter().map(|stretch| stretch.width).sum();
    for _ in width..sum {
        let own = stretches.iter_mut().enumerate().filter(|(i, stretch)| chosen(*i, stretch));
        match own.map(|(_, stretch)| stretch).max_by_key(|stretch| stretch.width) {
            Some(widest) if widest.width > least => widest.width -= 1,
            _ => return,
        }
    }
}

fn write(stretch: &Stretch, parts: &mut Vec<Part>) {
    let all = &stretch.glyphs[..];
    if stretch.width >= stretch.full {
        return all.iter().for_each(|glyph| push(stretch, glyph, parts));
    }
    // One column is the mark's.
    let room = stretch.width.saturating_sub(1);
    let (head, tail) = match stretch.keep {
        Keep::Start => (room, 0),
        Keep::End => (0, room),
        Keep::Both => (room - room / 2, room / 2),
    };
    taken(all.iter(), head).for_each(|glyph| push(stretch, glyph, parts));
    add(Ink::Cut, "…", parts);
    let kept = taken(all.iter().rev(), tail).count();
    all[all.len() - kept..].iter().for_each(|glyph| push(stretch, glyph, parts));
}

fn taken<'a>(glyphs: impl Iterator<Item = &'a Glyph>, room: usize) -> impl Iterator<Item = &'a Glyph> {
    let mut used = 0;
    glyphs.take_while(move |glyph| {
        used += glyph.width;
        used <= room
    })
}

fn push(stretch: &Stretch, glyph: &Glyph, parts: &mut Vec<Part>) {
    match &glyph.text {
        GlyphText::Escape(escape) => add(Ink::Escape, escape, parts),
        GlyphText::Plain(character) => {
            let ink = if stretch.captured { Ink::Capture } else { Ink::Plain };
            add(ink, character.encode_utf8(&mut [0; 4]), parts);
        }
    }
}

fn add(ink: Ink, text: &str, parts: &mut Vec<Part>) {
    match parts.last_mut().filter(|last| last.ink == ink) {
        Some(last) => last.text.push_str(text),
        None => parts.push(Part { ink, text: text.into() }),
    }
}

/// Breaks an excerpt into lines of so many columns, behind a space if there is one in a line's second half. Nothing is lost
/// by that: what is copied from all of them is what it was.
pub(super) fn lines(parts: &[Part], width: usize) -> Vec<Vec<Part>> {
    let inks = parts.iter().flat_map(|part| part.text.chars().map(|character| (part.ink, character)));
    let all: Vec<(Ink, char)> = inks.collect();
    let mut rest = &all[..];
    let mut lines = Vec::new();
    loop {
        let mut used = 0;
        let fits = |(_, character): &&(Ink, char)| {
            used += character.width().unwrap_or(0);
            used <= width
        };
        let full = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let space = rest[full / 2..full].iter().rposition(|(_, character)| *character == ' ');
        let end = space.filter(|_| full < rest.len()).map_or(full, |space| full / 2 + space + 1);
        let mut line = Vec::new();
        rest[..end].iter().for_each(|(ink, one)| add(*ink, one.encode_utf8(&mut [0; 4]), &mut line));
        lines.push(line);
        rest = &rest[end..];
        if rest.is_empty() {
            return lines;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ink, excerpt, lines};
    use crate::report::visible::columns;

    /// Captures in angle brackets.
    #[track_caller]
    fn check(text: &[u8], captures: &[(u32, u32)], width: usize, expected: &str) {
        let parts = excerpt(text, captures, width);
        let shown = |part: &super::Part| match part.ink {
            Ink::Capture => format!("<{}>", part.text),
            _ => part.text.clone(),
        };
        assert_eq!(parts.iter().map(shown).collect::<String>(), expected);
        assert!(parts.iter().map(|part| columns(&part.text)).sum::<usize>() <= width);
    }

    const LINE: &[u8] =
        b"Dec 10 06:55:48 host sshd[1]: Failed password for root from 192.0.2.7 port 38926 ssh2";
    const CAPTURES: &[(u32, u32)] = &[(50, 54), (60, 69)];

    #[test]
    fn what_fits_is_whole() {
        let whole =
            "Dec 10 06:55:48 host sshd[1]: Failed password for <root> from <192.0.2.7> port 38926 ssh2";
        check(LINE, CAPTURES, 120, whole);
        check(b"", &[], 10, "");
    }

    #[test]
    fn the_lead_gives_way_first_then_the_tail() {
        check(
            LINE,
            CAPTURES,
            84,
            "…c 10 06:55:48 host sshd[1]: Failed password for <root> from <192.0.2.7> port 38926 ssh2",
        );
        check(LINE, CAPTURES, 60, "…1]: Failed password for <root> from <192.0.2.7> port 38926 ssh2");
        check(LINE, CAPTURES, 50, "…iled password for <root> from <192.0.2.7> port 38926…");
    }

    #[test]
    fn captures_stay_when_all_else_is_gone() {
        check(LINE, CAPTURES, 21, "…<root> from <192.0.2.7>…");
        check(LINE, CAPTURES, 20, "…<root> f…m <192.0.2.7>…");
        check(LINE, CAPTURES, 10, "…<root>…<19>……");
    }

    #[test]
    fn without_captures_the_start_stays() {
        check(b"abcdefghijklmnopqrstuvwxyz", &[], 20, "abcdefghijklmnopqrs…");
        check(b"abcdefghijklmnopqrstuvwxyz", &[], 5, "abcd…");
    }

    #[test]
    fn nothing_is_lost_in_lines() {
        let lines = lines(&excerpt(LINE, CAPTURES, usize::MAX), 20);
        let text = |line: &Vec<super::Part>| line.iter().map(|part| part.text.clone()).collect::<String>();
        let texts: Vec<String> = lines.iter().map(text).collect();
        assert_eq!(texts.concat().as_bytes(), LINE);
        assert_eq!(texts[..2], ["Dec 10 06:55:48 ", "host sshd[1]: "]);
        let long = super::lines(&excerpt(&[b'x'; 45], &[(3, 30)], usize::MAX), 20);
        let widths: Vec<usize> = long.iter().map(|line| columns(&text(line))).collect();
        assert_eq!(widths, [20, 20, 5]);
        assert_eq!(super::lines(&[], 20).len(), 1);
        let captured = lines.iter().flatten().filter(|part| part.ink == Ink::Capture);
        assert_eq!(captured.map(|part| &part.text[..]).collect::<String>(), "root192.0.2.7");
    }

    #[test]
    fn an_escape_is_never_cut() {
        check(b"ab\x1b[2Jcd", &[], 7, "ab\\x1b…");
        check(b"ab\x1b[2Jcd", &[], 6, "ab…");
    }

    #[test]
    fn spans_may_overlap_and_lie() {
        check(
            b"root from here",
            &[(0, 4), (2, 9), (10, 4000), (5000, 6000), (3, 3)],
            40,
            "<root from> <here>",
        );
    }
}
