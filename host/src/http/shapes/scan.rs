use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A run of a scan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Scan)]
pub(crate) struct ScanShape {
    /// Its number.
    pub(crate) run: u64,
    /// What the scan is called.
    scan: String,
    /// `nmap`, `connect` or `masscan`.
    scanner: String,
    /// `running`, `done`, `partial`, `failed` or `cancelled`.
    pub(crate) state: String,
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

/// How far a scan is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ScanProgress)]
pub(super) struct ProgressShape {
    /// What is done.
    pub(crate) task: String,
    /// How much of that: 0 to 100.
    pub(crate) percent: f64,
    /// Hosts that were found.
    pub(crate) hosts: u64,
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
    pub(crate) scan: String,
    /// Addresses, networks and names.
    pub(crate) targets: Vec<String>,
    /// Which ports, by TCP.
    pub(crate) ports: String,
    /// Whether services are asked what they are.
    service: bool,
    /// Scripts to run.
    scripts: Vec<String>,
    /// When: minute, hour, day, month, weekday; null: every so often.
    #[schema(required)]
    pub(crate) cron: Option<String>,
    /// Whose clock that is.
    #[schema(required)]
    timezone: Option<String>,
    /// Again after so many seconds; null: by cron.
    #[schema(required)]
    pub(crate) every: Option<u64>,
    /// Seconds by which it may begin later.
    jitter: u64,
    /// `skip` or `once`.
    missed: String,
    /// When it is made next; null: never.
    #[schema(required, format = DateTime)]
    pub(crate) next: Option<String>,
    /// The time of the last one that was whole.
    #[schema(required, format = DateTime)]
    pub(crate) whole: Option<String>,
}
