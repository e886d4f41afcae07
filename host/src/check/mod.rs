//! A check of files: read, matched on all cores, judged in order, folded.

mod barrier;
mod collector;
mod judging;
mod keeping;
mod passing;
mod plan;
mod prepared;
mod reading;
mod run;
mod spares;
mod spent;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::tz::TimeZone;
use tripline_engine::decode::Format;
use tripline_engine::{Configured, Report};

use crate::commit::{Committed, StoreError};
pub use crate::files::{HeldLines, InputError, InputProblem, Inputs, Source, expand};

pub use self::keeping::{Change, InputNote, Keeping};
pub use self::run::{default_threads, run};
pub use self::spent::{PatternSpent, Spent};
#[cfg(feature = "store")]
pub(crate) use self::{
    keeping::settings_digest,
    plan::{identify, keep_read, mark},
    run::MonotonicClock,
};

/// What to check, and how.
pub struct CheckOptions {
    /// The packs, with their settings.
    pub packs: Vec<Configured>,
    /// Where lines come from, in the order of the arguments.
    pub sources: Vec<Source>,
    /// Threads that match; judging has its own.
    pub threads: usize,
    /// Year of each source's first line, where its format has none.
    pub year: Option<i16>,
    /// Time zone of timestamps that have none.
    pub timezone: TimeZone,
    /// Format of all sources that have none of their own; `None`: found for each.
    pub format: Option<Format>,
    /// Whether every match is reported, too.
    pub matches: bool,
    /// Whether it is measured where time goes.
    pub stats: bool,
    /// Where to go on, and where decisions are kept; `None`: all is read from its start, and folded in memory.
    pub store: Option<Keeping>,
}

/// What is told while a check runs.
pub trait Observer: Send {
    /// So many bytes of the inputs (as they lie on disk) have been read.
    fn read(&mut self, bytes: u64);

    /// A pattern matched an event that woke its pack; in the order in which events are judged.
    fn matched(&mut self, seen: &MatchSeen<'_>);
}

/// A match, for whoever wants to see them all.
pub struct MatchSeen<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// The line, from 1.
    pub line: u64,
    /// The line's text.
    pub text: &'a [u8],
    /// The pack.
    pub pack: &'a str,
    /// The pattern.
    pub pattern: &'a str,
    /// Named groups and what they captured.
    pub captures: Vec<(&'a str, &'a [u8])>,
}

/// What came of a check.
pub struct Outcome {
    /// Incidents, faults, costs.
    pub report: Report,
    /// Inputs that could not be read, or not to their end.
    pub errors: Vec<InputError>,
    /// Names of the files by source and file number, as positions have them.
    pub files: Files,
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Where that went, if somebody asked.
    pub spent: Option<Spent>,
    /// Whether it was stopped before the end, by somebody or by a store that failed.
    pub stopped: bool,
    /// Whether the store did not let it begin: nothing was read.
    pub refused: bool,
    /// What operators should know of the inputs.
    pub notes: Vec<InputNote>,
    /// What was committed, of all barriers; `None`: there is no store.
    pub committed: Option<Committed>,
    /// Why the store failed. What was committed before stays, and the same check goes on from there.
    pub store_error: Option<StoreError>,
}

/// Names of files by position.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<(u32, u32), String>);

impl Files {
    /// The name of a source's file, as the operator named it, or, if it was read in an earlier run only, its path then;
    /// `-` is standard input.
    pub fn name(&self, source: u32, file: u32) -> &str {
        self.0.get(&(source, file)).map_or("?", String::as_str)
    }

    /// Names a file.
    pub fn insert(&mut self, source: u32, file: u32, name: String) {
        self.0.insert((source, file), name);
    }
}

impl From<Vec<Vec<String>>> for Files {
    /// Names of each source's files, both counted from 0.
    fn from(sources: Vec<Vec<String>>) -> Files {
        let mut files = Files::default();
        for (source, names) in (0..).zip(sources) {
            for (file, name) in (0..).zip(names) {
                files.insert(source, file, name);
            }
        }
        files
    }
}

/// Asked between blocks: whether to stop and report what was found so far.
pub type Stop = AtomicBool;
