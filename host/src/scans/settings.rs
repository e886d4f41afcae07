use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::allowed::Allowed;
use super::schedule::Scheduled;
use super::script::Script;
use crate::commit::Tenant;

/// How scans are made, and what may be scanned: `[scan]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanSettings {
    /// Where nmap is; `None`: on the `PATH`.
    pub nmap: Option<PathBuf>,
    /// Whether nmap may send what only root may, and finds hosts by that. No.
    pub privileged: bool,
    /// Addresses of one scan. 65,536.
    pub addresses: u64,
    /// Scans in a row that do not find what was there, after which it counts as closed or gone. 2.
    pub closed_after: u32,
    /// How long one host may take. 15 minutes.
    pub host_timeout: Duration,
    /// How long a scan may take. 4 hours.
    pub timeout: Duration,
    /// Scans at the same time. 2.
    pub at_once: usize,
    /// Of them, of one tenant. 1.
    pub at_once_of_tenant: usize,
    /// Scripts that may be asked for.
    pub scripts: Vec<Script>,
    /// Nanoseconds for which scans are kept; `None`: for ever. 90 days.
    pub retention: Option<i64>,
    /// What may be scanned, for each tenant. Nothing.
    pub allow: BTreeMap<Tenant, Allowed>,
    /// Scans that are made again and again.
    pub schedules: Vec<Scheduled>,
}

/// Those of nmap's own that ask what any client asks.
const SCRIPTS: [&str; 8] = [
    "banner",
    "http-headers",
    "http-security-headers",
    "http-title",
    "ssh-hostkey",
    "ssh2-enum-algos",
    "ssl-cert",
    "ssl-enum-ciphers",
];

impl Default for ScanSettings {
    fn default() -> ScanSettings {
        ScanSettings {
            nmap: None,
            privileged: false,
            addresses: 65_536,
            closed_after: 2,
            host_timeout: Duration::from_secs(15 * 60),
            timeout: Duration::from_secs(4 * 3600),
            at_once: 2,
            at_once_of_tenant: 1,
            scripts: SCRIPTS.into_iter().filter_map(|name| name.parse().ok()).collect(),
            retention: Some(90 * 24 * 3600 * 1_000_000_000),
            allow: BTreeMap::new(),
            schedules: Vec::new(),
        }
    }
}

impl ScanSettings {
    /// What a tenant may have scanned.
    pub fn allowed(&self, tenant: &Tenant) -> Allowed {
        self.allow.get(tenant).cloned().unwrap_or_default()
    }
}
