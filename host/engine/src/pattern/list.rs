//! Patterns that are lists of literals: which is the lowest entry that holds?

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

/// Lists up to this length are tried one entry after the other; longer ones through a table or automaton.
const SHORT: usize = 8;

/// A list, ready to be tried on values.
pub(super) struct Entries {
    texts: Vec<Vec<u8>>,
    fold: bool,
    table: Option<Table>,
}

enum Table {
    Anywhere(AhoCorasick),
    /// Entry by its (folded) text, and the lengths that occur, for heads and tails.
    ByText(HashMap<Vec<u8>, u32>, Vec<usize>),
}

/// Where in a value an entry must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Anywhere,
    Whole,
    Head,
    Tail,
}

impl Entries {
    pub(super) fn new(
        texts: Vec<Vec<u8>>,
        fold: bool,
        place: Where,
    ) -> Result<Self, aho_corasick::BuildError> {
        let table = match place {
            _ if texts.len() <= SHORT => None,
            Where::Anywhere => {
                let mut builder = AhoCorasick::builder();
                builder.ascii_case_insensitive(fold).match_kind(MatchKind::Standard);
                Some(Table::Anywhere(builder.build(&texts)?))
            }
            _ => {
                let mut by_text = HashMap::with_capacity(texts.len());
                for (i, text) in texts.iter().enumerate() {
                    let key = if fold { text.to_ascii_lowercase() } else { text.clone() };
                    by_text.entry(key).or_insert(i as u32);
                }
                let mut lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
                lengths.sort_unstable();
                lengths.dedup();
                Some(Table::ByText(by_text, lengths))
            }
        };
        Ok(Entries { texts, fold, table })
    }

    pub(super) fn texts(&self) -> &[Vec<u8>] {
        &self.texts
    }

    /// The lowest entry that holds, and where it starts in the value (its first place). If it may be anywhere, no entry
    /// starts before `first`.
    pub(super) fn find(
        &self,
        value: &[u8],
        place: Where,
        first: usize,
        folded: &mut Vec<u8>,
    ) -> Option<(u32, usize)> {
        match &self.table {
            None => self.one_by_one(value, place, first),
            Some(Table::Anywhere(automaton)) => {
                let all = automaton.find_overlapping_iter(value);
                all.map(|found| (found.pattern().as_u32(), found.start())).min()
            }
            Some(Table::ByText(table, lengths)) => {
                let value = match self.fold {
                    false => value,
                    true => {
                        folded.clear();
                        folded.extend(value.iter().map(u8::to_ascii_lowercase));
                        folded
                    }
                };
                let part = |length: usize| match place {
                    Where::Head => value.get(..length),
                    _ => value.len().checked_sub(length).map(|start| &value[start..]),
                };
                if place == Where::Whole {
                    return table.get(value).map(|&entry| (entry, 0));
                }
                let found = lengths.iter().filter_map(|&length| table.get(part(length)?).copied()).min()?;
                let start =
                    if place == Where::Head { 0 } else { value.len() - self.texts[found as usize].len() };
                Some((found, start))
            }
        }
    }

    fn one_by_one(&self, value: &[u8], place: Where, first: usize) -> Option<(u32, usize)> {
        let same =
            |part: &[u8], text: &[u8]| if self.fold { part.eq_ignore_ascii_case(text) } else { part == text };
        let start = |text: &Vec<u8>| match place {
            Where::Whole => same(value, text).then_some(0),
            Where::Head => value.get(..text.len()).filter(|part| same(part, text)).map(|_| 0),
            Where::Tail => {
                let start = value.len().checked_sub(text.len())?;
                same(&value[start..], text).then_some(start)
            }
            Where::Anywhere if text.is_empty() => Some(0),
            // Mostly it is just there.
            Where::Anywhere if value.get(first..first + text.len()).is_some_and(|part| same(part, text)) => {
                Some(first)
            }
            Where::Anywhere if !self.fold => memchr::memmem::find(value, text),
            Where::Anywhere => value.windows(text.len()).position(|part| same(part, text)),
        };
        self.texts.iter().enumerate().find_map(|(i, text)| Some((i as u32, start(text)?)))
    }
}
