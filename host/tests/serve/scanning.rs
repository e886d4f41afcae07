//! Scans by the clock: each time once, what was missed, and what should have been there by now.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tripline::commit::{StoreError, Tenant};
use tripline::incidents::Actor;
use tripline::quota::{QuotaKind, next_day};
use tripline::scans::{
    Allowed, Keeps, Missed, NewRun, Reason, Request, Run, RunEnd, RunState, ScanName, ScanSettings,
    ScanStore, ScannerKind, Schedule, ScheduleStore, Scheduled, Standing, Tells, When,
};
use tripline::serve::{NotBegun, ScanPlan};
use tripline::store::Database;

use crate::running::{PATIENCE, Running, SECOND, START, Site, open};

const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 75, 1);
/// Lower than those of [`long`]: it is done first.
const FULL: Ipv4Addr = Ipv4Addr::new(127, 0, 75, 9);
const HOUR: i64 = 3600;

fn name(name: &str) -> ScanName {
    ScanName::new(name).unwrap()
}

fn request(called: &str, targets: &str, ports: &str) -> Request {
    Request {
        name: name(called),
        targets: vec![targets.parse().unwrap()],
        ports: ports.parse().unwrap(),
        service: false,
        scripts: Vec::new(),
        every_address: true,
    }
}

fn every(request: Request, hours: u64, missed: Missed) -> Scheduled {
    let when = When::Every(Duration::from_secs(hours * 3600));
    Scheduled {
        tenant: Tenant::default(),
        request,
        schedule: Schedule { when, jitter: Duration::ZERO, missed },
    }
}

/// Without a `PATH` there is no nmap: it is the scanner that is built in.
fn plan(schedules: Vec<Scheduled>) -> ScanPlan {
    let loopback = Allowed::new(["127.0.0.0/8".parse().unwrap()]);
    let allow = BTreeMap::from([(Tenant::default(), loopback)]);
    ScanPlan { settings: ScanSettings { allow, schedules, ..ScanSettings::default() }, path: None }
}

fn runs(running: &Running) -> Vec<Run> {
    running.database.runs(&Tenant::default(), None, 100).unwrap()
}

/// Waits until so many runs have ended and their findings are judged; answers them, the first first.
#[track_caller]
fn until(running: &Running, count: usize) -> Vec<Run> {
    let ended = |run: &Run| run.state != RunState::Running && run.judged;
    running.until("scans are made and judged", |running| {
        let runs = runs(running);
        runs.len() == count && runs.iter().all(ended)
    });
    let mut runs = runs(running);
    runs.reverse();
    runs
}

#[test]
fn each_time_is_one_scan_and_what_it_finds_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind((HOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let schedules = || vec![every(request("office", &HOST.to_string(), &port.to_string()), 6, Missed::Once)];
    let mut running = Running::scanning(folder.path(), plan(schedules()));
    let first = until(&running, 1);
    assert_eq!((first[0].state, first[0].open, &first[0].author[..]), (RunState::Done, 1, "timer"));
    running.pass(6 * HOUR - 1);
    running.pass(1);
    until(&running, 2);
    // Whoever comes again knows what was made; what was missed meanwhile is made up for once.
    running.end().unwrap().unwrap();
    drop(running);
    let running = Running::scanning_at(folder.path(), plan(schedules()), START + 6 * HOUR * SECOND);
    running.pass(3 * HOUR);
    running.commit("other");
    assert_eq!(runs(&running).len(), 2);
    running.pass(17 * HOUR);
    until(&running, 3);
    let standing = running.database.stands(&Tenant::default(), &name("office")).unwrap().unwrap();
    assert_eq!((standing.settled, standing.whole), (Some(START + 24 * HOUR * SECOND), standing.settled));
    let findings = lines(&running.database, &Tenant::default(), 3);
    assert!(findings.len() == 1 && findings[0].contains("port_open"), "{findings:?}");
}

#[test]
fn what_was_missed_is_skipped_where_that_is_wanted_and_overdue_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let schedules = || vec![every(request("office", &HOST.to_string(), "1"), 6, Missed::Skip)];
    let mut running = Running::scanning(folder.path(), plan(schedules()));
    until(&running, 1);
    running.end().unwrap().unwrap();
    drop(running);
    let running = Running::scanning_at(folder.path(), plan(schedules()), START + 27 * HOUR * SECOND);
    running.until("it was missed", |running| running.said("ScanMissed"));
    let told = |running: &Running| {
        running
            .database
            .stands(&Tenant::default(), &name("office"))
            .unwrap()
            .and_then(|standing| standing.told)
    };
    running.until("it is overdue", |running| told(running) == Some(START + 24 * HOUR * SECOND));
    assert_eq!(runs(&running).len(), 1);
    running.pass(3 * HOUR);
    until(&running, 2);
}

