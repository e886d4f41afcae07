//! What is read is all that is written, and written again it is the same.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tripline_abi::Severity;
use tripline_engine::judge::JudgeCost;
use tripline_engine::matcher::MatchCost;
use tripline_engine::{Fault, PackFault, PackReport};

use super::*;
use crate::commit::Tenant;
use crate::incidents::{
    Actor, Effect, Entry, Evidence, Exception, Fingerprint, Happening, Incident, NewException, NewSilence,
    Outcome, Place, Resolution, Silence, State,
};
use crate::notices::Pattern;
use crate::packs::{OwnPack, Version};
use crate::quota::{Quota, QuotaKind};
use crate::report::answer::{Answer, Recipient, Sentences};
use crate::report::{self, listed};
use crate::serve::{PackUsage, SourceFigures, TenantUsage};
use crate::signing::Signed;
use crate::store::Told;
use crate::tenants::{KnownTenant, TenantRecipient};
use crate::token::{Scope, Token};

/// The shape has every key, and no other.
#[track_caller]
fn shape<S: Serialize + DeserializeOwned>(written: &Value) -> S {
    let shape: S = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&shape).unwrap(), *written);
    shape
}

fn actor() -> Actor {
    Actor::named("", "jana")
}

fn incident() -> Incident {
    Incident {
        tenant: Tenant::default(),
        id: 17,
        pack: "sshd".into(),
        rule: "guessing".into(),
        fingerprint: Fingerprint::given_as(b"192.0.2.7"),
        generation: 1,
        previous: None,
        state: State::Open,
        resolution: None,
        severity: Severity::High,
        subject: "guessing".into(),
        title: "guessing".into(),
        summary: String::new(),
        values: vec![("z".into(), "1".into()), ("a".into(), "2".into())],
        tags: vec!["attack".into()],
        sources: Vec::new(),
        count: 3,
        occurrences: 3,
        first: Some(1),
        last: Some(i64::MAX),
        opened: -1,
        changed: 1_795_000_000_123_456_789,
        occurred: 5,
        acknowledged_until: None,
        resolve_after: None,
        repeats_at: None,
        assignee: None,
        evidence_dropped: 0,
        overflow: false,
        version: 4,
    }
}

#[test]
fn incidents() {
    let line = |text: Option<&[u8]>, captures: &[(u32, u32)]| Evidence {
        file: Some(1),
        name: "auth.log".into(),
        offset: 9,
        line: 3,
        text: text.map(<[u8]>::to_vec),
        cut: text.is_none(),
        captures: captures.to_vec(),
        digest: None,
    };
    let evidence = [
        line(Some(b"Failed password"), &[(0, 6), (7, 15)]),
        line(Some(b"a\xef\xbf\xbdb\xff"), &[(0, 1)]),
        line(Some(b"\xff\xfe lossy \xf0\x9f"), &[(0, 1)]),
        line(None, &[]),
    ];
    let worked_off = Incident {
        generation: 2,
        previous: Some(3),
        state: State::Resolved,
        resolution: Some(Resolution::TruePositiveImpact),
        acknowledged_until: Some(7),
        assignee: Some("jana".into()),
        evidence_dropped: 5,
        fingerprint: Fingerprint::given_as(b"\xff\x00"),
        ..incident()
    };
    let overflow = Incident {
        overflow: true,
        fingerprint: Fingerprint::overflow(),
        first: None,
        last: None,
        ..incident()
    };
    let without = Incident { fingerprint: Fingerprint::from_bytes(vec![2]), ..incident() };
    for one in [incident(), worked_off, overflow, without] {
        for timeline in [Vec::new(), entries()] {
            let written = listed::whole(&one, &evidence, &timeline);
            let (read, shown, told) = shape::<IncidentShape>(&written).read().unwrap();
            assert_eq!(listed::whole(&read, &shown, &told), written);
            assert_eq!(shown[0].captures, evidence[0].captures);
        }
    }
}

