//! The sections of the file, each once.

use std::collections::BTreeMap;
use std::slice;
use std::time::Duration;

use jiff::civil::Time;
use tripline_engine::abi::Severity;

use super::document::Document;
use super::recipients::{self, Recipient};
use super::table::{Given, Keys, Table};
use super::{
    Configuration, ConfigurationError, PackSettings, PatternError, Problem, mail, scan, server, signatures,
    sources, tenants, zone,
};
use crate::incidents::{IncidentLimits, Redaction, ResolveAfter};
use crate::notices::{Pattern, QuietHours, Route, Routes, Throttle};

type Wrong = ConfigurationError;

const KEYS: Keys = &[
    "database",
    "security_log",
    "mail",
    "recipients",
    "routes",
    "throttle",
    "incidents",
    "redact",
    "report",
    "server",
    "follow",
    "syslog",
    "http",
    "scan",
    "tenant",
    "packs",
];
const ROUTE: Keys =
    &["name", "tenant", "severity", "rules", "tags", "sources", "to", "repeat", "quiet_hours", "resolved"];
const INCIDENTS: Keys = &["acknowledge_for", "resolve_after", "retention", "evidence"];

pub(super) fn file(document: &Document) -> Result<Configuration, Wrong> {
    let parsed = document.parse()?;
    let root = Table::root(document, &parsed, KEYS)?;
    let (path, digest) = (Some(document.path.clone()), Some(document.digest()));
    let mut out = Configuration { path, digest, ..Configuration::default() };
    if let Some(table) = root.table("database", &["path", "max_size"])? {
        let path = table.text("path")?;
        out.database = Some(document.beside(table.required("path", path)?.value));
        let size = table.parsed("max_size", "a size from 1 MiB, like 500 MiB or 10 GiB", size)?;
        out.max_bytes = size.map(|size| size.value);
    }
    if let Some(table) = root.table("security_log", &["path"])? {
        let path = table.text("path")?;
        out.security_log = Some(document.beside(table.required("path", path)?.value));
    }
    out.mail = root.table("mail", mail::KEYS)?.map(|table| mail::read(document, table)).transpose()?;
    out.recipients = recipients::read(root.names("recipients", recipients::KEYS)?)?;
    let listed = out.recipients.values().map(|one| (one.tenant.clone(), one.address.clone()));
    out.policy.recipients = listed.collect();
    out.policy.routes = routes(root.tables("routes", ROUTE)?, &out.recipients)?;
    if let Some(table) = root.table("throttle", &["per_hour"])? {
        let per_hour = table.integer("per_hour", 1..=3600)?.and_then(|n| u32::try_from(n).ok());
        out.policy.throttle.per_hour = per_hour.unwrap_or(Throttle::default().per_hour);
    }
    if let Some(table) = root.table("incidents", INCIDENTS)? {
        out.policy.limits = limits(table)?;
    }
    if let Some(table) = root.table("redact", &["patterns"])? {
        out.policy.redaction = redaction(&table.texts("patterns")?.unwrap_or_default())?;
    }
    if let Some(table) = root.table("report", &["timezone"])? {
        out.timezone = table.parsed("timezone", zone::EXPECTED, zone::parse)?.map(|zone| zone.value);
    }
    if let Some(table) = root.table("server", server::KEYS)? {
        out.server = server::read(document, table)?;
    }
    out.follow = sources::follow(document, root.tables("follow", sources::FOLLOW)?)?;
    out.syslog = sources::syslog(root.tables("syslog", sources::SYSLOG)?, out.server.listen)?;
    out.http = sources::http(root.tables("http", sources::HTTP)?)?;
    if let Some(table) = root.table("scan", scan::KEYS)? {
        out.scan = scan::read(document, table, out.timezone.as_ref())?;
    }
    let (quotas, signers) = tenants::read(root.tables("tenant", tenants::KEYS)?)?;
    (out.policy.quotas, out.demands.tenants) = (quotas.into(), signers);
    if let Some(packs) = root.value("packs") {
        out.packs = PackSettings::of(document, packs.value, packs.span, signatures::PACKS)?;
    }
    if let Some(table) = root.names_and("packs", signatures::PACKS)? {
        out.signed_by = signatures::keys(&table, "signed_by")?;
        out.demands.everybody = signatures::keys(&table, "pushed_signed_by")?;
    }
    Ok(out)
}

