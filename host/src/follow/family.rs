//! Opening what is there of a family.
//!
//! ```text
//!   open files ──┐                      ┌─► stays open, perhaps as the old one now
//!   the folder ──┼─► recognised ────────┼─► opened where it was read to
//!   the store ───┘   changes nothing    └─► closed: it was cut, or is opened elsewhere
//!                    until it is all known           all of it at once, when nothing can fail any more
//! ```

use std::fs;
use std::os::unix::fs::MetadataExt;

use tripline_engine::line::{LineSettings, Mark};

use super::followed::Followed;
use super::lying::{Listed, Lying};
use super::owner::owner_of;
use super::tail::{End, Tail};
use super::view::View;
use crate::check::{Change, Keeping, identify, keep_read, mark};
use crate::commit::{FilePosition, KnownFile, KnownSource, StoreError};
use crate::crash;
use crate::files::{Begin, File, Found, InputProblem, OpenFiles, Present, Source, name, newest, recognise};

/// What becomes of a member that is there.
enum Member {
    /// It is open; whether its name is an old one.
    Open {
        tail: usize,
        is_old: bool,
    },
    Opened(Box<Tail>),
}

impl Followed {
    /// Opens what is there of the family and not open yet, oldest first. Of a file that was cut, a copy is read on where
    /// that was. When the store fails, all is as it was.
    pub(super) fn family(
        &mut self,
        keeping: &Keeping,
        listed: &mut Listed,
        now: i64,
    ) -> Result<(), StoreError> {
        let opened = self.reopen(keeping, listed, now);
        if opened.is_err() {
            // What is not open now is opened at the next look.
            self.folder = None;
        }
        opened
    }

    fn reopen(&mut self, keeping: &Keeping, listed: &mut Listed, now: i64) -> Result<(), StoreError> {
        let Some(View { cut, entries, lying, known }) = self.view(keeping, listed)? else { return Ok(()) };
        let present: Vec<&Present> = lying.iter().map(|lying| &lying.present).collect();
        let is_cut = self.tails.iter().zip(&cut).filter(|(_, cut)| **cut);
        let open = OpenFiles {
            heads: self.tails.iter().map(|tail| (tail.number(), tail.head())).collect(),
            named: lying.iter().position(|lying| lying.path == self.stem),
            cut: is_cut.map(|(tail, _)| tail.number()).collect(),
            copies: self.copies.clone(),
        };
        // A file is known again by what was read of it, and read on where its lines have come out to.
        let tail =
            |file: &KnownFile| self.tails.iter().zip(&cut).find(|(tail, _)| tail.number() == file.number);
        let read = |file| tail(file).map_or_else(|| file.clone(), |(tail, cut)| tail.as_open(*cut));
        let read: Vec<KnownFile> = known.files.iter().map(read).collect();
        let found = recognise(&present, &read, &name(&self.stem), &open);
        let found: Vec<Found<'_>> = found.into_iter().map(|found| found.of(&known.files)).collect();
        let members = self.members(&lying, &found, &cut, &known, keeping, now)?;
        let overtaken = found.iter().find_map(|found| match found {
            Found::Overtaken(before) => Some(*before),
            _ => None,
        });
        for (lying, found) in lying.iter().zip(&found) {
            self.tell_lost(lying, found, overtaken, &known);
        }
        let gives_way = |member: &Member| matches!(member, Member::Open { tail, is_old: true } if !self.tails[*tail].is_old);
        if members.iter().any(gives_way) {
            crash::point("rotated");
        }
        // From here on nothing fails.
        let copy = |(lying, found): (&Lying, &Found<'_>)| match found {
            Found::Copy(of) => Some(((lying.present.device, lying.present.inode), of.number)),
            _ => None,
        };
        self.copies = lying.iter().zip(&found).filter_map(copy).collect();
        self.ends.retain(|seal, _| lying.iter().any(|lying| lying.present.seal() == Some(*seal)));
        let is_opened = |tail: &Tail| {
            members
                .iter()
                .any(|member| matches!(member, Member::Opened(opened) if opened.number() == tail.number()))
        };
        let moved: Vec<bool> = self.tails.iter().map(is_opened).collect();
        let mut before: Vec<Option<Tail>> = self.tails.drain(..).map(Some).collect();
        for member in members {
            let (tail, is_old) = match member {
                Member::Opened(tail) => (Some(*tail), None),
                Member::Open { tail, is_old } => (before[tail].take(), Some(is_old)),
            };
            self.tails.extend(tail.map(|mut tail| {
                tail.is_old = is_old.unwrap_or(tail.is_old);
                tail
            }));
        }
        let newest = fs::metadata(&self.stem).ok().map(|found| (found.dev(), found.ino()));
        let mut nameless = Vec::new();
        for ((tail, cut), moved) in before.into_iter().zip(cut).zip(moved) {
            let Some(mut tail) = tail else { continue };
            if moved || cut && found.iter().any(|found| found.is(tail.number())) {
                self.close(tail, End::Elsewhere);
            } else if cut {
                self.notes.lost(tail.path(), Change::Cut);
                self.close(tail, End::Whole);
            } else {
                // It has no name any more, or only who has it open may read it.
                tail.is_old = !newest.is_some_and(|(device, inode)| tail.is_at(device, inode));
                nameless.push(tail);
            }
        }
        self.tails.splice(0..0, nameless);
        self.entries = entries;
        Ok(())
    }