fn entries() -> Vec<Entry> {
    let text = || "a\nb".to_string();
    let all = [
        Happening::Opened { previous: None },
        Happening::Opened { previous: Some(3) },
        Happening::Occurred { count: 2 },
        Happening::SeverityRose { from: Severity::Low, to: Severity::Critical },
        Happening::Acknowledged { until: 9 },
        Happening::AcknowledgementExpired,
        Happening::Assigned { to: Some(text()) },
        Happening::Assigned { to: None },
        Happening::Commented { text: text() },
        Happening::Resolved { resolution: Resolution::Duplicate, comment: String::new() },
        Happening::Reopened { comment: text() },
        Happening::Repeated,
        Happening::SilenceEnded { silence: 1 },
        Happening::Silenced { silence: 2 },
        Happening::Notified { reason: "first".into(), recipient: "a@b.example".into() },
        Happening::Undelivered { recipient: "a@b.example".into(), words: text() },
    ];
    all.into_iter().map(|what| Entry { at: 5, actor: actor(), what }).collect()
}

#[test]
fn entries_of_a_timeline() {
    for entry in entries() {
        let written = listed::entry(&entry);
        assert_eq!(shape::<EntryShape>(&written).read().unwrap(), Some(entry));
    }
    let newer = serde_json::json!({ "at": "2026-11-24T12:00:00Z", "by": "x", "what": "forecast" });
    assert_eq!(shape::<EntryShape>(&newer).read().unwrap(), None);
}

#[test]
fn silences() {
    let all = NewSilence { starts: 1, ends: 9, reason: "why".into(), ..NewSilence::default() };
    let some = NewSilence {
        rule: Some(Pattern::new("a/*")),
        severity: Some(Severity::Medium),
        fields: vec![("z".into(), Pattern::new("*")), ("a".into(), Pattern::new("b"))],
        ..all.clone()
    };
    for (new, ended) in [(all, None), (some, Some(5))] {
        let written = listed::silence(&Silence { id: 1, new, author: actor(), created: 0, ended });
        assert_eq!(listed::silence(&shape::<SilenceShape>(&written).read().unwrap()), written);
    }
}

#[test]
fn exceptions() {
    let places = [
        None,
        Some(("ip".to_string(), Place::Network("192.0.2.0/24".parse().unwrap()))),
        Some(("user".to_string(), Place::Text(Pattern::new("r*")))),
    ];
    for field in places {
        let new = NewException {
            rule: field.is_none().then(|| Pattern::new("a/b")),
            effect: if field.is_none() { Effect::Except } else { Effect::Severity(Severity::Low) },
            until: field.is_some().then_some(9),
            field,
            reason: "why".into(),
        };
        let one = Exception { id: 1, new, author: actor(), created: 0, ended: None, count: 4, last: None };
        let written = listed::exception(&one);
        assert_eq!(listed::exception(&shape::<ExceptionShape>(&written).read().unwrap()), written);
    }
}

#[test]
fn tokens() {
    let token = Token {
        id: 3,
        tenant: Tenant::default(),
        name: "web-1".into(),
        scope: Scope::Ingest,
        created: 1,
        author: "uid:0".into(),
        expires: Some(2),
        revoked: None,
    };
    assert_eq!(shape::<TokenShape>(&listed::token(&token)).read().unwrap(), token);
}

#[test]
fn tenants() {
    let recipient = |confirmed| TenantRecipient { address: "a@b.example".into(), confirmed };
    let tenant = KnownTenant {
        tenant: Tenant::new("plant").unwrap(),
        created: Some(1),
        quota: {
            let mut quota = Quota::of(QuotaKind::Lines, 7);
            quota.set(QuotaKind::Stored, Some(1 << 30));
            quota
        },
        used: vec![(QuotaKind::Stored, 1 << 31), (QuotaKind::Scans, 0)],
        over: vec![QuotaKind::Stored],
        recipients: vec![recipient(None), recipient(Some(2))],
        signed_by: vec!["tripline-pack-key-1:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".parse().unwrap()],
        tokens: 3,
        open: 4,
    };
    assert_eq!(shape::<TenantShape>(&listed::tenant(&tenant)).read().unwrap(), tenant);
}

#[test]
fn notices() {
    let queued = Told {
        notice: 5,
        incident: Some(17),
        recipient: "a@b.example".into(),
        route: "all".into(),
        reason: "first".into(),
        state: "queued".into(),
        created: 1,
        due: 2,
        attempts: 0,
        words: String::new(),
        sent: None,
        digest: None,
        silence: None,
        message: String::new(),
        critical: true,
        held: Some(crate::store::Held { by: crate::store::Hold::Throttle, until: 7 }),
    };
    let folded = Told { digest: Some((6, "sent".into(), Some(4))), silence: Some(1), ..queued.clone() };
    let digest =
        Told { incident: None, sent: Some(3), digest: Some((6, "dead".into(), None)), ..queued.clone() };
    for told in [queued, folded, digest] {
        assert_eq!(shape::<NoticeShape>(&listed::notice(&told)).read().unwrap(), told);
    }
}

