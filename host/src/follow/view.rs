//! What lies there of a family, as of one moment: a folder is listed and its files are looked at one after the other,
//! while others rename, copy, cut and pack.
//!
//! ```text
//!   listed: app.log.1 ──► it is packed, and gone ──► looked at: nothing; app.log was cut    the copy was not seen, and
//!                         app.log.1.gz was not listed                                       would be a new file later
//! ```

use super::followed::{Followed, know};
use super::held::Place;
use super::lying::{Entry, Listed, Lying, entries, lying, members};
use crate::check::Keeping;
use crate::commit::{FileIdentity, KnownSource, StoreError};

/// So often in a row it is looked anew before that is left for the next look …
const LOOKS: u32 = 4;
/// … and so often that is done before what was seen is taken for what is there: else a folder where something moves all
/// the time was never read.
const PUT_OFF: u32 = 64;

pub(super) struct View {
    /// Whether each open file was cut.
    pub(super) cut: Vec<bool>,
    pub(super) entries: Vec<Entry>,
    pub(super) lying: Vec<Lying>,
    pub(super) known: KnownSource,
}

impl Followed {
    /// Looks until nothing moves meanwhile, if what is seen says that something has become of what was read. `None`: it
    /// moves too fast, and is to be looked at later.
    pub(super) fn view(
        &mut self,
        keeping: &Keeping,
        listed: &mut Listed,
    ) -> Result<Option<View>, StoreError> {
        let mut view = self.view_once(keeping, listed)?;
        for _ in 1..LOOKS {
            if !view.is_turned() || !self.has_moved(&view) {
                self.put_off = 0;
                return Ok(Some(view));
            }
            view = self.view_once(keeping, &mut Listed::default())?;
        }
        self.put_off += 1;
        if self.put_off <= PUT_OFF {
            self.folder = None;
            return Ok(None);
        }
        Ok(Some(view))
    }

    fn view_once(&mut self, keeping: &Keeping, listed: &mut Listed) -> Result<View, StoreError> {
        let cut = self.cut();
        for (tail, cut) in self.tails.iter_mut().zip(&cut) {
            if !cut {
                tail.learn();
            }
            know(tail, self.number, keeping)?;
        }
        let named = members(&self.stem, &self.adopted, &mut self.notes, listed);
        let entries = entries(&named, &self.stem);
        let lying = lying(named, &self.stem, &mut self.notes);
        let (lying, known) = self.of_tenant(lying, keeping)?;
        Ok(View { cut, entries, lying, known })
    }

    /// Which of the open files were cut. What cannot be looked at now is told when it is read.
    fn cut(&self) -> Vec<bool> {
        self.tails.iter().map(|tail| tail.is_cut().unwrap_or(false)).collect()
    }

    /// Whether something lies there otherwise by now.
    fn has_moved(&mut self, view: &View) -> bool {
        let named = members(&self.stem, &self.adopted, &mut self.notes, &mut Listed::default());
        let now = entries(&named, &self.stem);
        let is_as_it_was = |(now, before): (&Entry, &Entry)| {
            // What is read, by whomever, may grow, and what is no copy of it that is being made.
            let may_grow = |place| self.held.is_claimed(place) || view.is_of_nothing_read(place);
            now == before || now.lies_as(before) && now.place().is_some_and(may_grow)
        };
        now.len() != view.entries.len()
            || !now.iter().zip(&view.entries).all(is_as_it_was)
            || self.cut() != view.cut
    }
}

impl View {
    /// Whether the file there begins as nothing that was read of this family, however much more comes.
    fn is_of_nothing_read(&self, (device, inode): Place) -> bool {
        let there =
            self.lying.iter().find(|lying| (lying.present.device, lying.present.inode) == (device, inode));
        there.is_some_and(|Lying { present, .. }| {
            let read =
                self.known.files.iter().map(|file| &file.identity).filter(|known| known.head_length > 0);
            let differs = |known: &FileIdentity| {
                present.head().len() >= known.head_length as usize && !present.begins_as(known)
            };
            read.into_iter().all(differs)
        })
    }

    /// Whether a file is not what was known at its place, or was cut. What lies where it did is read on, whatever moves.
    fn is_turned(&self) -> bool {
        let read = || self.known.files.iter().filter(|file| file.identity.head_length > 0);
        let is_as_known = |lying: &Lying| {
            let present = &lying.present;
            read().any(|file| {
                let offset = file.position.as_ref().map_or(0, |position| position.offset);
                present.is_at(&file.identity) && present.begins_as(&file.identity) && present.reaches(offset)
            })
        };
        self.cut.contains(&true) || read().next().is_some() && !self.lying.iter().all(is_as_known)
    }
}
