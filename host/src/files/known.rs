//! Which of a source's files were read before, whatever they are called now.
//!
//! ```text
//!   known        now             the same file if                           then
//!   x.log        x.log           same inode and head, long enough           read on
//!   x.log        x.log.1         same inode and head                        read on: it was renamed
//!   x.log.1      x.log.2.gz      same head, and nothing else is the file    read on: it was packed or copied
//!   x.log        x.log           same inode, too short or another head      from its start: it was cut, or is another
//!   –            x.log.1         head of x.log, which is there and known    not yet: copytruncate is at work
//! ```

use super::present::Present;
use crate::commit::KnownFile;

/// What a present file is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// It was there before, under this or another name.
    Known(&'a KnownFile),
    /// It is new.
    New,
    /// It is being copied from a newer file that is still there, and known. When that one is cut, this one takes over
    /// from it; read before, all its lines would count twice.
    Copy,
    /// It is new where another was, of which no copy is there: what came to that one since it was read is gone.
    Instead(&'a KnownFile),
}

#[cfg(feature = "store")]
impl Found<'_> {
    /// Whether it is the known file with this number.
    pub(crate) fn is(&self, number: u32) -> bool {
        matches!(self, Found::Known(known) if known.number == number)
    }
}

/// Tells for each present file of a source, oldest first, what it is.
pub(crate) fn recognise<'a>(present: &[&Present], known: &'a [KnownFile]) -> Vec<Found<'a>> {
    let mut found: Vec<Option<&KnownFile>> = vec![None; present.len()];
    let is_free = |file: &KnownFile, found: &[Option<&KnownFile>]| {
        found.iter().flatten().all(|other| other.number != file.number)
    };
    let fits = |file: &Present, known: &KnownFile| {
        file.begins_as(&known.identity)
            && known.position.as_ref().is_none_or(|position| file.reaches(position.offset))
    };
    // The inode first: two logs may begin alike. But an empty head is anybody's, and an inode is given again.
    let is_told = |known: &&KnownFile| known.identity.head_length > 0;
    for (at, file) in present.iter().enumerate() {
        let there = known.iter().rev().filter(is_told).filter(|known| file.is_at(&known.identity));
        found[at] = there.filter(|known| fits(file, known)).find(|known| is_free(known, &found));
    }
    for (at, file) in present.iter().enumerate() {
        if found[at].is_none() {
            let same = known.iter().filter(is_told).filter(|known| fits(file, known));
            let free = same.filter(|known| is_free(known, &found));
            found[at] = free.max_by_key(|known| (known.identity.head_length, known.number));
        }
    }
    for (at, file) in present.iter().enumerate() {
        if found[at].is_none() && !file.is_packed() {
            let there = known.iter().rev().filter(|known| !is_told(known) && file.is_at(&known.identity));
            found[at] = there.filter(|known| fits(file, known)).find(|known| is_free(known, &found));
        }
    }
    let what = |(at, file): (usize, &&Present)| match found[at] {
        Some(known) => Found::Known(known),
        None => match known.iter().rev().find(|known| file.is_at(&known.identity)) {
            Some(known) if is_free(known, &found) => Found::Instead(known),
            _ if (at + 1..present.len())
                .any(|newer| found[newer].is_some() && present[newer].begins_with(file)) =>
            {
                Found::Copy
            }
            _ => Found::New,
        },
    };
    present.iter().enumerate().map(what).collect()
}

/// Which generation a file is that is new at its place, or has come there.
pub(crate) fn generation(file: &Present, known: &[KnownFile]) -> u32 {
    let there = known.iter().filter(|known| file.is_at(&known.identity));
    there.map(|known| known.identity.generation + 1).max().unwrap_or(0)
}
