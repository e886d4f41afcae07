//! What a stranger's regex costs at worst, tried before it meets a line.
//!
//! A linear engine is not a cheap one: a small regex can take milliseconds for one value. So each is tried on texts
//! that are as long as a value may be and that keep it busy: near misses of its own shape, and runs of one kind.

use std::time::Duration;

use regex_syntax::hir::{Class, Hir, HirKind};
use tripline_abi::manifest::{Pattern, PatternKind};

use super::compiled::{Compiled, Scratch};
use crate::clock::Clock;

/// Times each text is tried: the quickest counts, for a busy machine is no fault of a regex.
const TRIES: usize = 3;
/// Repetitions spelled out in a text, per repetition of the regex.
const MAX_REPEATS: u32 = 64;

/// The time that the dearest text takes a pattern; zero for lists, whose cost is known.
pub(crate) fn worst(
    pattern: &Pattern,
    compiled: &Compiled,
    value_bytes: usize,
    clock: &dyn Clock,
    stop_at: Duration,
) -> Duration {
    let PatternKind::Regex { regex, unicode } = &pattern.kind else { return Duration::ZERO };
    let parser = regex_syntax::ParserBuilder::new()
        .unicode(*unicode)
        .utf8(false)
        .case_insensitive(pattern.case_insensitive)
        .build()
        .parse(regex);
    let mut scratch = Scratch::default();
    let mut worst = Duration::ZERO;
    for text in texts(parser.ok().as_ref(), value_bytes) {
        // The first search builds the lazy automaton, which happens once.
        let tries = (0..TRIES).map(|_| {
            let before = clock.now();
            compiled.find(0, &text, value_bytes, &mut scratch);
            clock.now().saturating_sub(before)
        });
        worst = worst.max(tries.min().unwrap_or_default());
        if worst > stop_at {
            break;
        }
    }
    worst
}

fn texts(hir: Option<&Hir>, length: usize) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> =
        [&b"a"[..], b" ", b"0", b"a b ", b"0123456789abcdef", b"\xff", b"192.0.2.1 "].map(Vec::from).into();
    if let Some(hir) = hir {
        let mut shape = Vec::new();
        spell(hir, length, &mut shape);
        // Without its end it is a near miss, again and again.
        shape.truncate(shape.len().saturating_sub(1).max(1));
        seeds.push(shape);
    }
    seeds.retain(|seed| !seed.is_empty());
    seeds.into_iter().map(|seed| seed.iter().copied().cycle().take(length).collect()).collect()
}

/// A text that the regex matches, with repetitions at their longest.
fn spell(hir: &Hir, limit: usize, out: &mut Vec<u8>) {
    if out.len() >= limit {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            let printable = class.ranges().iter().find(|range| range.end() >= b' ');
            out.extend(printable.map(|range| range.start().max(b' ')));
        }
        HirKind::Class(Class::Unicode(class)) => {
            if let Some(range) = class.ranges().iter().find(|range| range.end() >= ' ') {
                out.extend_from_slice(range.start().max(' ').encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        HirKind::Repetition(repetition) => {
            let times =
                repetition.max.unwrap_or(MAX_REPEATS).clamp(repetition.min, MAX_REPEATS.max(repetition.min));
            (0..times).for_each(|_| spell(&repetition.sub, limit, out));
        }
        HirKind::Capture(capture) => spell(&capture.sub, limit, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| spell(part, limit, out)),
        HirKind::Alternation(parts) => {
            if let Some(last) = parts.last() {
                spell(last, limit, out);
            }
        }
    }
}