#[test]
fn a_schedule_that_was_removed_and_comes_again_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let schedules = || vec![every(request("office", &HOST.to_string(), "1"), 6, Missed::Skip)];
    let mut running = Running::scanning(folder.path(), plan(schedules()));
    until(&running, 1);
    let stands = |running: &Running| running.database.stands(&Tenant::default(), &name("office")).unwrap();
    running.until("it was whole", |running| stands(running).is_some_and(|standing| standing.whole.is_some()));
    running.scans.replan(plan(Vec::new()));
    running.until("it is forgotten", |running| stands(running).is_none());
    let month = 30 * 24 * HOUR;
    running.pass(month);
    running.scans.replan(plan(schedules()));
    until(&running, 2);
    let standing = stands(&running).unwrap();
    assert_eq!((standing.since, standing.told), (START + month * SECOND, None));
    // Also where it was removed while there was no server.
    running.end().unwrap().unwrap();
    drop(running);
    let later = START + (month + HOUR) * SECOND;
    let running = Running::scanning_at(folder.path(), plan(Vec::new()), later);
    running.until("it is forgotten", |running| stands(running).is_none());
}

#[test]
fn a_scan_that_may_not_be_made_is_a_run_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let schedules = vec![every(request("office", "10.0.0.1", "1"), 6, Missed::Once)];
    let running = Running::scanning(folder.path(), plan(schedules));
    let made = until(&running, 1);
    assert_eq!(made[0].state, RunState::Failed);
    let broken = made[0].broken.as_ref().unwrap();
    assert_eq!(broken.reason.as_str(), "not_allowed");
    let findings = lines(&running.database, &Tenant::default(), 1);
    assert!(findings.len() == 1 && findings[0].contains("scan_failed"), "{findings:?}");
}

/// One that keeps the scanner busy until somebody ends it.
fn long() -> Request {
    request("long", "127.0.76.0/22", "1-65535")
}

#[test]
fn as_many_as_may_be_are_made_at_once_and_each_can_be_broken_off() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::scanning(folder.path(), plan(Vec::new()));
    let (tenant, scans) = (Tenant::default(), running.scans.clone());
    let start = |request: Request| scans.start(tenant.clone(), Actor::timer(), request);
    let run = start(long()).unwrap();
    assert!(matches!(start(long()), Err(NotBegun::Underway(_))));
    assert!(matches!(start(request("other", "127.0.76.1", "1")), Err(NotBegun::Busy(1))));
    assert!(matches!(start(request("far", "10.0.0.1", "1")), Err(NotBegun::Busy(1) | NotBegun::Order(_))));
    assert_eq!(scans.underway(&tenant, run).map(|one| one.name), Some(name("long")));
    // From elsewhere, as another program would.
    assert!(running.database.cancel(&tenant, run, &Actor::timer()).unwrap());
    let made = until(&running, 1);
    assert_eq!(made[0].state, RunState::Cancelled);
    assert!(!running.database.cancel(&tenant, run, &Actor::timer()).unwrap() && !scans.cancel(&tenant, run));
    // And from here.
    let again = start(long()).unwrap();
    assert!(scans.cancel(&tenant, again));
    assert_eq!(until(&running, 2)[1].state, RunState::Cancelled);
    assert!(matches!(start(request("far", "10.0.0.1", "1")), Err(NotBegun::Order(_))));
    assert_eq!(runs(&running).len(), 2, "whoever asked has heard it");
}

#[test]
fn a_server_that_stops_ends_its_scans_and_the_next_one_judges_what_they_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::scanning(folder.path(), plan(Vec::new()));
    running.scans.start(Tenant::default(), Actor::timer(), long()).unwrap();
    let began = std::time::Instant::now();
    running.end().unwrap().unwrap();
    assert!(began.elapsed() < PATIENCE / 2);
    let stopped = runs(&running);
    assert_eq!((stopped[0].state, stopped[0].judged), (RunState::Cancelled, false));
    drop(running);
    let running = Running::scanning(folder.path(), plan(Vec::new()));
    until(&running, 1);
}

