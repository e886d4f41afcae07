//! A notice to try templates on: it has one of everything.

use jiff::tz::TimeZone;

use crate::notice::{EvidenceView, IncidentView, Notice, State};
use crate::reason::Reason;

/// The example; also what a test mail shows.
pub fn notice() -> Notice {
    let event = |line: u32, text: &str| EvidenceView {
        place: format!("auth.log:{line}"),
        text: Some(text.into()),
        cut: false,
    };
    let second = 1_000_000_000;
    let first = 1_782_900_005 * second;
    Notice {
        tenant: "default".into(),
        reason: Reason::Test,
        route: "test".into(),
        incident: IncidentView {
            id: 17,
            generation: 1,
            severity: "high".into(),
            state: State::Open,
            subject: "Password guessing from 203.0.113.7".into(),
            title: "Password guessing from 203.0.113.7".into(),
            summary: "47 failed passwords for 2 accounts in 4 minutes.".into(),
            pack: "sshd".into(),
            rule: "password-guessing".into(),
            rule_title: "Password guessing over SSH".into(),
            rule_description: "One address tries many passwords.".into(),
            tags: vec!["attack.t1110.001".into()],
            references: vec!["https://attack.mitre.org/techniques/T1110/001/".into()],
            values: vec![
                ("source".into(), "203.0.113.7".into()),
                ("accounts".into(), "root, admin".into()),
                ("successful login".into(), "none".into()),
            ],
            count: 47,
            first: Some(first),
            last: Some(first + 244 * second),
            assignee: Some("ada@example.com".into()),
            resolution: None,
            evidence: vec![
                event(
                    17,
                    "Jul  1 10:00:05 web1 sshd[4242]: Failed password for root from 203.0.113.7 port 4711 ssh2",
                ),
                event(
                    81,
                    "Jul  1 10:04:09 web1 sshd[4290]: Failed password for admin from 203.0.113.7 port 4801 ssh2",
                ),
            ],
            evidence_dropped: 45,
        },
        zone: TimeZone::UTC,
    }
}
