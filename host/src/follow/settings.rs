use tripline_engine::line::LineSettings;

/// Where a source begins that was never followed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At its oldest file's first line.
    Start,
    /// Behind what is there already.
    End,
}

/// How files are followed.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowSettings {
    /// How bytes become lines; where times without a year belong follows from the files.
    pub lines: LineSettings,
    /// Where a new source begins.
    pub from: From,
    /// Nanoseconds without a further line after which an event is over, that a further line might have joined. 1 s.
    pub quiet: i64,
    /// Nanoseconds for which a renamed or deleted file stays open after its last bytes: its writer may not know yet
    /// that it was rotated. 60 s.
    pub linger: i64,
}
