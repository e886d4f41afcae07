//! Findings that rules judge: each counts once, and an incident is of the runs that found it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Map;
use tripline::check::{self, CheckOptions, HeldLines, Keeping, MatchSeen, Observer, Source, Stop};
use tripline::commit::{Store, Tenant};
use tripline::decode::Format;
use tripline::incidents::{Evidence, Incident};
use tripline::scans::{Run, ScanName, ScanStore};
use tripline::store::Database;
use tripline::{Configured, Limits, Wasmtime};

use crate::fixture::Hand;
use crate::stored::{new_run, open, open_at};

/// Has the built-in packs judge these runs' findings.
pub(crate) fn judge(store: &Arc<Database>, runs: &[(u64, &str)]) -> (u64, u64) {
    let packs = tripline::builtin::packs().unwrap();
    let packs = packs.into_iter().map(|pack| Configured::new(pack, &Map::new()).unwrap()).collect();
    let held = |lines: &str| -> Arc<dyn HeldLines> { Arc::new(Arc::<[u8]>::from(lines.as_bytes())) };
    let files = runs.iter().map(|(number, lines)| (*number, held(lines))).collect();
    let options = CheckOptions {
        packs,
        sources: vec![Source::held("scan:dmz", files).unwrap().with_format(Format::Finding)],
        threads: 1,
        year: None,
        timezone: TimeZone::UTC,
        format: None,
        matches: false,
        stats: false,
        store: Some(Keeping::new(Arc::clone(store) as Arc<dyn Store>, Tenant::default())),
    };
    let sandbox = Arc::new(Wasmtime::new(Limits::default()).unwrap());
    let outcome = check::run(options, sandbox, &mut Unseen, &Stop::new(false)).unwrap();
    assert!(outcome.errors.is_empty() && outcome.store_error.is_none(), "{:?}", outcome.store_error);
    let committed = outcome.committed.unwrap();
    (committed.opened.len() as u64, committed.occurrences)
}

struct Unseen;

impl Observer for Unseen {
    fn read(&mut self, _: u64) {}

    fn matched(&mut self, _: &MatchSeen<'_>) {}
}

fn line(run: u64, kind: &str, port: u16) -> String {
    format!(
        "{{\"time\":\"2026-11-26T12:00:0{run}Z\",\"finding\":\"{kind}\",\"scan\":\"dmz\",\"run\":{run},\"scanner\":\"nmap\",\
         \"first\":false,\"target\":\"192.0.2.7\",\"port\":{port},\"protocol\":\"tcp\",\"state\":\"open\"}}\n"
    )
}

#[test]
fn findings_that_are_judged_again_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder));
    let (first, second) = (line(1, "port_opened", 23), line(2, "port_open", 23));
    assert_eq!(judge(&store, &[(1, &first)]), (1, 1));
    // The program died before it could keep that: the next one brings it again.
    assert_eq!(judge(&store, &[(1, &first)]), (0, 0));
    assert_eq!(judge(&store, &[(1, &first), (2, &second)]), (0, 1));
    assert_eq!(judge(&store, &[(1, &first), (2, &second)]), (0, 0));
    let incident = store.incident(&Tenant::default(), 1).unwrap().unwrap();
    assert_eq!((&incident.rule[..], incident.count), ("risky-service", 2));
}

#[test]
fn a_port_that_is_looked_at_once_a_quarter_is_one_incident() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::at(1_795_700_000));
    let store = Arc::new(open_at(&folder, Arc::clone(&clock)));
    let line = |run: u64, kind: &str, day: &str| {
        format!(
            "{{\"time\":\"{day}T12:00:00Z\",\"finding\":\"{kind}\",\"scan\":\"dmz\",\"run\":{run},\"scanner\":\"nmap\",\
             \"first\":false,\"target\":\"192.0.2.7\",\"port\":8080,\"protocol\":\"tcp\",\"state\":\"open\"}}\n"
        )
    };
    assert_eq!(judge(&store, &[(1, &line(1, "port_opened", "2026-11-26"))]), (1, 1));
    clock.pass(90 * 24 * 3600);
    assert_eq!(store.due().unwrap().resolved, 0, "nobody has looked");
    assert_eq!(judge(&store, &[(2, &line(2, "port_open", "2027-02-24"))]), (0, 1));
}

#[test]
fn a_runs_incidents_are_those_that_its_findings_are_evidence_of() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, store) = (Tenant::default(), Arc::new(open(&folder)));
    let runs = [1, 2].map(|number| {
        assert_eq!(store.begin(&tenant, new_run()).unwrap(), number);
        store.run(&tenant, number).unwrap().unwrap()
    });
    let both = line(1, "port_opened", 23) + &line(1, "port_opened", 3389);
    assert_eq!(judge(&store, &[(1, &both)]), (2, 2));
    // The second finds one of them again, and another.
    let more = line(2, "port_open", 3389) + &line(2, "port_opened", 6379);
    assert_eq!(judge(&store, &[(2, &more)]), (1, 2));
    let found = |run: &Run, after: i64, most: u32| {
        let found = store.incidents_of_run(&tenant, run, after, most).unwrap().into_iter();
        let with = |(one, evidence): (Incident, Vec<Evidence>)| (one.id, one.count, evidence.len());
        found.map(with).collect::<Vec<_>>()
    };
    assert_eq!(found(&runs[0], 0, 10), [(1, 1, 1), (2, 2, 2)]);
    assert_eq!(found(&runs[1], 0, 10), [(2, 2, 2), (3, 1, 1)]);
    assert_eq!((found(&runs[1], 0, 1), found(&runs[1], 2, 10)), (vec![(2, 2, 2)], vec![(3, 1, 1)]));
    assert_eq!(found(&runs[1], 3, 10), []);
    // Another scan's run of this number, and another tenant's, have found none of them.
    let other = Run { name: ScanName::new("lan").unwrap(), ..runs[0].clone() };
    assert_eq!(found(&other, 0, 10), []);
    let of = Tenant::new("other").unwrap();
    assert_eq!(store.incidents_of_run(&of, &runs[0], 0, 10).unwrap(), []);
}
