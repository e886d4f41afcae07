//! Which of a source's files were read before, whatever they are called now.
//!
//! ```text
//!   known        now             the same file if                           then
//!   x.log        x.log           same inode, head and foot                  read on
//!   x.log        x.log.1         same inode, head and foot                  read on: it was renamed
//!   x.log.1      x.log.2.gz      same head and foot, and no other has them  read on: it was packed or copied
//!   x.log        x.log           same inode, too short, or another          from its start: it was cut, or is another
//!                                head or foot
//!   –            x.log.1         first bytes of x.log, which is there and   not yet: copytruncate is at work
//!                                known
//!   x.log        x.log.1         same head, ends before the position, and   no more: copied, read on, and cut then;
//!                                x.log was cut                              told, for it need not be so
//! ```
//!
//! The head is its first bytes, the foot its last before the position. Logs may begin alike: then the foot tells. What
//! says more goes first:
//!
//! 1. The inode, with the head, and the foot if it was read. An inode is given again: a file of which nothing was read is
//!    known by no more than that, and gives way where its bytes are those of a copy, or another file's up to its foot.
//! 2. Head and foot elsewhere; but what a newer file there has, all of it, is a copy, and read with that one.
//! 3. A head without a foot elsewhere, unless it may be a copy that is being made.
//! 4. Of a file that was empty the inode alone; but what is the beginning of a newer one is a copy.
//!
//! Only the file that had the source's name last can have been cut under it; it is the one of which a copy is taken for
//! read. Nobody can know that none was deleted instead, and its inode given to a log that begins alike.

use std::collections::{BTreeMap, BTreeSet};

use super::feet::Feet;
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
    Copy(&'a KnownFile),
    /// It is a copy of the known file, made while that was still read on, and that was cut since: all of it was read.
    Overtaken(&'a KnownFile),
    /// It is new where another was, of which no copy is there: what came to that one since it was read is gone.
    Instead(&'a KnownFile),
}

#[cfg(feature = "store")]
impl Found<'_> {
    /// The same of files with the same numbers.
    pub(crate) fn of<'a>(&self, files: &'a [KnownFile]) -> Found<'a> {
        let same = |known: &KnownFile| files.iter().find(|file| file.number == known.number);
        let known = match self {
            Found::Known(known) => same(known).map(Found::Known),
            Found::Overtaken(known) => same(known).map(Found::Overtaken),
            Found::Instead(known) => same(known).map(Found::Instead),
            Found::Copy(known) => same(known).map(Found::Copy),
            Found::New => None,
        };
        known.unwrap_or(Found::New)
    }

    /// Whether it is the known file with this number.
    pub(crate) fn is(&self, number: u32) -> bool {
        matches!(self, Found::Known(known) if known.number == number)
    }
}

/// What is known of files that are open, by number.
#[derive(Default)]
pub(crate) struct OpenFiles<'a> {
    /// Their first bytes: a copy may have fewer of them.
    pub(crate) heads: BTreeMap<u32, &'a [u8]>,
    /// Which of the present files has the source's name: a copy has another.
    pub(crate) named: Option<usize>,
    /// Those that were cut since they were read.
    pub(crate) cut: BTreeSet<u32>,
    /// What was a copy of which when it was looked at last, by device and inode.
    pub(crate) copies: BTreeMap<(u64, u64), u32>,
}

/// Whether a present file is a known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// It begins as that did, and ends before where that was read to.
    Short,
    /// It begins as that did; more is not known of that, or cannot be found out.
    Likely,
    Sure,
}

