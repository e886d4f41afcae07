use std::sync::Arc;

use tripline_engine::abi::manifest::{Rule, Status};
use tripline_engine::abi::{ReplyLimit, Severity};
use tripline_engine::decision::{Decision, HOST, Origin};

use super::given::{self, GivenError};
use crate::commit::{Actor, Commit};

/// What a person or a program reports: the same way behind it as a rule's decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// All the rest; may have many lines.
    pub details: String,
    /// What equal reports share; `None`: each is an incident of its own.
    pub fingerprint: Option<String>,
    /// Named values.
    pub values: Vec<(String, String)>,
    /// Words to route by.
    pub tags: Vec<String>,
}

impl Report {
    /// A report of this, with nothing else said.
    pub fn new(severity: Severity, title: impl Into<String>) -> Report {
        let (details, fingerprint) = (String::new(), None);
        Report { severity, title: title.into(), details, fingerprint, values: Vec::new(), tags: Vec::new() }
    }

    /// Its rule, under the pack's name [`HOST`].
    pub const RULE: &str = "reported";

    /// Bytes of details.
    pub const DETAILS: usize = 64 * 1024;
    /// Bytes of a tag.
    const TAG: usize = 64;

    /// Whether all of it is within its bounds: those of a pack's decision, and more room for details.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), GivenError> {
        given::line("title", &self.title, ReplyLimit::TITLE)?;
        given::prose("details", &self.details, Report::DETAILS)?;
        if let Some(fingerprint) = &self.fingerprint {
            given::line("fingerprint", fingerprint, ReplyLimit::FINGERPRINT)?;
        }
        given::many("values", self.values.len())?;
        for (name, value) in &self.values {
            given::line("values", name, ReplyLimit::VALUE_NAME)?;
            given::prose("values", value, ReplyLimit::VALUE)?;
        }
        given::many("tags", self.tags.len())?;
        self.tags.iter().try_for_each(|tag| given::line("tags", tag, Report::TAG))
    }

    /// What keeps it, as this actor's.
    pub fn commit(self, actor: Actor, now: i64) -> Commit {
        Commit { decisions: vec![self.decision(now)], actor: Some(actor), ..Commit::default() }
    }

    /// As a decision of the host, made at this time (nanoseconds since 1970).
    pub fn decision(self, now: i64) -> Decision {
        let rule = Rule {
            id: Report::RULE.into(),
            title: "Reported".into(),
            description: "A person or a program has reported this.".into(),
            severity: self.severity,
            tags: self.tags,
            references: Vec::new(),
            false_positives: Vec::new(),
            status: Status::Stable,
            dedupe_window: None,
            resolve_after: None,
        };
        let own = || format!("{now}").into_bytes();
        Decision {
            origin: Arc::new(Origin { pack: HOST.into(), rule }),
            severity: self.severity,
            fingerprint: Some(self.fingerprint.map_or_else(own, String::into_bytes)),
            title: self.title,
            summary: self.details,
            values: self.values,
            time: Some(now),
            trigger: None,
            ordinal: 0,
            evidence: Vec::new(),
            evidence_gone: 0,
            weight: 1,
        }
    }
}