#[test]
fn packs_and_sources() {
    let (matching, judging) = (MatchCost::default(), JudgeCost::default());
    let pack = PackReport { name: "sshd".into(), version: "1.0.0".into(), matching, judging };
    shape::<PackShape>(&listed::pack(&pack));
    let version = Version {
        number: 2,
        version: "1.0.0".into(),
        digest: [7; 32],
        pushed: 1,
        author: "uid:0".into(),
        signature: None,
    };
    let own = OwnPack {
        tenant: Tenant::default(),
        name: "door".into(),
        is_enabled: true,
        settings: Map::new(),
        version,
    };
    let outcome = Outcome { rule: "opened".into(), incidents: 17, resolved: 12, false_positives: 3 };
    shape::<OwnPackShape>(&listed::own_pack(&own, &Signed::No, Some(&pack), &[outcome]));
    let fault = Fault::Refused("no".into());
    let fault = PackFault {
        pack: "door".into(),
        rule: None,
        event: None,
        fault,
        quarantined: true,
        state_lost: false,
    };
    shape::<PackFaultShape>(&listed::pack_fault(&(1, fault)));
    let source = SourceFigures {
        tenant: Tenant::default(),
        name: "a.log".into(),
        kind: "file",
        lines: 1,
        bytes: 2,
        lag_bytes: None,
        last: Some(3),
    };
    shape::<SourceShape>(&listed::source(&source));
}

#[test]
fn usage() {
    let tenant = TenantUsage {
        packs: vec![PackUsage { pack: Some("sshd".into()), memory: 1, ..PackUsage::default() }],
        ..TenantUsage::none(Tenant::default())
    };
    let window = Duration::from_secs(10);
    for tenant in [tenant.clone(), tenant.for_itself()] {
        let written = report::usage::tenant(&tenant, window, 3, Some(true));
        shape::<TenantUsageShape>(&written);
    }
}

#[test]
fn answers() {
    let sentences = vec![Sentences { more: true, text: "a\nb".into() }];
    let answer = Answer {
        incident: 1,
        title: "t".into(),
        severity: "low".into(),
        state: "open".into(),
        notes: vec!["n".into()],
        recipients: vec![Recipient { address: "a@b.example".into(), sentences }],
    };
    shape::<AnswerShape>(&serde_json::to_value(&answer).unwrap());
}

#[test]
fn scans() {
    use crate::report::scans;
    use crate::scans::{
        Broken, Missed, Reason, Request, Run, RunState, ScanName, ScannerKind, Schedule, Scheduled, Standing,
        When,
    };

    let name = ScanName::new("office").unwrap();
    let run = Run {
        number: 7,
        name: name.clone(),
        scanner: ScannerKind::Nmap,
        author: "timer".into(),
        state: RunState::Partial,
        started: 1_795_000_000_123_456_789,
        ended: Some(1_795_000_001_000_000_000),
        addresses: Some("192.0.2.0/24".into()),
        ports: Some("1-1024".into()),
        broken: Some(Broken::new(Reason::Truncated, "what the scanner tells breaks off")),
        up: 3,
        unknown: 1,
        open: 9,
        judged: true,
    };
    let running = Run {
        state: RunState::Running,
        ended: None,
        addresses: None,
        ports: None,
        broken: None,
        ..run.clone()
    };
    for run in [run, running] {
        let written = scans::run(&run);
        assert_eq!(shape::<ScanShape>(&written).read().unwrap(), run);
    }
    let request = Request {
        name,
        targets: vec!["192.0.2.7".parse().unwrap(), "web.example.org".parse().unwrap()],
        ports: "22,80".parse().unwrap(),
        service: true,
        scripts: vec!["ssl-cert".parse().unwrap()],
        every_address: false,
    };
    let when = When::Every(Duration::from_secs(3600));
    let schedule = Schedule { when, jitter: Duration::from_secs(60), missed: Missed::Once };
    let scheduled = Scheduled { tenant: Tenant::default(), request, schedule };
    let written = scans::schedule(&scheduled, &Standing::default(), 5);
    shape::<ScheduleShape>(&written);
    assert_eq!(written["targets"][0], "192.0.2.7");
}