/// Tells for each present file of a source, oldest first, what it is. Its newest one is called as the source is: the stem.
pub(crate) fn recognise<'a>(
    present: &[&Present],
    known: &'a [KnownFile],
    stem: &str,
    open: &OpenFiles<'_>,
) -> Vec<Found<'a>> {
    let offset = |known: &KnownFile| known.position.as_ref().map_or(0, |position| position.offset);
    let mut found: Vec<Option<&KnownFile>> = vec![None; present.len()];
    // The inode first. But an empty head is anybody's, and an inode is given again.
    let told: Vec<&KnownFile> = known.iter().filter(|known| known.identity.head_length > 0).collect();
    for (at, file) in present.iter().enumerate() {
        // What is packed was never a plain file at its inode.
        let is_kind = |known: &KnownFile| file.is_packed() == known.identity.seal.is_some();
        let there = told.iter().filter(|known| file.is_at(&known.identity) && is_kind(known));
        let there = there.filter(|known| is_free(known, &found));
        let fits = fits(file, there.copied().collect());
        let best = fits.into_iter().filter(|(_, fit)| *fit >= Fit::Likely);
        found[at] = best.max_by_key(|(known, fit)| (*fit, known.number)).map(|(known, _)| known);
    }
    let is_copied = |at: usize, newer: usize, found: &[Option<&KnownFile>]| {
        found[newer].is_some() && present[at].is_copied_from(present[newer])
    };
    let copied = |at: usize, found: &[Option<&'a KnownFile>]| {
        (at + 1..present.len()).find(|newer| is_copied(at, *newer, found)).and_then(|newer| found[newer])
    };
    let is_copy = |at: usize, found: &[Option<&'a KnownFile>]| copied(at, found).is_some();
    // An inode is given again, also to a copy: nothing but the inode speaks for a file of which nothing was read.
    let is_copy_there = |at: usize, known: &KnownFile, found: &[Option<&KnownFile>]| {
        let is_bare = !open.heads.contains_key(&known.number) && offset(known) == 0;
        // What an older file is as surely is that one.
        let is_olders = |other: &KnownFile| {
            let mut older = (0..at).filter(|older| found[*older].is_none());
            older.any(|older| fits(present[older], vec![other]).iter().any(|(_, fit)| *fit == Fit::Sure))
        };
        let is_other = |(other, fit): (&KnownFile, Fit)| match fit {
            Fit::Sure => offset(other) > 0 && !is_olders(other),
            Fit::Short => open.cut.contains(&other.number),
            Fit::No | Fit::Likely => false,
        };
        let of_another = |found: &[Option<&KnownFile>]| {
            let free = told.iter().filter(|other| other.number != known.number && is_free(other, found));
            fits(present[at], free.copied().collect()).into_iter().any(is_other)
        };
        // Files that are all new may begin alike: what was not read yet has no copy.
        let of_read = |newer: usize| {
            let is_read = |known: &KnownFile| offset(known) > 0 || open.heads.contains_key(&known.number);
            found[newer].is_some_and(is_read) && present[at].is_copied_from(present[newer])
        };
        // And one that was empty is another's beginning only as its copy.
        let is_empty = known.identity.head_length == 0;
        let of_read = |newer: usize| of_read(newer) || is_empty && is_copied(at, newer, found);
        is_bare && present[at].end() > 0 && ((at + 1..present.len()).any(of_read) || of_another(found))
    };
    let mut given = BTreeSet::new();
    for at in 0..present.len() {
        if let Some(known) = found[at].filter(|known| is_copy_there(at, known, &found)) {
            found[at] = None;
            given.insert((at, known.number));
        }
    }
    let mut elsewhere = Vec::new();
    for (at, file) in present.iter().enumerate().filter(|(at, _)| found[*at].is_none()) {
        let free = told.iter().filter(|known| is_free(known, &found) && !given.contains(&(at, known.number)));
        // What was seen to be a copy of one that is cut by now is that one's, however it begins.
        let place = (file.device, file.inode);
        let of = open.copies.get(&place).filter(|of| open.cut.contains(of));
        let free: Vec<&KnownFile> =
            free.copied().filter(|known| of.is_none_or(|of| *of == known.number)).collect();
        let is_short =
            |known: &&&KnownFile| open.heads.get(&known.number).is_some_and(|head| file.is_first_of(head));
        elsewhere.extend(free.iter().filter(is_short).map(|known| (at, *known, Fit::Short)));
        elsewhere.extend(fits(file, free).into_iter().map(|(known, fit)| (at, known, fit)));
    }
    // What is sure before what is likely; what says more before what says less; of equals the older file, and of what it
    // may be the newest.
    elsewhere.sort_by_key(|(at, known, fit)| {
        let says = (*fit, known.identity.head_length, if *fit == Fit::Sure { offset(known) } else { 0 });
        (std::cmp::Reverse(says), *at, std::cmp::Reverse(known.number))
    });
    for (at, known, fit) in elsewhere.iter().filter(|(_, _, fit)| *fit >= Fit::Likely) {
        // What is no more than likely may as well be a copy that is being made.
        let may_be = found[*at].is_none() && is_free(known, &found);
        // Or one of a file that was cut, if nothing was read of what it may be.
        let is_cut = |(other, cut, fit): &&(usize, &KnownFile, Fit)| {
            other == at && *fit == Fit::Short && open.cut.contains(&cut.number)
        };
        let is_left = offset(known) == 0 && elsewhere.iter().any(|other| is_cut(&other));
        // And what is as surely in a newer one that is there, all of it, is read with that one.
        let is_in = |newer: usize| {
            is_copied(*at, newer, &found)
                && fits(present[newer], vec![known]).iter().any(|(_, fit)| *fit == Fit::Sure)
        };
        let is_sure = *fit == Fit::Sure && !(*at + 1..present.len()).any(is_in);
        if may_be && (is_sure || !is_left && !is_copy(*at, &found)) {
            found[*at] = Some(known);
        }
    }
    for (at, file) in present.iter().enumerate() {
        if found[at].is_none() {
            let there = known.iter().rev().filter(|known| known.identity.head_length == 0);
            // What is packed does not grow.
            let may_be = |known: &KnownFile| !file.is_packed() || file.is_sealed_as(&known.identity);
            let there = there.filter(|known| file.is_at(&known.identity) && may_be(known));
            let there = there.filter(|known| file.reaches(offset(known)));
            let there = there.into_iter().find(|known| is_free(known, &found));
            found[at] = there.filter(|known| !is_copy_there(at, known, &found));
        }
    }
    let overtaken = overtaken(present, known, &found, &elsewhere, (stem, open));
    let what = |(at, file): (usize, &&Present)| match (found[at], overtaken) {
        (Some(known), _) => Found::Known(known),
        (None, Some((copy, known))) if copy == at => Found::Overtaken(known),
        (None, _) => {
            let before = known.iter().rev().find(|known| file.is_at(&known.identity));
            match (copied(at, &found), before.filter(|known| is_free(known, &found))) {
                (Some(known), _) => Found::Copy(known),
                (None, Some(known)) => Found::Instead(known),
                (None, None) => Found::New,
            }
        }
    };
    present.iter().enumerate().map(what).collect()
}

