//! One look at raw bytes for all patterns of all packs.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::gram::{GramFilter, LEAST};
use super::literals::Necessary;
use super::rarity::Rarity;

/// All literals of all patterns. It says which patterns a text may match, never which it does.
pub struct Index {
    literals: Vec<Literal>,
    long: GramFilter,
    short: Option<Short>,
    /// Patterns without literals: every text may match them.
    unfiltered: Vec<u32>,
    patterns: usize,
}

struct Literal {
    text: Vec<u8>,
    patterns: Vec<u32>,
}

struct Short {
    automaton: AhoCorasick,
    /// Number of the literal for each pattern of the automaton.
    literals: Vec<u32>,
}

/// Why there is no index of these literals.
#[derive(Debug, thiserror::Error)]
#[error("the literals of the patterns are too many for one index: {0}")]
pub struct IndexError(#[from] aho_corasick::BuildError);

impl Index {
    /// An index of these patterns, numbered in order.
    pub fn new(patterns: impl IntoIterator<Item = Necessary>, rarity: &Rarity) -> Result<Index, IndexError> {
        let mut literals: Vec<Literal> = Vec::new();
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut unfiltered = Vec::new();
        let mut count = 0;
        for (pattern, set) in patterns.into_iter().enumerate() {
            count += 1;
            let Some(set) = set else {
                unfiltered.push(pattern as u32);
                continue;
            };
            for text in set {
                let at = *known.entry(text).or_insert_with_key(|text| {
                    literals.push(Literal { text: text.clone(), patterns: Vec::new() });
                    literals.len() - 1
                });
                if literals[at].patterns.last() != Some(&(pattern as u32)) {
                    literals[at].patterns.push(pattern as u32);
                }
            }
        }
        let numbered = || literals.iter().enumerate().map(|(i, literal)| (i as u32, &literal.text[..]));
        let long = GramFilter::new(numbered().filter(|(_, text)| text.len() >= LEAST), rarity);
        let few: Vec<(u32, &[u8])> = numbered().filter(|(_, text)| text.len() < LEAST).collect();
        let short = match few.is_empty() {
            true => None,
            false => Some(Short {
                automaton: AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::Standard)
                    .build(few.iter().map(|(_, text)| text))?,
                literals: few.iter().map(|(literal, _)| *literal).collect(),
            }),
        };
        Ok(Index { literals, long, short, unfiltered, patterns: count })
    }

    /// An index of none.
    pub fn empty() -> Index {
        let long = GramFilter::new(std::iter::empty(), &Rarity::default());
        Index { literals: Vec::new(), long, short: None, unfiltered: Vec::new(), patterns: 0 }
    }

    /// How many patterns it has.
    pub fn patterns(&self) -> usize {
        self.patterns
    }

    /// Bytes that it takes, but for what the allocator adds.
    pub fn bytes(&self) -> usize {
        let literal = |one: &Literal| size_of::<Literal>() + one.text.len() + size_of_val(&*one.patterns);
        let short = |one: &Short| one.automaton.memory_usage() + size_of_val(&*one.literals);
        self.literals.iter().map(literal).sum::<usize>()
            + self.long.bytes()
            + self.short.as_ref().map_or(0, short)
            + size_of_val(&*self.unfiltered)
    }

    /// The patterns that no literal stands for.
    pub fn unfiltered(&self) -> &[u32] {
        &self.unfiltered
    }

    /// Adds to `hits` what a block of texts may match; `ends[i]` is one past the last byte of text i, rising.
    ///
    /// Answers nothing for [`unfiltered`](Index::unfiltered) patterns. A literal that spans two texts may be
    /// reported for the first: a candidate too many is no harm.
    pub fn scan(&self, block: &[u8], ends: impl Fn(usize) -> Option<usize>, hits: &mut Hits) {
        hits.clear();
        let mut text = 0;
        self.long.scan(block, |at, literal, start| {
            while ends(text).is_some_and(|end| end <= at) {
                text += 1;
            }
            hits.push(Hit { text: text as u32, literal, start: start as u32 });
        });
        if let Some(short) = &self.short {
            let mut text = 0;
            for found in short.automaton.find_overlapping_iter(block) {
                while ends(text).is_some_and(|end| end < found.end()) {
                    text += 1;
                }
                let literal = short.literals[found.pattern().as_usize()];
                hits.push(Hit { text: text as u32, literal, start: found.start() as u32 });
            }
            // Both passes are in order by themselves: the stable sort finds the runs.
            hits.all.sort();
        }
    }

    /// The patterns that a literal stands for.
    pub fn patterns_of(&self, literal: u32) -> &[u32] {
        self.literals.get(literal as usize).map_or(&[], |literal| &literal.patterns)
    }
}

/// A literal that stands in a text of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Number of the text.
    pub text: u32,
    /// Number of the literal.
    pub literal: u32,
    /// Where it begins in the block.
    pub start: u32,
}

/// Which literals stand in which texts of a block. One that stands in a text several times may be told once only, with
/// its first place.
#[derive(Default)]
pub struct Hits {
    all: Vec<Hit>,
    /// With so many, those that say the same go.
    bound: usize,
}

/// Hits that are not looked through for those that say the same.
const MANY: usize = 1 << 16;

impl Hits {
    fn clear(&mut self) {
        self.all.clear();
        // What one line of a stranger's has taken is not kept for ever.
        self.all.shrink_to(MANY);
        self.bound = MANY;
    }

    /// Literals that stand at every place of a line, as a stranger may choose them, are told once each.
    #[cold]
    fn thin(&mut self) {
        self.all.sort_unstable();
        self.all.dedup_by_key(|hit| (hit.text, hit.literal));
        self.bound = MANY.max(2 * self.all.len());
    }

    fn push(&mut self, hit: Hit) {
        match self.all.last_mut() {
            Some(last) if (last.text, last.literal) == (hit.text, hit.literal) => {
                last.start = last.start.min(hit.start);
            }
            _ => {
                if self.all.len() >= self.bound {
                    self.thin();
                }
                self.all.push(hit);
            }
        }
    }

    /// In order of texts.
    pub fn all(&self) -> &[Hit] {
        &self.all
    }
}
