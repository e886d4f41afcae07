//! Descriptors: as many as the system gives, of which followed files leave some to all else.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What connections, the database, packs and whoever reloads may need at once.
const ASIDE: u64 = 1_024;

/// Takes as many as may be had; how many that are.
pub(super) fn raise() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let (current, most) = (limit.current, limit.maximum);
    limit.current = most;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => most.unwrap_or(u64::MAX),
        Err(_) => current.unwrap_or(u64::MAX),
    }
}

/// Of so many, how many followed files may have: at least half stays for all else, if there are few.
pub(super) fn for_files(most: u64) -> usize {
    let files = most.saturating_sub(ASIDE).max(most / 2);
    usize::try_from(files).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_leave_some_to_all_else() {
        assert_eq!([64, 1_024, 4_096].map(for_files), [32, 512, 3_072]);
    }
}