/// Whether a file is the known one, at the same place still.
#[cfg(feature = "store")]
pub(crate) fn is_same(file: &Present, known: &KnownFile) -> bool {
    known.identity.head_length > 0
        && file.is_at(&known.identity)
        && fits(file, vec![known]).iter().any(|(_, fit)| *fit >= Fit::Likely)
}

fn is_free(file: &KnownFile, found: &[Option<&KnownFile>]) -> bool {
    found.iter().flatten().all(|other| other.number != file.number)
}

/// The copy that was made of the file that was read last before that was cut. It is the oldest of what is there and not
/// known: what was copied later is of what came later.
fn overtaken<'a>(
    present: &[&Present],
    known: &'a [KnownFile],
    found: &[Option<&KnownFile>],
    fits: &[(usize, &'a KnownFile, Fit)],
    (stem, open): (&str, &OpenFiles<'_>),
) -> Option<(usize, &'a KnownFile)> {
    let is_read = |known: &&KnownFile| known.position.is_some() && known.identity.head_length > 0;
    let open_cut = known.iter().filter(|known| is_read(known) && open.cut.contains(&known.number));
    let last = open_cut.max_by_key(|known| known.number).or_else(|| newest(known, stem))?;
    // Not found there, it was cut; unless what lies there is known for another.
    if !is_free(last, found) {
        return None;
    }
    let is_there = |at: &usize| found[*at].is_none() && present[*at].is_at(&last.identity);
    let is_cut = || open.cut.contains(&last.number).then_some(open.named.unwrap_or(present.len()));
    let cut = (0..present.len()).find(is_there).or_else(is_cut)?;
    let short = fits.iter().filter(|(at, known, fit)| {
        *fit == Fit::Short && known.number == last.number && found[*at].is_none() && *at < cut
    });
    short.map(|(at, known, _)| (*at, *known)).min_by_key(|(at, _)| *at)
}

/// The file that had the source's name last, for all that is known. What has come under an older name since then, by a
/// copy, has a higher number; and what was empty may be any.
pub(crate) fn newest<'a>(known: &'a [KnownFile], stem: &str) -> Option<&'a KnownFile> {
    let told = || known.iter().filter(|known| known.identity.head_length > 0);
    let named = told().filter(|known| known.path == stem).max_by_key(|known| known.number);
    named.or_else(|| told().max_by_key(|known| known.number))
}

/// How well a file fits each of the known ones.
fn fits<'a>(file: &Present, known: Vec<&'a KnownFile>) -> Vec<(&'a KnownFile, Fit)> {
    let known: Vec<&KnownFile> = known.into_iter().filter(|known| file.begins_as(&known.identity)).collect();
    let has_foot = |known: &&&KnownFile| !file.is_sealed_as(&known.identity) && foot(known).is_some();
    let before: Vec<u64> = known.iter().filter(has_foot).filter_map(|known| Some(foot(known)?.0)).collect();
    let feet = if before.is_empty() { Feet::default() } else { file.feet(&before) };
    known.into_iter().map(|known| (known, fit(file, known, &feet))).collect()
}

/// How well a file fits a known one, as which it begins.
fn fit(file: &Present, known: &KnownFile, feet: &Feet) -> Fit {
    if file.is_sealed_as(&known.identity) {
        return Fit::Sure;
    }
    let Some(position) = &known.position else { return Fit::Likely };
    // All of what was packed was read: with another end it is another.
    let was_whole = known.identity.seal.is_some_and(|seal| (seal >> 32) as u32 == position.offset as u32);
    match foot(known) {
        _ if was_whole && file.seals_content() && position.offset > 0 => Fit::No,
        Some((before, foot)) if feet.at(before).is_some_and(|found| found == foot) => Fit::Sure,
        Some((before, _)) if feet.at(before).is_some() => Fit::No,
        _ if file.is_shorter(position.offset, feet) => Fit::Short,
        _ => Fit::Likely,
    }
}

/// The last bytes before the position, and where that is.
fn foot(known: &KnownFile) -> Option<(u64, [u8; 32])> {
    let position = known.position.as_ref().filter(|position| position.offset > 0)?;
    Some((position.offset, position.foot?))
}

/// Which generation a file is that is new at its place, or has come there.
pub(crate) fn generation(file: &Present, known: &[KnownFile]) -> u32 {
    let there = known.iter().filter(|known| file.is_at(&known.identity));
    there.map(|known| known.identity.generation + 1).max().unwrap_or(0)
}
