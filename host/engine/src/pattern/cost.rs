//! What a stranger's regex costs at worst, tried before it meets a line.
//!
//! A linear engine is not a cheap one: a small regex can take milliseconds for one value. So each is tried on texts
//! that are as long as a value may be and that keep it busy: near misses of its own shape, and runs of one kind.

use std::time::Duration;

use regex_syntax::hir::{Class, Hir, HirKind};
use tripline_abi::manifest::{Pattern, PatternKind};

use super::compiled::{Compiled, Scratch};
use crate::clock::Clock;

/// Times that a text is tried which takes too long: the quickest counts, for a busy machine is no fault of a regex.
const TRIES: usize = 3;
/// Repetitions spelled out in a text, per repetition of the regex.
const MAX_REPEATS: u32 = 64;

/// Texts of this length that keep many regexes busy.
pub(crate) fn runs(length: usize) -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 7] = [b"a", b" ", b"0", b"a b ", b"0123456789abcdef", b"\xff", b"192.0.2.1 "];
    seeds.iter().map(|seed| again_and_again(seed, length)).collect()
}

/// The time that the dearest text takes a pattern, those of [`runs`] and one of its own; zero for lists, whose cost is known. It
/// may take `limit`: the first text that takes longer is the last.
pub(crate) fn worst(
    pattern: &Pattern,
    compiled: &Compiled,
    runs: &[Vec<u8>],
    value_bytes: usize,
    clock: &dyn Clock,
    limit: Duration,
) -> Duration {
    let PatternKind::Regex { regex, unicode } = &pattern.kind else { return Duration::ZERO };
    let parser = regex_syntax::ParserBuilder::new()
        .unicode(*unicode)
        .utf8(false)
        .case_insensitive(pattern.case_insensitive)
        .build()
        .parse(regex);
    let own = parser.ok().and_then(|hir| near_miss(&hir, value_bytes));
    let mut scratch = Scratch::default();
    let mut worst = Duration::ZERO;
    for text in runs.iter().chain(&own) {
        let mut quickest = Duration::MAX;
        // The first search builds the lazy automaton, which happens once.
        for _ in 0..TRIES {
            let before = clock.now();
            compiled.find(0, text, value_bytes, &mut scratch);
            quickest = quickest.min(clock.now().saturating_sub(before));
            if quickest <= limit {
                break;
            }
        }
        worst = worst.max(quickest);
        if worst > limit {
            break;
        }
    }
    worst
}

/// A text of the regex's own shape, without its end: a near miss, again and again.
fn near_miss(hir: &Hir, length: usize) -> Option<Vec<u8>> {
    let mut shape = Vec::new();
    spell(hir, length, &mut shape);
    shape.truncate(shape.len().saturating_sub(1).max(1));
    (!shape.is_empty()).then(|| again_and_again(&shape, length))
}

/// The seed, which is not empty, as often as it takes.
fn again_and_again(seed: &[u8], length: usize) -> Vec<u8> {
    let mut text = seed.repeat(length.div_ceil(seed.len()));
    text.truncate(length);
    text
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
