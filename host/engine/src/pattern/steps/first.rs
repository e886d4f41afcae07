//! Which bytes a part of a regex can begin with: what its next byte decides needs no second try.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Bytes, and the end of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set([u64; 5]);

/// The symbol that stands behind the last byte.
const END: usize = 256;

/// What a part begins with; also what may stand behind one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct First {
    pub(super) set: Set,
    /// Whether it may be empty, so that what stands behind it counts, too.
    pub(super) empty: bool,
    /// Whether it may look around where it is empty, and so refuse a place that the next byte allows.
    pub(super) looks: bool,
}

impl Set {
    pub(super) fn add(&mut self, symbol: usize) {
        self.0[symbol >> 6] |= 1 << (symbol & 63);
    }

    pub(super) fn join(&mut self, other: &Set) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn meets(&self, other: &Set) -> bool {
        self.0.iter().zip(other.0).any(|(word, other)| word & other != 0)
    }

    #[inline(always)]
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Whether it has the byte at this place of the text, or the end if the text ends there.
    #[inline(always)]
    pub(super) fn stands_at(&self, text: &[u8], at: usize) -> bool {
        text.get(at).map_or(self.0[END >> 6] & 1 == 1, |byte| self.has(*byte))
    }

    /// Its bytes of ASCII, and whether it has the others: all of them or none.
    pub(super) fn halves(&self) -> Option<(u128, bool)> {
        let [low, high, others @ .., _] = self.0;
        let all = match others {
            [0, 0] => false,
            [u64::MAX, u64::MAX] => true,
            _ => return None,
        };
        Some((u128::from(high) << 64 | u128::from(low), all))
    }

    /// The bytes of a class, if it is one of bytes. Outside of ASCII, a character is more than one.
    pub(super) fn of_class(class: &Class) -> Option<Set> {
        let bytes = match class {
            Class::Bytes(bytes) => bytes.clone(),
            Class::Unicode(characters) if characters.is_ascii() => characters.to_byte_class()?,
            Class::Unicode(_) => return None,
        };
        let mut set = Set::default();
        for range in bytes.ranges() {
            (range.start()..=range.end()).for_each(|byte| set.add(usize::from(byte)));
        }
        (set != Set::default()).then_some(set)
    }

    /// The bytes of a part that is always one byte.
    pub(super) fn of_one(hir: &Hir) -> Option<Set> {
        match hir.kind() {
            HirKind::Class(class) => Set::of_class(class),
            HirKind::Literal(literal) if literal.0.len() == 1 => {
                let mut set = Set::default();
                set.add(usize::from(literal.0[0]));
                Some(set)
            }
            _ => None,
        }
    }
}

impl First {
    fn of(set: Set) -> First {
        First { set, ..First::default() }
    }

    pub(super) fn nothing() -> First {
        First { empty: true, ..First::default() }
    }

    /// What this begins with, given what stands behind it.
    pub(super) fn then(mut self, behind: &First) -> First {
        if self.empty {
            self.set.join(&behind.set);
            self.empty = behind.empty;
            self.looks |= behind.looks;
        }
        self
    }

    /// What either of them begins with.
    pub(super) fn or(mut self, other: &First) -> First {
        self.set.join(&other.set);
        self.empty |= other.empty;
        self.looks |= other.looks;
        self
    }
}

/// What a part begins with; `None`: that is not known.
pub(super) fn first(hir: &Hir) -> Option<First> {
    Some(match hir.kind() {
        HirKind::Empty => First::nothing(),
        HirKind::Look(look) => of_look(*look),
        HirKind::Literal(literal) => {
            let mut set = Set::default();
            set.add(usize::from(*literal.0.first()?));
            First::of(set)
        }
        HirKind::Class(class) => First::of(Set::of_class(class)?),
        HirKind::Capture(capture) => first(&capture.sub)?,
        HirKind::Repetition(repetition) => {
            let sub = first(&repetition.sub)?;
            First { empty: sub.empty || repetition.min == 0, ..sub }
        }
        HirKind::Concat(parts) => {
            let mut all = First::nothing();
            for part in parts {
                all = all.then(&first(part)?);
                if !all.empty {
                    break;
                }
            }
            all
        }
        HirKind::Alternation(parts) => {
            let mut all = First::default();
            for part in parts {
                all = all.or(&first(part)?);
            }
            all
        }
    })
}

fn of_look(look: Look) -> First {
    let mut set = Set::default();
    match look {
        Look::End | Look::EndLF => {
            set.add(END);
            if look == Look::EndLF {
                set.add(usize::from(b'\n'));
            }
            First::of(set)
        }
        _ => First { empty: true, looks: true, set },
    }
}
