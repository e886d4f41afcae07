//! What may happen to a folder of logs and to who follows it.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(in super::super) enum Step {
    /// Lines are written; with CRLF.
    Write(u8, bool),
    /// A line of so many KiB; of NULs.
    Long(u16, bool),
    /// So many NULs stand where a line should be.
    Nuls(u16),
    /// Half a line, and its end with the next write.
    Half,
    /// A line that every file begins with, if it is a file's first.
    First,
    /// `app.log` becomes `app.log.1` and so on; its writer may write on to the old one.
    Rename { late: bool },
    /// `app.log` is copied to `app.log.1` …
    Copy,
    /// … and cut: perhaps after more was written, and read.
    Cut,
    /// `app.log` is cut.
    Truncate,
    /// `app.log` is deleted; the next write makes it anew.
    Delete,
    /// `app.log` is deleted and there again at once, where the file system likes on the same inode.
    Recreate,
    /// `app.log` is a link, and is made to lead to a new file.
    Swap,
    /// `app.log.1` is packed; slowly: half of it is there for the next steps.
    Pack { slowly: bool },
    /// So many turns of reading.
    Read(u8),
    /// Nothing happens for so many seconds.
    Pause(u8),
    /// What came out is committed.
    Commit,
    /// After so many calls, the store takes nothing for so many.
    Fail { after: u8, calls: u8, full: bool },
    /// The follower dies, and another begins where the store says.
    Kill,
    /// The entry's tenant changes: what came out is committed, and another follower begins for the other tenant.
    Hand,
    /// The follower dies, and the next steps happen before another begins.
    Die,
}

pub(in super::super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (1u8..5, any::<bool>()).prop_map(|(count, crlf)| Step::Write(count, crlf)),
        1 => (1u16..1100, any::<bool>()).prop_map(|(size, nul)| Step::Long(size, nul)),
        1 => (1u16..5000).prop_map(Step::Nuls),
        2 => Just(Step::Half),
        4 => Just(Step::First),
        4 => any::<bool>().prop_map(|late| Step::Rename { late }),
        3 => Just(Step::Copy),
        3 => Just(Step::Cut),
        2 => Just(Step::Truncate),
        2 => Just(Step::Delete),
        2 => Just(Step::Recreate),
        2 => Just(Step::Swap),
        3 => any::<bool>().prop_map(|slowly| Step::Pack { slowly }),
        8 => (1u8..4).prop_map(Step::Read),
        4 => (1u8..70).prop_map(Step::Pause),
        6 => Just(Step::Commit),
        4 => (0u8..6, 1u8..4, any::<bool>()).prop_map(|(after, calls, full)| Step::Fail { after, calls, full }),
        4 => Just(Step::Kill),
        2 => Just(Step::Die),
        3 => Just(Step::Hand),
    ]
}
