//! A finding: what a scan found, as one line that rules read like any other.

use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::host::{PortState, Protocol, ScriptResult, Service, words};
use super::known::Remembered;
use super::order::ScanName;
use super::scanner::{Broken, ScannerKind};

words! {
    /// What was found.
    FindingKind {
        /// A host that was not there.
        HostNew = "host_new",
        /// A host that is not there any more.
        HostGone = "host_gone",
        /// A port that is open as before.
        PortOpen = "port_open",
        /// A port that was not open, or of which nothing was known.
        PortOpened = "port_opened",
        /// A port that is not open any more.
        PortClosed = "port_closed",
        /// Something else listens there.
        ServiceChanged = "service_changed",
        /// What a script says.
        ScriptResult = "script_result",
        /// It is asked otherwise than before.
        CoverageChanged = "coverage_changed",
        /// The scan did not see all.
        ScanPartial = "scan_partial",
        /// The scan saw nothing.
        ScanFailed = "scan_failed",
        /// There should have been a whole scan by now.
        ScanOverdue = "scan_overdue",
    }
}

/// What a scan found. What is unknown is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// When it was seen, nanoseconds since 1970.
    pub time: i64,
    /// Whether nothing was known before.
    pub first: Option<bool>,
    /// At which host.
    pub target: Option<IpAddr>,
    /// What that is called.
    pub name: Option<String>,
    /// At which port of it.
    pub port: Option<(u16, Protocol)>,
    /// In which state that is.
    pub state: Option<PortState>,
    /// What listens there.
    pub service: Option<Service>,
    /// What did when an earlier scan asked it, where this one has not.
    pub remembered: Option<Remembered>,
    /// What did before.
    pub before: Option<Remembered>,
    /// What a script says.
    pub script: Option<ScriptResult>,
    /// Whether the script said something else before.
    pub changed: Option<bool>,
    /// What is asked now and was not.
    pub added: Option<String>,
    /// What was asked and is not.
    pub removed: Option<String>,
    /// Why the scan is not whole.
    pub broken: Option<Broken>,
    /// Hosts that were found.
    pub hosts: Option<u64>,
    /// Hosts that took too long.
    pub unknown_hosts: Option<u64>,
    /// For how long there should have been a whole scan, seconds.
    pub late_by: Option<u64>,
}

/// Which scan a finding is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scan.
    pub scan: ScanName,
    /// The number of its run, where one is kept.
    pub run: Option<u64>,
    /// Who scanned.
    pub scanner: ScannerKind,
}

impl Finding {
    /// One of this kind, at this time, of which nothing else is known yet.
    pub fn new(kind: FindingKind, time: i64) -> Finding {
        Finding {
            kind,
            time,
            first: None,
            target: None,
            name: None,
            port: None,
            state: None,
            service: None,
            remembered: None,
            before: None,
            script: None,
            changed: None,
            added: None,
            removed: None,
            broken: None,
            hosts: None,
            unknown_hosts: None,
            late_by: None,
        }
    }

    /// Whether it tells of a change: what was seen for the first time was compared with nothing.
    pub fn is_change(&self) -> bool {
        self.kind != FindingKind::PortOpen && self.first != Some(true) && self.changed != Some(false)
    }

    /// It as a line, without the end of the line: a JSON object.
    pub fn line(&self, origin: &Origin) -> String {
        self.object(origin).to_string()
    }

    /// Its fields.
    pub fn object(&self, origin: &Origin) -> Value {
        let mut fields = Fields::default();
        fields.put("time", written(self.time));
        fields.put("finding", Some(self.kind.as_str()));
        fields.put("scan", Some(origin.scan.as_str()));
        fields.put("run", origin.run);
        fields.put("scanner", Some(origin.scanner.as_str()));
        fields.put("first", self.first);
        fields.put("target", self.target.map(|target| target.to_string()));
        fields.put("name", self.name.as_deref());
        fields.put("port", self.port.map(|(port, _)| port));
        fields.put("protocol", self.port.map(|(_, protocol)| protocol.as_str()));
        fields.put("state", self.state.map(PortState::as_str));
        if let Some(service) = &self.service {
            fields.put("service", service.name.as_deref());
            fields.put("product", service.product.as_deref());
            fields.put("version", service.version.as_deref());
            fields.put("extra", service.extra.as_deref());
            fields.put("cpe", service.cpe.as_deref());
            fields.put("tunnel", service.tunnel.as_deref());
            fields.put("method", Some(if service.probed { "probed" } else { "table" }));
        }
        for (name, earlier) in [("remembered", &self.remembered), ("before", &self.before)] {
            let Some(Remembered { service, time }) = earlier else { continue };
            fields.put(&format!("{name}_service"), service.name.as_deref());
            fields.put(&format!("{name}_product"), service.product.as_deref());
            fields.put(&format!("{name}_version"), service.version.as_deref());
            fields.put(&format!("{name}_time"), time.and_then(written));
        }
        if let Some(script) = &self.script {
            fields.put("script", Some(&script.id[..]));
            fields.put("output", Some(&script.output[..]).filter(|output| !output.is_empty()));
            fields.put("output_cut", script.cut.then_some(true));
            fields.put("vulnerable", script.vulnerable);
        }
        fields.put("changed", self.changed);
        fields.put("added", self.added.as_deref());
        fields.put("removed", self.removed.as_deref());
        if let Some(broken) = &self.broken {
            fields.put("reason", Some(broken.reason.as_str()));
            fields.put("detail", Some(&broken.detail[..]).filter(|detail| !detail.is_empty()));
        }
        fields.put("hosts", self.hosts);
        fields.put("unknown_hosts", self.unknown_hosts);
        fields.put("late_by", self.late_by);
        Value::Object(fields.0)
    }
}

/// A time as JSON has it.
fn written(time: i64) -> Option<String> {
    Timestamp::from_nanosecond(time.into()).ok().map(|time| time.to_string())
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.0.insert(name.into(), value.into());
        }
    }
}