#[test]
fn ten_that_are_due_at_once_are_made_two_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    // Each takes a while: a few hundred thousand ports that are closed.
    let schedules =
        (0..10).map(|n| every(request(&format!("scan-{n}"), "127.0.75.16/30", "1-10000"), 6, Missed::Skip));
    let mut plan = plan(schedules.collect());
    (plan.settings.at_once, plan.settings.at_once_of_tenant) = (2, 2);
    let running = Running::scanning(folder.path(), plan);
    let seen = AtomicUsize::new(0);
    running.until("all are made", |running| {
        let runs = runs(running);
        let underway = runs.iter().filter(|run| run.state == RunState::Running).count();
        assert!(underway <= 2, "{underway}");
        seen.fetch_max(underway, Relaxed);
        runs.len() == 10 && underway == 0
    });
    assert_eq!(seen.load(Relaxed), 2, "two are made beside each other");
    let made = until(&running, 10);
    assert!(made.iter().all(|run| run.state == RunState::Done), "{made:?}");
    let names: std::collections::BTreeSet<_> = made.iter().map(|run| run.name.clone()).collect();
    assert_eq!(names.len(), 10, "each once");
    assert!(!running.said("ScanMissed"));
}

#[test]
fn tenants_have_turns_and_who_waits_for_a_place_has_missed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let of = |tenant: &str, called: &str| Scheduled {
        tenant: Tenant::new(tenant).unwrap(),
        ..every(request(called, "127.0.75.20", "1"), 6, Missed::Skip)
    };
    // In the configuration one tenant's come first.
    let names = [("busy", "one"), ("busy", "two"), ("busy", "three"), ("other", "four"), ("third", "five")];
    let loopback = || Allowed::new(["127.0.0.0/8".parse().unwrap()]);
    let mut plan = plan(names.map(|(tenant, called)| of(tenant, called)).into());
    let tenants = ["busy", "other", "third"].map(|name| (Tenant::new(name).unwrap(), loopback()));
    plan.settings.allow.extend(tenants);
    plan.settings.at_once = 1;
    // None is made as long as this one takes the only place.
    let schedules = std::mem::take(&mut plan.settings.schedules);
    let running = Running::scanning(folder.path(), plan.clone());
    let long = running.scans.start(Tenant::default(), Actor::timer(), long()).unwrap();
    plan.settings.schedules = schedules;
    running.scans.replan(plan);
    let known = |running: &Running| {
        let stands = |(tenant, called): (&str, &str)| {
            running.database.stands(&Tenant::new(tenant).unwrap(), &name(called)).unwrap().is_some()
        };
        names.into_iter().all(stands)
    };
    running.until("they are known", known);
    running.pass(10 * 60);
    running.commit("default");
    assert!(!running.said("Scanned"), "it takes the only place");
    assert!(running.scans.cancel(&Tenant::default(), long));
    running.until("all are made", |running| running.counted("Scanned(") == 6);
    assert!(!running.said("ScanMissed"), "{:?}", running.events);
    let made: Vec<(Tenant, ScanName)> = running.scanned();
    let order: Vec<&str> = made.iter().map(|(tenant, _)| tenant.as_str()).collect();
    assert_eq!(order, ["default", "busy", "other", "third", "busy", "busy"], "{made:?}");
}

/// A run of a schedule's that its program has not ended, at the time that is settled.
fn cut_off(folder: &std::path::Path, called: &str, at: i64) {
    let database = open(folder, at);
    let (tenant, name) = (Tenant::default(), name(called));
    let stands = database.stands(&tenant, &name).unwrap().unwrap_or_default();
    let settled = Standing { settled: Some(START), ..stands };
    database.set_standing(&tenant, &name, settled).unwrap();
    let (scanner, author) = (ScannerKind::Connect, Actor::timer());
    let run = NewRun { name, scanner, author, started: at, addresses: None, ports: None };
    database.begin(&tenant, run).unwrap();
}

