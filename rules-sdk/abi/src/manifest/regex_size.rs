//! How many bytes a regex compiles to, at most, told from its parts.
//!
//! The library counts the states of its automaton, forward and back, and what they have on the heap, and refuses a regex for
//! which either is too large. This never says less than it counts, so what is small by this need not be compiled to know it.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A state, with what it has on the heap for each of at most four others that it leads to. The library's takes half of that.
const STATE: usize = 96;
/// One range of bytes of a class.
const RANGE: usize = 16;

/// Bytes that it takes at most; `None`: that is not known.
pub(super) fn at_most(hir: &Hir) -> Option<usize> {
    // The whole is a group, begins anywhere, and ends with a match.
    part(hir)?.checked_add(8 * STATE)
}

fn part(hir: &Hir) -> Option<usize> {
    match hir.kind() {
        HirKind::Empty => Some(STATE),
        // Each byte is a state; where many texts become a tree, each is two.
        HirKind::Literal(literal) => literal.0.len().checked_mul(2 * STATE),
        HirKind::Class(Class::Bytes(class)) => ranges(class.ranges().len()),
        HirKind::Class(Class::Unicode(class)) if class.is_ascii() => ranges(class.ranges().len()),
        // Encodings of characters become trees, whose size is known when they are made.
        HirKind::Class(Class::Unicode(_)) => None,
        HirKind::Look(look) => match look {
            Look::Start
            | Look::End
            | Look::StartLF
            | Look::EndLF
            | Look::WordAscii
            | Look::WordAsciiNegate => Some(STATE),
            _ => None,
        },
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min).max(1) as usize;
            let one = part(&repetition.sub)?.checked_add(STATE)?;
            one.checked_mul(copies)?.checked_add(3 * STATE)
        }
        HirKind::Capture(capture) => part(&capture.sub)?.checked_add(2 * STATE),
        HirKind::Concat(parts) => sum(parts, 0)?.checked_add(STATE),
        // Of what it leads to there is one for each part.
        HirKind::Alternation(parts) => sum(parts, RANGE)?.checked_add(3 * STATE),
    }
}

fn ranges(count: usize) -> Option<usize> {
    count.checked_mul(RANGE)?.checked_add(2 * STATE)
}

/// The parts, and so much for each.
fn sum(parts: &[Hir], each: usize) -> Option<usize> {
    parts.iter().try_fold(0usize, |sum, one| sum.checked_add(part(one)?)?.checked_add(each))
}
