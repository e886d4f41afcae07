//! What a stranger's regex costs at worst, tried before it meets a line.
//!
//! A linear engine is not a cheap one: a small regex can take milliseconds for one value. So each is tried on texts
//! that are as long as a value may be and that keep it busy: near misses of its own shape, and runs of one kind.

use std::time::Duration;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::compiled::{Compiled, Scratch};
use crate::clock::Clock;

/// Times that a text is tried which takes too long: the quickest counts, for a busy machine is no fault of a regex.
const TRIES: usize = 3;
/// Repetitions spelled out in a text, per repetition of the regex.
const MAX_REPEATS: u32 = 64;

/// Texts that keep many regexes busy are these, again and again.
const SEEDS: [&[u8]; 7] = [b"a", b" ", b"0", b"a b ", b"0123456789abcdef", b"\xff", b"192.0.2.1 "];

/// What regexes are tried with, one after the other.
pub(crate) struct Trial<'c> {
    clock: &'c dyn Clock,
    value_bytes: usize,
    limit: Duration,
    /// Texts as long as a value may be that are the same for each.
    runs: Vec<Vec<u8>>,
    /// One of its own.
    own: Vec<u8>,
    shape: Vec<u8>,
    scratch: Scratch,
}

impl<'c> Trial<'c> {
    /// Of values of so many bytes, for each of which a regex may take `limit`.
    pub(crate) fn new(value_bytes: usize, limit: Duration, clock: &'c dyn Clock) -> Trial<'c> {
        let run = |seed: &&[u8]| {
            let mut text = Vec::new();
            again_and_again(seed, value_bytes, &mut text);
            text
        };
        let runs = SEEDS.iter().map(run).collect();
        let (own, shape, scratch) = (Vec::new(), Vec::new(), Scratch::default());
        Trial { clock, value_bytes, limit, runs, own, shape, scratch }
    }

    /// The time that the dearest text takes a regex: the first that takes longer than it may is the last.
    pub(crate) fn worst(&mut self, hir: &Hir, compiled: &Compiled) -> Duration {
        self.own.clear();
        near_miss(hir, self.value_bytes, &mut self.shape, &mut self.own);
        self.scratch.forget();
        let own = (!self.own.is_empty()).then_some(&self.own);
        let mut worst = Duration::ZERO;
        for text in self.runs.iter().chain(own) {
            let mut quickest = Duration::MAX;
            // The first search builds the lazy automaton, which happens once.
            for _ in 0..TRIES {
                let before = self.clock.now();
                compiled.find(0, text, self.value_bytes, &mut self.scratch);
                quickest = quickest.min(self.clock.now().saturating_sub(before));
                if quickest <= self.limit {
                    break;
                }
            }
            worst = worst.max(quickest);
            if worst > self.limit {
                break;
            }
        }
        worst
    }
}

/// A text of the regex's own shape, without its end: a near miss, again and again. None, if it has no shape.
fn near_miss(hir: &Hir, length: usize, shape: &mut Vec<u8>, text: &mut Vec<u8>) {
    shape.clear();
    spell(hir, length, shape);
    shape.truncate(shape.len().saturating_sub(1).max(1));
    if !shape.is_empty() {
        again_and_again(shape, length, text);
    }
}

/// The seed, which is not empty, as often as it takes.
fn again_and_again(seed: &[u8], length: usize, text: &mut Vec<u8>) {
    text.reserve(length);
    text.extend_from_slice(&seed[..seed.len().min(length)]);
    while text.len() < length {
        // What is there is the seed some times over, so that it goes on with its own begin.
        text.extend_from_within(..text.len().min(length - text.len()));
    }
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
