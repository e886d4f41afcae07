//! `[scan]`: how scans are made, and what may be scanned.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;

use super::document::Document;
use super::sources::TENANT;
use super::table::{Keys, Table};
use super::{ConfigurationError, schedules};
use crate::commit::Tenant;
use crate::scans::{Allowed, ScanSettings, Script};

type Wrong = ConfigurationError;

/// The keys of `[scan]`.
pub(super) const KEYS: Keys = &[
    "nmap",
    "privileged",
    "addresses",
    "closed_after",
    "host_timeout",
    "timeout",
    "scripts",
    "retention",
    "allow",
    "at_once",
    "at_once_of_tenant",
    "schedule",
];
/// The keys of `[[scan.allow]]`.
const ALLOW: Keys = &["tenant", "networks"];

/// More would not fit into any memory.
const MOST_ADDRESSES: i64 = 1 << 20;

/// Reads `[scan]`.
pub(super) fn read(
    document: &Document,
    table: Table<'_>,
    zone: Option<&TimeZone>,
) -> Result<ScanSettings, Wrong> {
    let usual = ScanSettings::default();
    let addresses = table.integer("addresses", 1..=MOST_ADDRESSES)?.and_then(|n| u64::try_from(n).ok());
    let closed_after = table.integer("closed_after", 1..=100)?.and_then(|n| u32::try_from(n).ok());
    let duration = |given: Option<i64>| given.and_then(|n| u64::try_from(n).ok()).map(Duration::from_nanos);
    let host_timeout = duration(table.duration("host_timeout")?);
    let timeout = duration(table.duration("timeout")?);
    let scripts = table.texts("scripts")?.map(|names| {
        let script = |name: super::table::Given<'_, &str>| {
            name.value.parse::<Script>().map_err(|_| name.expected("the plain name of a script", name.value))
        };
        names.into_iter().map(script).collect::<Result<Vec<_>, _>>()
    });
    let at_once = |key, usual| {
        let given = table.integer(key, 1..=64)?.and_then(|n| usize::try_from(n).ok());
        Ok::<_, Wrong>(given.unwrap_or(usual))
    };
    Ok(ScanSettings {
        nmap: table.text("nmap")?.map(|path| document.beside(path.value)),
        privileged: table.boolean("privileged")?.unwrap_or(usual.privileged),
        addresses: addresses.unwrap_or(usual.addresses),
        closed_after: closed_after.unwrap_or(usual.closed_after),
        host_timeout: host_timeout.unwrap_or(usual.host_timeout),
        timeout: timeout.unwrap_or(usual.timeout),
        at_once: at_once("at_once", usual.at_once)?,
        at_once_of_tenant: at_once("at_once_of_tenant", usual.at_once_of_tenant)?,
        scripts: scripts.transpose()?.unwrap_or(usual.scripts),
        retention: table.duration_or_off("retention")?.unwrap_or(usual.retention),
        allow: allow(table.tables("allow", ALLOW)?)?,
        schedules: schedules::read(table.tables("schedule", schedules::KEYS)?, zone)?,
    })
}

fn allow(tables: Vec<Table<'_>>) -> Result<BTreeMap<Tenant, Allowed>, Wrong> {
    let mut listed: BTreeMap<Tenant, Vec<IpNet>> = BTreeMap::new();
    for table in tables {
        let tenant = table.parsed("tenant", TENANT, Tenant::new)?;
        let given = table.texts("networks")?;
        let networks = listed.entry(tenant.map(|tenant| tenant.value).unwrap_or_default()).or_default();
        for text in table.required("networks", given)? {
            let network = text.value.parse::<IpNet>().ok();
            let network = network.or_else(|| text.value.parse::<std::net::IpAddr>().ok().map(IpNet::from));
            networks.push(network.ok_or_else(|| text.expected("a network like 192.0.2.0/24", text.value))?);
        }
    }
    Ok(listed.into_iter().map(|(tenant, networks)| (tenant, Allowed::new(networks))).collect())
}
