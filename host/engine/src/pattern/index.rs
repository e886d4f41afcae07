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

/// Literals that are compared in one look at several texts: one to three milliseconds, and ten where all of them are found.
/// A look at 32 KiB takes some hundreds to thousands, unless literals were chosen that are alike.
const COMPARED: usize = 1 << 18;
/// The same of one text by itself.
const COMPARED_OF_ONE: usize = 8 * COMPARED;

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
        let long = long(&literals, rarity);
        let few: Vec<(u32, &[u8])> = numbered(&literals).filter(|(_, text)| text.len() < LEAST).collect();
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

    /// Looks for the same literals by what is rare in other lines: speed only.
    pub fn learn(&mut self, rarity: &Rarity) {
        self.long = long(&self.literals, rarity);
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

    /// How many literals it has.
    pub fn literals(&self) -> usize {
        self.literals.len()
    }

    /// Adds to `hits` what a block of texts may match; `ends[i]` is one past the last byte of text i, rising.
    ///
    /// Answers nothing for [`unfiltered`](Index::unfiltered) patterns. A literal that spans two texts may be
    /// reported for the first: a candidate too many is no harm.
    pub fn scan(&self, block: &[u8], ends: impl Fn(usize) -> Option<usize>, hits: &mut Hits) {
        self.scan_long(block, usize::MAX, &ends, hits);
        self.scan_short(block, &ends, hits);
    }

    /// The same, for as many texts as can be looked at in some milliseconds, whatever stands in them and whatever the
    /// literals are; how many these are: one, at least, if there are any. A text that takes much longer by itself may have
    /// all literals: whether it has is not looked at.
    pub fn some(&self, block: &[u8], ends: impl Fn(usize) -> Option<usize>, hits: &mut Hits) -> usize {
        let stopped = self.scan_long(block, COMPARED, &ends, hits);
        let whole = (0..).take_while(|text| ends(*text).is_some_and(|end| end <= stopped)).count();
        if whole > 0 {
            let beyond = hits.all.partition_point(|hit| (hit.text as usize) < whole);
            hits.all.truncate(beyond);
            let block = &block[..ends(whole - 1).unwrap_or(block.len())];
            self.scan_short(block, &ends, hits);
            return whole;
        }
        let Some(end) = ends(0) else { return 0 };
        let text = &block[..end];
        if self.scan_long(text, COMPARED_OF_ONE, &ends, hits) < end {
            hits.clear();
            let all = 0..self.literals.len() as u32;
            hits.all.extend(all.map(|literal| Hit { text: 0, literal, start: 0 }));
        } else {
            self.scan_short(text, &ends, hits);
        }
        1
    }

    /// Looks for literals of some bytes, until so many were compared; up to where.
    fn scan_long(
        &self,
        block: &[u8],
        most: usize,
        ends: &impl Fn(usize) -> Option<usize>,
        hits: &mut Hits,
    ) -> usize {
        hits.clear();
        let end_of = |text: usize| ends(text).unwrap_or(usize::MAX);
        let (mut text, mut end) = (0, end_of(0));
        self.long.scan(block, most, |at, literal, start| {
            // Four at a time are counted without a branch: how many texts have no hit nobody can predict.
            while end <= at {
                text += 1 + (1..4).filter(|next| end_of(text + next) <= at).count();
                end = end_of(text);
            }
            hits.push(Hit { text: text as u32, literal, start: start as u32 });
        })
    }

    fn scan_short(&self, block: &[u8], ends: &impl Fn(usize) -> Option<usize>, hits: &mut Hits) {
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

/// The literals with their numbers.
fn numbered(literals: &[Literal]) -> impl Iterator<Item = (u32, &[u8])> + Clone {
    literals.iter().enumerate().map(|(i, literal)| (i as u32, &literal.text[..]))
}

fn long(literals: &[Literal], rarity: &Rarity) -> GramFilter {
    GramFilter::new(numbered(literals).filter(|(_, text)| text.len() >= LEAST), rarity)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// So many literals that are one but for their case, of which the index knows nothing: all of them are compared at each
    /// place where one could be.
    fn alike(count: u32) -> Index {
        let literal = |number: u32| (0..16).map(move |bit| if number >> bit & 1 == 1 { b'A' } else { b'a' });
        let literals = (0..count).map(|number| Some(vec![literal(number).collect()]));
        Index::new(literals, &Rarity::default()).unwrap()
    }

    /// Lines, one behind the other, and where each ends.
    fn block(lines: &[&str]) -> (Vec<u8>, Vec<usize>) {
        let mut block = Vec::new();
        let ends = lines.iter().map(|line| {
            block.extend_from_slice(line.as_bytes());
            block.push(b'\n');
            block.len() - 1
        });
        let ends = ends.collect();
        (block, ends)
    }

    /// Which literals are in which texts.
    fn which(hits: &Hits, from: usize) -> impl Iterator<Item = (usize, u32)> {
        hits.all().iter().map(move |hit| (from + hit.text as usize, hit.literal))
    }

    #[test]
    fn a_look_is_bounded_whatever_the_literals_are_and_says_the_same() {
        let index = alike(1_000);
        let line = "a".repeat(45);
        let (bytes, ends) = block(&[&line[..]; 40]);
        let (mut all, mut some) = (Hits::default(), Hits::default());
        index.scan(&bytes, |text| ends.get(text).copied(), &mut all);
        let (mut from, mut looks, mut found) = (0, 0, BTreeSet::new());
        while from < ends.len() {
            let base = if from == 0 { 0 } else { ends[from - 1] + 1 };
            let here = |text: usize| ends.get(from + text).map(|end| end - base);
            let whole = index.some(&bytes[base..], here, &mut some);
            assert!(whole > 0 && some.all().iter().all(|hit| (hit.text as usize) < whole));
            found.extend(which(&some, from));
            (from, looks) = (from + whole, looks + 1);
        }
        assert_eq!((from, found.len()), (40, 40 * 1_000));
        assert!(found == which(&all, 0).collect());
        assert!((5..40).contains(&looks), "{looks}");
        // Who has one literal that stands everywhere is looked at at once.
        assert_eq!(alike(1).some(&bytes, |text| ends.get(text).copied(), &mut some), 40);
    }

    #[test]
    fn a_text_that_takes_too_long_may_have_all_literals() {
        let index = alike(1_000);
        let (bytes, ends) = block(&[&"a".repeat(100 * 1024)[..], "nothing of it"]);
        let mut hits = Hits::default();
        assert_eq!(index.some(&bytes, |text| ends.get(text).copied(), &mut hits), 1);
        assert!(
            hits.all().iter().map(|hit| (hit.text, hit.literal, hit.start)).eq((0..1_000).map(|n| (0, n, 0)))
        );
        let (rest, length) = (&bytes[ends[0] + 1..], ends[1] - ends[0] - 1);
        assert_eq!(index.some(rest, |text| (text == 0).then_some(length), &mut hits), 1);
        assert!(hits.all().is_empty());
    }
}
