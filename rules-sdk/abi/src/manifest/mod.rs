//! What a pack says of itself: JSON in the custom section `tripline.manifest`, read without running anything.
//!
//! ```json
//! {
//!   "abi": 1,
//!   "pack": { "name": "ssh-guard", "version": "1.2.0", "description": "…", "authors": ["…"],
//!             "licence": "MIT", "homepage": "https://…" },
//!   "requires": [],
//!   "sources": [{ "service": "sshd" }],
//!   "patterns": [
//!     { "name": "failed", "regex": "^Failed (?P<method>\\S+) for (?P<user>.*) from (?P<ip>\\S+) port" },
//!     { "name": "words", "contains": { "setting": "/words" }, "case_insensitive": true },
//!     { "name": "root", "field": "user", "equals": ["root"] },
//!     { "name": "inside", "field": "c-ip", "cidr": ["192.0.2.0/24", "2001:db8::/32"] },
//!     { "name": "failure", "field": "sc-status", "compare": { "ge": 500, "lt": 600 } },
//!     { "name": "with-key", "field": "key", "exists": true }
//!   ],
//!   "wakes_on": ["failed", { "all": ["words"], "none": ["root"] }],
//!   "fields": ["user"], "raw": false, "tick": 60,
//!   "rules": [{ "id": "guessing", "title": "…", "severity": "high", "tags": ["attack.t1110"],
//!               "dedupe_window": 3600, "resolve_after": 86400 }],
//!   "settings": { "type": "object", "properties": {
//!     "words": { "type": "array", "items": { "type": "string" }, "default": ["denied"] } } }
//! }
//! ```
//!
//! Unknown keys are refused, by path; keys that start with `x-` are ignored. `every_event: true` stands in place of
//! `wakes_on`. A list may be `{"setting": "/name"}`: the host puts the operator's validated setting there.

mod check;
mod compare;
mod json;
mod network;
mod raw;
mod regex;
mod regex_size;
mod settings;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::Severity;

pub use self::compare::{Bound, Comparison, Number};
pub use self::network::{Network, address};
pub use self::regex::{REGEX_BYTES, regex_builder};
pub use self::settings::{Property, PropertyType, Scalar, Schema, SettingsError};

/// How much a manifest may ask for. Each number holds for one pack.
pub struct Limit;

impl Limit {
    /// Patterns.
    pub const PATTERNS: usize = 2_000;
    /// Entries of one pattern's list, given or from a setting.
    pub const LIST_ENTRIES: usize = 10_000;
    /// Bytes of one pattern's list, given or from a setting.
    pub const LIST_BYTES: usize = 1024 * 1024;
    /// Named groups of one regex.
    pub const CAPTURES: usize = 16;
    /// Characters of a regex.
    pub const REGEX: usize = 16 * 1024;
    /// Entries of `wakes_on`.
    pub const WAKES: usize = 2_000;
    /// Decoded fields.
    pub const FIELDS: usize = 64;
    /// Rules.
    pub const RULES: usize = 500;
    /// Settings.
    pub const SETTINGS: usize = 100;
    /// Bytes of a name or id.
    pub const NAME: usize = 64;
    /// Bytes of a title or of one line of metadata.
    pub const LINE: usize = 300;
    /// Bytes of a description.
    pub const TEXT: usize = 4_096;
}

/// A checked manifest: names are unique, references resolve, regexes compile, everything is within [`Limit`].
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Who made it.
    pub pack: Pack,
    /// Log sources it is for; empty is all.
    pub sources: Vec<SourceFilter>,
    /// What the host matches for it.
    pub patterns: Vec<Pattern>,
    /// Which events it is handed.
    pub wakes_on: WakesOn,
    /// Decoded fields it wants with each event.
    pub fields: Vec<String>,
    /// Whether it wants the raw line.
    pub raw: bool,
    /// Seconds of event time between ticks, if it wants any.
    pub tick: Option<u32>,
    /// Its detections.
    pub rules: Vec<Rule>,
    /// What an operator may set.
    pub settings: Schema,
}

/// Who made a pack.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// `[a-z0-9-]+`.
    pub name: String,
    /// Semantic version.
    pub version: semver::Version,
    /// What it is for.
    pub description: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// SPDX expression.
    pub licence: String,
    /// Where to read more.
    pub homepage: String,
}

/// A kind of log, in Sigma's terms; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFilter {
    /// `log` or `scan`.
    pub kind: Option<String>,
    /// For example `linux`.
    pub product: Option<String>,
    /// For example `sshd`.
    pub service: Option<String>,
    /// For example `webserver`.
    pub category: Option<String>,
}

/// A pattern: what the host looks for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its name, unique in the pack.
    pub name: String,
    /// The field it looks at; `None` is the message.
    pub field: Option<String>,
    /// Whether ASCII letters match in either case.
    pub case_insensitive: bool,
    /// What it looks for.
    pub kind: PatternKind,
    /// Named groups of the regex, in order.
    pub captures: Vec<String>,
}

