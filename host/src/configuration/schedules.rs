//! `[[scan.schedule]]`: scans that are made again and again.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::sources::TENANT;
use super::table::{Given, Keys, Table, duration};
use super::{ConfigurationError, zone};
use crate::commit::Tenant;
use crate::scans::{
    LONGEST, Missed, Ports, Request, SHORTEST, ScanName, Schedule, Scheduled, Script, Target, Times, When,
};

type Wrong = ConfigurationError;

/// The keys of `[[scan.schedule]]`.
pub(super) const KEYS: Keys = &[
    "name",
    "tenant",
    "targets",
    "ports",
    "service",
    "scripts",
    "every_address",
    "cron",
    "timezone",
    "every",
    "jitter",
    "missed",
];

/// Reads `[[scan.schedule]]`; the zone is that of clocks on the wall where none is said.
pub(super) fn read(tables: Vec<Table<'_>>, usual: Option<&TimeZone>) -> Result<Vec<Scheduled>, Wrong> {
    let mut schedules: Vec<Scheduled> = Vec::new();
    for table in tables {
        let name = table.parsed("name", "1 to 64 lower case letters, digits and hyphens", ScanName::new)?;
        let name = table.required("name", name)?;
        if name.value == ScanName::default() {
            let found = name.value.as_str();
            return Err(name.expected("a name that scans without a name do not have, too", found));
        }
        let tenant = table.parsed("tenant", TENANT, Tenant::new)?;
        let tenant = tenant.map(|tenant| tenant.value).unwrap_or_default();
        if schedules.iter().any(|other| other.tenant == tenant && other.request.name == name.value) {
            return Err(name.expected("a name that no other schedule has", &name.value));
        }
        let request = request(&table, name.value)?;
        let schedule = schedule(&table, usual)?;
        schedules.push(Scheduled { tenant, request, schedule });
    }
    Ok(schedules)
}

fn request(table: &Table<'_>, name: ScanName) -> Result<Request, Wrong> {
    let targets = table.texts("targets")?;
    let target = |given: Given<'_, &str>| {
        given.value.parse::<Target>().map_err(|_| {
            given.expected("an address, a network like 192.0.2.0/24 or a host's name", given.value)
        })
    };
    let targets = table.required("targets", targets)?.into_iter().map(target).collect::<Result<_, _>>()?;
    let ports = table.parsed("ports", "ports like 22,80,8000-8100", |text| text.parse::<Ports>().ok())?;
    let ports = table.required("ports", ports)?.value;
    let script = |given: Given<'_, &str>| {
        given.value.parse::<Script>().map_err(|_| given.expected("the plain name of a script", given.value))
    };
    let scripts = table.texts("scripts")?.unwrap_or_default();
    Ok(Request {
        name,
        targets,
        ports,
        service: table.boolean("service")?.unwrap_or(false),
        scripts: scripts.into_iter().map(script).collect::<Result<_, _>>()?,
        every_address: table.boolean("every_address")?.unwrap_or(false),
    })
}

fn schedule(table: &Table<'_>, usual: Option<&TimeZone>) -> Result<Schedule, Wrong> {
    let cron = table.text("cron")?;
    let zone = table.parsed("timezone", zone::EXPECTED, zone::parse)?;
    let every = table.parsed("every", "a time from a minute to a year, like 6h or 1 day", |text| {
        positive(duration(text)).filter(|every| (SHORTEST..=LONGEST).contains(every))
    })?;
    let when = match (cron, every) {
        (Some(_), Some(every)) => return Err(every.expected("either cron or every", "both")),
        (Some(cron), None) => {
            let zone =
                zone.map(|zone| zone.value).or_else(|| usual.cloned()).unwrap_or_else(TimeZone::system);
            let times = Times::new(cron.value, zone);
            When::Cron(Box::new(times.map_err(|error| cron.expected(error.expected(), cron.value))?))
        }
        (None, every) => {
            if let Some(zone) = zone {
                return Err(zone.expected("cron beside a time zone", "none"));
            }
            When::Every(table.required("cron", every)?.value)
        }
    };
    let jitter = positive(table.duration("jitter")?).unwrap_or_default();
    if let Some(given) = table.text("jitter")?.filter(|_| jitter > when.shortest()) {
        return Err(given.expected("at most the time between two scans of the schedule", given.value));
    }
    let missed = table.parsed("missed", "skip or once", |word| word.parse::<Missed>().ok())?;
    Ok(Schedule { when, jitter, missed: missed.map_or(Missed::Once, |missed| missed.value) })
}

fn positive(nanoseconds: Option<i64>) -> Option<Duration> {
    nanoseconds.and_then(|long| u64::try_from(long).ok()).map(Duration::from_nanos)
}