    /// What is known of the source's files: of what is open or has come out and is not committed yet, more than the store
    /// knows.
    pub(super) fn known(&mut self, keeping: &Keeping) -> Result<KnownSource, StoreError> {
        let mut known = keeping.store.source(&keeping.tenant, &name(&self.stem))?;
        // Of what nothing was read nothing is to be committed.
        let offset = |file: &KnownFile| file.position.as_ref().map_or(0, |position| position.offset);
        self.closed.retain(|(closed, _)| {
            let file = known.files.iter_mut().find(|file| file.number == closed.number);
            let Some(file) = file.filter(|file| offset(file) < offset(closed)) else { return false };
            file.position.clone_from(&closed.position);
            true
        });
        for tail in &self.tails {
            if let Some(file) = known.files.iter_mut().find(|file| file.number == tail.number()) {
                *file = tail.known();
            }
        }
        Ok(known)
    }

    /// What is to become of the members, oldest first.
    fn members(
        &mut self,
        lying: &[Lying],
        found: &[Found<'_>],
        cut: &[bool],
        known: &KnownSource,
        keeping: &Keeping,
        now: i64,
    ) -> Result<Vec<Member>, StoreError> {
        let mut members = Vec::new();
        (self.left, self.strangers) = (Vec::new(), Vec::new());
        let mut done: Option<&FilePosition> = None;
        for (lying, found) in lying.iter().zip(found) {
            match found {
                // It is looked at again when the original is cut, or the folder changes.
                Found::Copy(_) => continue,
                Found::Overtaken(_) => {
                    keep_read(keeping, known, &lying.present, &name(&lying.path))?;
                    continue;
                }
                _ => {}
            }
            let position = match found {
                Found::Known(file) => file.position.as_ref(),
                _ => None,
            };
            if matches!(found, Found::New | Found::Instead(_))
                && !self.own.contains(&lying.path)
                && let Some(owner) = owner_of(&lying.present, &name(&self.stem), keeping)?
            {
                self.strangers.push((lying.path.clone(), owner));
                continue;
            }
            let is_newest = lying.is_newest;
            let open =
                |is: &dyn Fn(&Tail) -> bool| (0..cut.len()).find(|at| !cut[*at] && is(&self.tails[*at]));
            let there = open(&|tail| tail.is_at(lying.present.device, lying.present.inode));
            // What is open is read to its end, also if it was packed meanwhile; and what is packed is open but once. A
            // packed file that was renamed is opened again, at its mark.
            let same = || open(&|tail| found.is(tail.number()) && !tail.is_moved(&lying.path));
            if let Some(tail) = there.or_else(same) {
                members.push(Member::Open { tail, is_old: there.is_none() || !is_newest });
                continue;
            }
            // What does not say its length was gone over once.
            let end = lying.present.seal().and_then(|seal| self.ends.get(&seal).copied());
            let is_end = |offset| lying.present.ends_at(offset) || end == Some(offset);
            let is_done = position.is_some_and(|position| is_end(position.offset));
            let is_fresh = lying.modified.is_some_and(|modified| now - modified < self.settings.linger);
            // What is packed does not grow.
            if is_done && !is_newest && (!is_fresh || lying.present.is_packed()) {
                done = position;
                if !lying.present.is_packed() {
                    self.left.push((lying.path.clone(), lying.present.end()));
                }
                continue;
            }
            if lying.present.is_packed() && self.notes.is_left_alone(&lying.path) {
                continue;
            }
            let tail = self.tail(lying, found, done, known, keeping, now)?;
            members.extend(tail.map(|tail| Member::Opened(Box::new(tail))));
        }
        Ok(members)
    }

    /// Opens a member.
    fn tail(
        &mut self,
        lying: &Lying,
        found: &Found<'_>,
        done: Option<&FilePosition>,
        known: &KnownSource,
        keeping: &Keeping,
        now: i64,
    ) -> Result<Option<Tail>, StoreError> {
        let Lying { path, present, modified, is_newest } = lying;
        let called = name(path);
        let number = identify(keeping, known, present, found, &called)?;
        let position = match found {
            Found::Known(file) => file.position.as_ref(),
            _ => None,
        };
        let begin = Mark { file: number, ..mark(0, position, done, known) };
        let source = keeping.store.source(&keeping.tenant, &name(&self.stem))?;
        let Some(file) = source.files.into_iter().find(|file| file.number == number) else { return Ok(None) };
        let place = (present.device, present.inode);
        // Another tenant has begun to read it since it was looked at.
        let Some(claim) = self.held.claim(&keeping.tenant, place) else {
            self.folder = None;
            return Ok(None);
        };
        let reference = if *is_newest { Some(now) } else { *modified };
        let lines = LineSettings { reference, ..self.settings.lines.clone() };
        let opened = if present.is_packed() {
            Ok(Some(Tail::packed(self.packed(lying, begin.clone()), path, (file, claim), begin, lines)))
        } else {
            Tail::plain(path, (file, claim), begin, lines)
        };
        match opened {
            Ok(Some(mut tail)) => {
                tail.is_old = !*is_newest;
                Ok(Some(tail))
            }
            Ok(None) => {
                // Another file has come under its name: it is looked at again.
                self.folder = None;
                Ok(None)
            }
            Err(error) => {
                self.notes.unread(path.clone(), InputProblem::Io { doing: "open it", error }, true);
                Ok(None)
            }
        }
    }

    /// A packed member as a source of its own.
    fn packed(&self, lying: &Lying, begin: Mark) -> Source {
        let place = Some((lying.present.device, lying.present.inode));
        let begin = Begin { mark: Some(begin), done: false, place };
        let file = File { path: lying.path.clone(), bytes: 0, modified: lying.modified, begin, held: None };
        Source { stem: self.stem.clone(), files: vec![file], format: None }
    }

    /// Tells of a file that was cut or replaced while nobody followed it: where the file is that was followed last. One
    /// that was rotated away long ago has given its inode to somebody, and nothing is lost. And wherever a copy is taken for
    /// read: that it is one is likely, and no more.
    fn tell_lost(
        &mut self,
        lying: &Lying,
        found: &Found<'_>,
        overtaken: Option<&KnownFile>,
        known: &KnownSource,
    ) {
        let before = match (found, overtaken) {
            (Found::Instead(_) | Found::New, Some(before)) if lying.present.is_at(&before.identity) => before,
            (Found::Instead(before), _) => *before,
            _ => return,
        };
        let newest = newest(&known.files, &name(&self.stem));
        let is_last = newest.is_some_and(|newest| newest.number == before.number)
            || known.files.iter().all(|file| file.number <= before.number);
        let is_gone = self.gone == Some(before.number);
        if is_last && !is_gone && !self.tails.iter().any(|tail| tail.number() == before.number) {
            let present = &lying.present;
            let is_cut = present.begins_as(&before.identity) || present.ends_at(0);
            self.notes.lost(lying.path.clone(), if is_cut { Change::Cut } else { Change::Replaced });
        }
    }
}