#[test]
fn what_a_dead_program_was_making_by_schedule_is_made_again_once() {
    for (missed, again) in [(Missed::Once, true), (Missed::Skip, false)] {
        let folder = tempfile::tempdir().unwrap();
        let schedules = || vec![every(request("office", &HOST.to_string(), "1"), 6, missed)];
        cut_off(folder.path(), "office", START);
        let later = START + HOUR * SECOND;
        let running = Running::scanning_at(folder.path(), plan(schedules()), later);
        let made = until(&running, if again { 2 } else { 1 });
        assert_eq!(made[0].state, RunState::Failed);
        let stands = |running: &Running| running.database.stands(&Tenant::default(), &name("office"));
        if !again {
            running.until("it is missed", |running| running.said("ScanMissed"));
            continue;
        }
        assert_eq!((made[1].state, &made[1].author[..]), (RunState::Done, "timer"));
        running.until("it is settled", |running| {
            stands(running).unwrap().is_some_and(|standing| standing.whole == Some(START))
        });
        drop(running);
        // One that was cut off twice at its time is not made a third time, but at the next.
        cut_off(folder.path(), "office", later);
        let running = Running::scanning_at(folder.path(), plan(schedules()), later + HOUR * SECOND);
        let ended = until(&running, 3);
        assert_eq!(ended[2].state, RunState::Failed);
        running.commit("other");
        assert_eq!(runs(&running).len(), 3);
        running.pass(4 * HOUR);
        assert_eq!(until(&running, 4)[3].state, RunState::Done);
    }
}

#[test]
fn a_schedule_is_made_now_if_somebody_wants_that_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::scanning(
        folder.path(),
        plan(vec![every(request("office", &HOST.to_string(), "1"), 6, Missed::Skip)]),
    );
    until(&running, 1);
    running.pass(HOUR);
    let start = |of: &str, called: &str| {
        running.scans.start_schedule(Tenant::new(of).unwrap(), Actor::timer(), name(called))
    };
    assert!(matches!(start("default", "attic"), Err(NotBegun::NoSchedule(_))));
    assert!(matches!(start("other", "office"), Err(NotBegun::NoSchedule(_))), "it is another tenant's");
    assert_eq!(start("default", "office").unwrap(), 2);
    until(&running, 2);
    let stands = |running: &Running| running.database.stands(&Tenant::default(), &name("office")).unwrap();
    let now = START + HOUR * SECOND;
    running.until("it counts", |running| stands(running).is_some_and(|standing| standing.whole == Some(now)));
    // The next one is made at its own time.
    assert_eq!(stands(&running).unwrap().settled, Some(START));
    running.pass(5 * HOUR);
    until(&running, 3);
}

#[test]
fn without_room_in_the_middle_of_a_scan_what_it_found_waits_for_room() {
    let folder = tempfile::tempdir().unwrap();
    // So much that it does not fit into what is left here and there.
    let listeners: Vec<TcpListener> = (0..300).map(|_| TcpListener::bind((FULL, 0)).unwrap()).collect();
    let site = Site { plan: plan(Vec::new()), now: START, max_bytes: Some(2 << 20) };
    let running = Running::scanning_in(folder.path(), site);
    let tenant = Tenant::default();
    let mut request = long();
    request.targets.push(FULL.to_string().parse().unwrap());
    let run = running.scans.start(tenant.clone(), Actor::timer(), request).unwrap();
    running.until("one host is done", |running| {
        running.scans.underway(&tenant, run).is_some_and(|underway| underway.hosts > 0)
    });
    // Others' findings take all that there is.
    for lines in [1_000, 10, 1] {
        let fill = || {
            let (scanner, author) = (ScannerKind::Connect, Actor::timer());
            let new =
                NewRun { name: name("fill"), scanner, author, started: START, addresses: None, ports: None };
            let number = running.database.begin(&tenant, new)?;
            let end = RunEnd {
                by: Actor::timer(),
                state: RunState::Done,
                ended: START,
                broken: None,
                up: 0,
                unknown: 0,
                open: 0,
                found: Arc::new(Filling(lines)),
            };
            running.database.end(&tenant, number, Arc::new(end))?;
            running.database.judged(&tenant, number)
        };
        while fill().is_ok() {}
    }
    assert!(running.scans.cancel(&tenant, run));
    let state = || running.database.run(&tenant, run).unwrap().unwrap().state;
    assert_eq!(state(), RunState::Running);
    // What they had is deleted, and there is room again.
    running.database.forget(-2 * HOUR * SECOND).unwrap();
    running.until("it is kept", |_| state() == RunState::Cancelled);
    let found = lines(&running.database, &tenant, run);
    for listener in &listeners {
        let at = format!("\"target\":\"{FULL}\",\"port\":{},", listener.local_addr().unwrap().port());
        let opened = |line: &&String| line.contains("\"port_opened\"") && line.contains(&at);
        assert_eq!(found.iter().filter(opened).count(), 1, "{at} {found:?}");
    }
    running.until("it is judged", |running| {
        running.database.run(&Tenant::default(), run).unwrap().unwrap().judged
    });
}

