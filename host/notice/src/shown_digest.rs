//! A digest as templates see it.

use serde::Serialize;

use crate::digest::{Digest, IncidentLine, RuleCount};
use crate::limits;
use crate::reason::Reason;
use crate::safe::line;
use crate::shown::{color, times};
use crate::tenant;
use crate::time::{moment, span};

/// What a digest's template can name.
#[derive(Serialize)]
pub(crate) struct ShownDigest {
    pub(crate) count: u64,
    pub(crate) incidents: String,
    pub(crate) badge: String,
    pub(crate) color: &'static str,
    pub(crate) span: String,
    pub(crate) reason: String,
    pub(crate) rules: Vec<ShownRule>,
    pub(crate) rules_more: usize,
    pub(crate) worst: Vec<ShownLine>,
    pub(crate) left_out: u64,
    pub(crate) route: String,
    pub(crate) tenant: String,
    /// What a command needs behind a number.
    pub(crate) of_tenant: String,
}

/// A rule with what it found.
#[derive(Serialize)]
pub(crate) struct ShownRule {
    pub(crate) rule: String,
    pub(crate) badge: String,
    /// The badge, as wide as `CRITICAL`.
    pub(crate) padded: String,
    pub(crate) color: &'static str,
    pub(crate) incidents: String,
    pub(crate) times: String,
}

/// An incident in a line.
#[derive(Serialize)]
pub(crate) struct ShownLine {
    pub(crate) id: i64,
    pub(crate) badge: String,
    pub(crate) padded: String,
    pub(crate) color: &'static str,
    pub(crate) title: String,
    pub(crate) times: String,
    pub(crate) last: Option<String>,
    pub(crate) reason: String,
}

impl ShownDigest {
    pub(crate) fn new(digest: &Digest) -> ShownDigest {
        let worst: Vec<ShownLine> =
            digest.worst.iter().take(limits::DIGEST).map(|one| incident(one, digest)).collect();
        let cut = digest.worst.len() - worst.len();
        ShownDigest {
            count: digest.count,
            incidents: incidents(digest.count),
            badge: worst.first().map(|one| one.badge.clone()).unwrap_or_default(),
            color: worst.first().map_or(color(""), |one| one.color),
            span: span(digest.from, digest.to, &digest.zone),
            reason: Reason::Digest.sentence(),
            rules: digest.by_rule.iter().take(limits::DIGEST).map(rule).collect(),
            rules_more: digest.by_rule.len().saturating_sub(limits::DIGEST),
            left_out: digest.left_out.saturating_add(u64::try_from(cut).unwrap_or(u64::MAX)),
            worst,
            route: line(&digest.route, limits::NAME),
            tenant: line(&digest.tenant, limits::NAME),
            of_tenant: tenant::flag(&digest.tenant),
        }
    }
}

fn rule(rule: &RuleCount) -> ShownRule {
    let severity = line(&rule.severity, limits::NAME);
    ShownRule {
        rule: line(&rule.rule, limits::VALUE),
        padded: format!("{:8}", severity.to_uppercase()),
        badge: severity.to_uppercase(),
        color: color(&severity),
        incidents: incidents(rule.incidents),
        times: times(rule.occurrences),
    }
}

fn incident(one: &IncidentLine, digest: &Digest) -> ShownLine {
    let severity = line(&one.severity, limits::NAME);
    ShownLine {
        id: one.id,
        padded: format!("{:8}", severity.to_uppercase()),
        badge: severity.to_uppercase(),
        color: color(&severity),
        title: line(&one.title, limits::TITLE),
        times: times(one.count),
        last: one.last.map(|last| moment(last, &digest.zone)),
        reason: line(&one.reason, limits::NAME),
    }
}

fn incidents(count: u64) -> String {
    if count == 1 { "1 incident".into() } else { format!("{count} incidents") }
}