/// What a pattern looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// A regex on bytes, `regex` syntax.
    Regex {
        /// The expression.
        regex: String,
        /// Whether classes and `.` are Unicode's.
        unicode: bool,
    },
    /// Any of these anywhere in the value.
    Contains(List),
    /// The value is one of these.
    Equals(List),
    /// The value starts with one of these.
    StartsWith(List),
    /// The value ends with one of these.
    EndsWith(List),
    /// The value is an address in one of these networks.
    Cidr(List),
    /// The value is such a number.
    Compare(Comparison),
    /// Whether there is a value.
    Exists(bool),
}

impl PatternKind {
    /// The kind's key in the manifest.
    pub fn key(&self) -> &'static str {
        match self {
            PatternKind::Regex { .. } => "regex",
            PatternKind::Contains(_) => "contains",
            PatternKind::Equals(_) => "equals",
            PatternKind::StartsWith(_) => "starts_with",
            PatternKind::EndsWith(_) => "ends_with",
            PatternKind::Cidr(_) => "cidr",
            PatternKind::Compare(_) => "compare",
            PatternKind::Exists(_) => "exists",
        }
    }

    /// Its list, if it has one.
    pub fn list(&self) -> Option<&List> {
        match self {
            PatternKind::Regex { .. } | PatternKind::Compare(_) | PatternKind::Exists(_) => None,
            PatternKind::Contains(list)
            | PatternKind::Equals(list)
            | PatternKind::StartsWith(list)
            | PatternKind::EndsWith(list)
            | PatternKind::Cidr(list) => Some(list),
        }
    }
}

/// The entries of a pattern that is a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Written in the manifest.
    Given(Vec<String>),
    /// The operator's setting of this name (a list of texts, or one text).
    Setting(String),
}

/// Which events a pack is handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WakesOn {
    /// All of its sources' events: legal, metered apart.
    EveryEvent,
    /// Events for which one of these holds.
    Any(Vec<Wake>),
}

/// Holds when all of these patterns match and none of those. Numbers are indices of patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// Must match; never empty.
    pub all: Vec<u32>,
    /// Must not match.
    pub none: Vec<u32>,
}

/// One detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `[a-z0-9-]+`, unique in the pack.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it sees and how.
    pub description: String,
    /// Unless a decision says otherwise.
    pub severity: Severity,
    /// For example `attack.t1110.001`.
    pub tags: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// What ordinary things look like it.
    pub false_positives: Vec<String>,
    /// How settled it is.
    pub status: Status,
    /// Seconds without an equal decision after which the next one is a new incident.
    pub dedupe_window: Option<u32>,
    /// Seconds of quiet after which its incidents resolve themselves.
    pub resolve_after: Option<u32>,
}

/// How settled a rule is, as Sigma names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its false positives are known.
    #[default]
    Stable,
    /// Mostly right.
    Test,
    /// Expect false positives.
    Experimental,
    /// A better one exists.
    Deprecated,
    /// It cannot work here.
    Unsupported,
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(json: &[u8]) -> Result<Manifest, ManifestError> {
        if json.len() > crate::MANIFEST_BYTES {
            return Err(ManifestError::limit("", "bytes of the manifest", crate::MANIFEST_BYTES, json.len()));
        }
        check::check(raw::parse(json)?)
    }

    /// The fields by number, as batches count them: `fields`, then those that patterns look at.
    pub fn field_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        for field in self.patterns.iter().filter_map(|pattern| pattern.field.as_deref()) {
            if !names.contains(&field) {
                names.push(field);
            }
        }
        names
    }

    /// The number of the pattern with this name.
    pub fn pattern(&self, name: &str) -> Option<u32> {
        self.patterns.iter().position(|pattern| pattern.name == name).map(|i| i as u32)
    }
}

/// What is wrong with a manifest, and at which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The key's path, like `patterns[2].regex`; empty is the whole.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at a key of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not JSON, or not of the key's shape; the JSON reader's words.
    Json(String),
    /// A value that the key does not take.
    Expected {
        /// What the key takes.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A name that stands twice.
    Twice(String),
    /// A reference to something that is not there.
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something that this host does not serve.
    Unserved {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// More than a pack may have.
    Limit {
        /// Of what.
        what: &'static str,
        /// How much it may have.
        limit: usize,
        /// How much it has.
        found: usize,
    },
    /// A regex that does not compile; the compiler's words, with the place drawn.
    Regex(String),
}

impl ManifestError {
    pub(crate) fn new(path: impl Into<String>, problem: Problem) -> Self {
        ManifestError { path: path.into(), problem }
    }

    pub(crate) fn limit(path: impl Into<String>, what: &'static str, limit: usize, found: usize) -> Self {
        Self::new(path, Problem::Limit { what, limit, found })
    }

    pub(crate) fn expected(path: impl Into<String>, expected: &str, found: impl Into<String>) -> Self {
        Self::new(path, Problem::Expected { expected: expected.into(), found: found.into() })
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        match &self.problem {
            Problem::Json(message) => f.write_str(message),
            Problem::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Problem::Twice(name) => write!(f, "{name:?} stands twice"),
            Problem::Unknown { what, name } => write!(f, "there is no {what} named {name:?}"),
            Problem::Unserved { what, name } => {
                write!(f, "the {what} {name:?} is not served by this version")
            }
            Problem::Limit { what, limit, found } => {
                write!(f, "expected at most {limit} {what}, found {found}")
            }
            Problem::Regex(message) => write!(f, "{message}"),
        }
    }
}

impl core::error::Error for ManifestError {}