fn routes(tables: Vec<Table<'_>>, recipients: &BTreeMap<String, Recipient>) -> Result<Routes, Wrong> {
    let mut routes: Vec<Route> = Vec::new();
    for table in tables {
        let name = table.text("name")?;
        let name = table.required("name", name)?;
        if routes.iter().any(|route| route.name == name.value) {
            return Err(name.wrong(Problem::RouteTwice(name.value.into())));
        }
        if name.value == Route::FLAG {
            return Err(name.expected("another name than that of the route which the flag makes", name.value));
        }
        let severity = table.parsed("severity", SEVERITIES, |word| word.parse::<Severity>().ok())?;
        let rules = table.texts("rules")?.unwrap_or_default();
        // What has neither stands for no rule at all.
        if let Some(rule) = rules.iter().find(|rule| !rule.value.contains(['/', '*'])) {
            return Err(rule.expected("PACK/RULE, in which * stands for anything", rule.value));
        }
        let tags = table.texts("tags")?.unwrap_or_default();
        let sources = table.texts("sources")?.unwrap_or_default();
        let tenant = recipients::tenant(&table)?;
        let to = table.texts("to")?;
        let to = table.required("to", to)?;
        let address = |name| recipients::address(name, &tenant, recipients);
        let to = to.iter().map(address).collect::<Result<_, _>>()?;
        let patterns =
            |texts: Vec<Given<'_, &str>>| texts.iter().map(|text| Pattern::new(text.value)).collect();
        routes.push(Route {
            name: name.value.into(),
            tenant,
            severity: severity.map_or(Severity::Informational, |severity| severity.value),
            rules: patterns(rules),
            tags: patterns(tags),
            sources: patterns(sources),
            to,
            repeat: table.duration_or_off("repeat")?.flatten().map(nanoseconds),
            quiet: table.table("quiet_hours", &["from", "to", "zone"])?.map(quiet_hours).transpose()?,
            resolved: table.boolean("resolved")?.unwrap_or(false),
        });
    }
    Ok(Routes(routes))
}

const SEVERITIES: &str = "informational, low, medium, high or critical";

fn nanoseconds(duration: i64) -> Duration {
    Duration::from_nanos(u64::try_from(duration).unwrap_or_default())
}

fn quiet_hours(table: Table<'_>) -> Result<QuietHours, Wrong> {
    let time = |text: &str| Time::strptime("%H:%M", text).ok();
    let (from, to) = (table.parsed("from", TIME, time)?, table.parsed("to", TIME, time)?);
    let zone = table.parsed("zone", zone::EXPECTED, zone::parse)?;
    let (from, to) = (table.required("from", from)?, table.required("to", to)?);
    let zone = table.required("zone", zone)?.value;
    if from.value == to.value {
        return Err(to.expected("another time than `from`", to.value.strftime("%H:%M")));
    }
    Ok(QuietHours { from: from.value, to: to.value, zone })
}

const TIME: &str = "a time of day like 22:00";

fn limits(table: Table<'_>) -> Result<IncidentLimits, Wrong> {
    let usual = IncidentLimits::default();
    let evidence = table.integer("evidence", 1..=1000)?.and_then(|n| usize::try_from(n).ok());
    Ok(IncidentLimits {
        acknowledge_for: table.duration("acknowledge_for")?.unwrap_or(usual.acknowledge_for),
        resolve_after: match table.duration_or_off("resolve_after")? {
            None => usual.resolve_after,
            Some(None) => ResolveAfter::Never,
            Some(Some(quiet)) => ResolveAfter::Quiet(quiet),
        },
        retention: table.duration_or_off("retention")?.unwrap_or(usual.retention),
        evidence: evidence.unwrap_or(usual.evidence),
        ..usual
    })
}

fn redaction(patterns: &[Given<'_, &str>]) -> Result<Redaction, Wrong> {
    patterns.iter().for_each(Given::hide);
    for pattern in patterns {
        let (key, error) = (pattern.key.clone(), || PatternError::of(pattern.value));
        let wrong = |_| pattern.wrong(Problem::Regex { key: key.clone(), error: error() });
        Redaction::new(slice::from_ref(&pattern.value.to_string())).map_err(wrong)?;
        // It would find nothing everywhere.
        if regex::bytes::Regex::new(pattern.value).map_err(wrong)?.is_match(b"") {
            return Err(pattern.expected("a pattern that does not take the empty text", "…"));
        }
    }
    let texts: Vec<String> = patterns.iter().map(|pattern| pattern.value.into()).collect();
    let large = |_| Problem::Regex { key: "redact.patterns".into(), error: PatternError::Large }.into();
    Redaction::new(&texts).map_err(large)
}

/// Bytes, of `10 GiB` and the like.
fn size(text: &str) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let factor = match text[digits..].trim_start() {
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    let bytes = text[..digits].parse::<u64>().ok()?.checked_mul(factor)?;
    (1 << 20..=1 << 47).contains(&bytes).then_some(bytes)
}