/// A run's findings, as lines.
fn lines(store: &Database, tenant: &Tenant, run: u64) -> Vec<String> {
    store.findings(tenant, run, 0, u32::MAX).unwrap().into_iter().map(|(_, line)| line).collect()
}

/// So many findings, each of some bytes.
struct Filling(usize);

impl Tells for Filling {
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError> {
        let line = format!("{{\"x\":\"{}\"}}", "x".repeat(200));
        (0..self.0).try_for_each(|_| keeps.finding(&line))?;
        Ok(0)
    }
}

#[test]
fn over_the_days_scans_a_schedule_skips_with_its_reason_and_a_hand_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let schedules = vec![every(request("office", &HOST.to_string(), "1"), 3, Missed::Skip)];
    let running = Running::scanning(folder.path(), plan(schedules));
    until(&running, 1);
    let (tenant, actor) = (Tenant::default(), Actor::named("uid:0", "root"));
    let set =
        |most| running.database.set_quota(&tenant, vec![(QuotaKind::Scans, most)], actor.clone()).unwrap();
    set(Some(2));
    running.pass(3 * HOUR);
    assert_eq!(until(&running, 2)[1].state, RunState::Done);
    running.pass(3 * HOUR);
    let skipped = until(&running, 3)[2].clone();
    assert_eq!((skipped.state, skipped.broken.clone().unwrap().reason), (RunState::Failed, Reason::Quota));
    assert!(skipped.broken.unwrap().detail.contains("scans_per_day"));
    let by_hand =
        || running.scans.start(tenant.clone(), actor.clone(), request("hand", &HOST.to_string(), "1"));
    assert!(matches!(by_hand(), Err(NotBegun::Quota(over)) if over.most == 2), "a hand is refused");
    let told = |running: &Running| running.count_of("default", "over-quota");
    assert_eq!(told(&running), 1);
    assert_eq!(running.counted("OverQuota"), 1);
    // The neighbour's are its own.
    assert_eq!(running.database.may_scan(&Tenant::new("neighbour").unwrap()).unwrap(), Ok(()));
    // Midnight is about thirteen hours after the beginning.
    let before = runs(&running).len();
    running.pass((next_day(START) - START) / SECOND - 6 * HOUR + 3 * HOUR);
    running.until("the next day's is made", |running| {
        running.pass(1);
        let last = &runs(running)[0];
        runs(running).len() > before && last.state == RunState::Done
    });
    set(None);
    assert!(by_hand().is_ok());
    assert_eq!(told(&running), 1, "once");
}

/// There is room when it gets its place, and too little for the row of its run.
#[test]
fn a_scan_that_has_no_room_for_its_run_is_told_and_that_of_a_schedule_is_a_run_that_failed() {
    for by_hand in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let schedules = vec![every(request("office", &HOST.to_string(), "1"), 3, Missed::Skip)];
        let running = Running::scanning(folder.path(), plan(schedules));
        until(&running, 1);
        let (tenant, actor) = (Tenant::default(), Actor::named("uid:0", "root"));
        let most = running.database.stored_of(&tenant).unwrap().all() + 10;
        let quota = vec![(QuotaKind::Stored, Some(most))];
        running.database.set_quota(&tenant, quota, actor.clone()).unwrap().unwrap();
        if by_hand {
            let begun = running.scans.start(tenant, actor, request("hand", &HOST.to_string(), "1"));
            assert!(matches!(begun, Err(NotBegun::Quota(over)) if over.most == most), "{begun:?}");
            assert_eq!(runs(&running).len(), 1);
        } else {
            running.pass(3 * HOUR);
            let refused = until(&running, 2)[1].clone();
            let broken = refused.broken.unwrap();
            assert_eq!((refused.state, broken.reason), (RunState::Failed, Reason::Quota));
            assert!(broken.detail.contains("`stored`"), "{broken:?}");
        }
        assert_eq!(running.counted("OverQuota"), 1);
        assert_eq!(running.count_of("default", "over-quota"), 1);
    }
}
