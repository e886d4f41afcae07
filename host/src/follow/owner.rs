//! Whose file it is that has come under a name: one that was renamed to a name of another source is still the first one's.

use std::path::Path;

use crate::check::Keeping;
use crate::commit::StoreError;
use crate::files::{Present, is_same, name};

/// The source that has read the file of this path before, if that is not the path's own.
pub(crate) fn owner(path: &Path, keeping: &Keeping) -> Result<Option<String>, StoreError> {
    // What cannot be looked at is told by who follows it.
    match Present::look(path) {
        Ok(Some(present)) => owner_of(&present, &name(path), keeping),
        _ => Ok(None),
    }
}

/// The source that has read a file before, if it is not this one.
pub(super) fn owner_of(
    present: &Present,
    own: &str,
    keeping: &Keeping,
) -> Result<Option<String>, StoreError> {
    let there = keeping.store.at(&keeping.tenant, present.device, present.inode)?;
    let mut same: Vec<_> = there.into_iter().filter(|(_, known)| is_same(present, known)).collect();
    if same.iter().any(|(source, _)| source == own) {
        return Ok(None);
    }
    same.sort_by_key(|(_, known)| known.number);
    Ok(same.pop().map(|(source, _)| source))
}
