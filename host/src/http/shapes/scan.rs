use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Odd;
use super::time::{maybe, nanoseconds};
use crate::scans::{Broken, Progress, Run, ScanName};

/// A run of a scan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Scan)]
pub(crate) struct ScanShape {
    /// Its number.
    run: u64,
    /// What the scan is called.
    scan: String,
    /// `nmap`, `connect` or `masscan`.
    scanner: String,
    /// Who asked for it.
    by: String,
    /// `running`, `done`, `partial`, `failed` or `cancelled`.
    state: String,
    /// When it began.
    #[schema(format = DateTime)]
    started: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    ended: Option<String>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    targets: Option<String>,
    /// Which ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ports: Option<String>,
    /// Why it is not whole, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Why it is not whole, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    /// Hosts that answered.
    hosts: u64,
    /// Hosts that took too long.
    unknown_hosts: u64,
    /// Ports that are or may be open.
    open: u64,
    /// Whether rules have judged its findings.
    judged: bool,
    /// How far it is, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<ProgressShape>,
}

impl ScanShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(&self) -> Result<Run, Odd> {
        let word = |expected, found: &str| Odd::new(expected, found);
        let reason = self.reason.as_ref().and_then(|reason| reason.parse().ok());
        let detail = self.detail.clone().unwrap_or_default();
        Ok(Run {
            number: self.run,
            name: ScanName::new(&self.scan).ok_or_else(|| word("a scan's name", &self.scan))?,
            scanner: self.scanner.parse().map_err(|()| word("a scanner", &self.scanner))?,
            state: self.state.parse().map_err(|()| word("a state", &self.state))?,
            author: self.by.clone(),
            started: nanoseconds(&self.started)?,
            ended: maybe(self.ended.as_deref())?,
            addresses: self.targets.clone(),
            ports: self.ports.clone(),
            broken: reason.map(|reason| Broken { reason, detail }),
            up: self.hosts,
            unknown: self.unknown_hosts,
            open: self.open,
            judged: self.judged,
        })
    }

    /// How far it is, while it runs.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let ProgressShape { task, percent, left, .. } = self.progress.as_ref()?;
        Some(Progress { task: task.clone(), percent: *percent, left: left.map(Duration::from_secs) })
    }

    /// Hosts that it has found.
    pub(crate) fn hosts(&self) -> u64 {
        self.progress.as_ref().map_or(self.hosts, |progress| progress.hosts)
    }
}

/// How far a scan is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ScanProgress)]
pub(super) struct ProgressShape {
    /// What is done.
    task: String,
    /// How much of that: 0 to 100.
    percent: f64,
    /// For how many seconds yet, if the scanner says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left: Option<u64>,
    /// Hosts that were found.
    hosts: u64,
}

/// What a scan found; what it has beside these depends on `finding`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingShape {
    /// What was found: `port_opened`, for example.
    finding: String,
    /// When it was seen.
    #[schema(format = DateTime)]
    time: String,
    /// What the scan is called.
    scan: String,
    #[serde(flatten)]
    #[schema(value_type = HashMap<String, Value>)]
    more: Map<String, Value>,
}

/// A scan that is made again and again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ScanSchedule)]
pub(crate) struct ScheduleShape {
    #[schema(example = "schedule")]
    r#type: String,
    /// What the scan is called.
    scan: String,
    /// Addresses, networks and names.
    targets: Vec<String>,
    /// Which ports, by TCP.
    ports: String,
    /// Whether services are asked what they are.
    service: bool,
    /// Scripts to run.
    scripts: Vec<String>,
    /// When: minute, hour, day, month, weekday; null: every so often.
    #[schema(required)]
    cron: Option<String>,
    /// Whose clock that is.
    #[schema(required)]
    timezone: Option<String>,
    /// Again after so many seconds; null: by cron.
    #[schema(required)]
    every: Option<u64>,
    /// Seconds by which it may begin later.
    jitter: u64,
    /// `skip` or `once`.
    missed: String,
    /// When it is made next; null: never.
    #[schema(required, format = DateTime)]
    next: Option<String>,
    /// The time of the last one that was whole.
    #[schema(required, format = DateTime)]
    whole: Option<String>,
}
