//! What people and programs write for a tenant that has as much stored as it may: nothing of it is kept, and its incidents are
//! worked off and counted all the same.

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::{Map, Value};
use tripline::abi::Severity;
use tripline::commit::{Commit, Store, StoreError, Tenant};
use tripline::incidents::{
    Act, Actor, Effect, Filter, Incident, NewException, NewSilence, Policy, Report, Resolution,
};
use tripline::notices::{End, Next, Outbox};
use tripline::packs::{self, NewVersion};
use tripline::quota::{OVER_QUOTA, Quota, QuotaKind};
use tripline::scans::{Keeps, NewRun, RunEnd, RunState, ScanName, ScanStore, ScannerKind, Tells};
use tripline::store::{Stored, StoredKind};
use tripline::tenants::NewTenant;
use tripline::token::{NewToken, Scope, TokenSecret};

use crate::fixture::{Fixture, HOUR, START, decision, pattern, with};
use crate::timers::me;

const MIB: u64 = 1 << 20;

fn plant() -> Tenant {
    Tenant::new("plant").unwrap()
}

/// A tenant with a recipient that is not confirmed.
fn add(fixture: &Fixture, tenant: &Tenant) {
    let token = ("lines".into(), TokenSecret::draw().unwrap().hash());
    let recipients = vec![format!("soc@{tenant}.example")];
    let quota = Quota::default();
    let new = NewTenant { tenant: tenant.clone(), recipients, confirmed: false, quota, token };
    fixture.database.add_tenant(new, me()).unwrap().unwrap();
}

fn bound(fixture: &Fixture, tenant: &Tenant, most: Option<u64>) {
    fixture.database.set_quota(tenant, vec![(QuotaKind::Stored, most)], me()).unwrap().unwrap();
}

/// So many decisions behind these, each with 2 KiB of evidence.
fn decide(fixture: &Fixture, tenant: &Tenant, from: u64, count: u64) {
    let one = |n| {
        with(decision("r", Some(&format!("f{n}")), n), |one| {
            one.evidence[0].text = Some(format!("{n:0>2048}").into_bytes());
        })
    };
    let decisions = (from..from + count).map(one).collect();
    fixture.database.commit(tenant, Commit { decisions, ..Commit::default() }).unwrap();
}

fn incidents(fixture: &Fixture, tenant: &Tenant) -> Vec<Incident> {
    let mut all = fixture.database.page(tenant, &Filter::default(), None, 10_000).unwrap().incidents;
    all.sort_by_key(|incident| incident.id);
    all
}

fn told(fixture: &Fixture, tenant: &Tenant) -> u64 {
    let all = incidents(fixture, tenant);
    all.iter().filter(|one| one.rule == OVER_QUOTA).map(|one| one.count).sum()
}

/// All that there is of a tenant.
fn rows(fixture: &Fixture, tenant: &Tenant) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut put = |row: &Value| -> Result<(), ()> {
        rows.push(row.clone());
        Ok(())
    };
    fixture.database.export_tenant(tenant, &mut put).unwrap().unwrap();
    rows
}

fn comment(text: &str) -> Act {
    Act::Comment { text: text.into() }
}

fn resolve(comment: &str) -> Act {
    Act::Resolve { resolution: Resolution::Expected, comment: comment.into() }
}

fn silence() -> NewSilence {
    let rule = Some(pattern("nothing/*"));
    NewSilence { rule, starts: START, ends: START + HOUR, reason: "a test".into(), ..NewSilence::default() }
}

fn exception() -> NewException {
    let (rule, reason) = (Some(pattern("nothing/*")), "a test".into());
    NewException { rule, field: None, effect: Effect::Except, until: None, reason }
}

fn module() -> NewVersion {
    let (name, version) = ("door".into(), "1.0.0".into());
    NewVersion { name, version, digest: [7; 32], wasm: vec![0; 1_000], signature: None, signer: None }
}

fn run(started: i64) -> NewRun {
    let (name, scanner, author) = (ScanName::new("dmz").unwrap(), ScannerKind::Nmap, me());
    NewRun { name, scanner, author, started, addresses: None, ports: None }
}

/// Tells so many findings of a kilobyte.
struct Found(usize);

impl Tells for Found {
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError> {
        (0..self.0).try_for_each(|_| keeps.finding(&"x".repeat(1_024)))?;
        Ok(self.0 as u64)
    }
}

fn ended(state: RunState, found: usize) -> Arc<RunEnd> {
    let found = Arc::new(Found(found));
    Arc::new(RunEnd { by: me(), state, ended: START, broken: None, up: 1, unknown: 0, open: 1, found })
}

#[track_caller]
fn over<T: Debug>(done: Result<T, StoreError>) {
    match done {
        Err(StoreError::Over(tenant, over)) => {
            assert_eq!((tenant, over.kind, over.most), (plant(), QuotaKind::Stored, MIB));
            assert!(over.found > over.most, "{over:?}");
        }
        other => panic!("expected it to be over the quota, found {other:?}"),
    }
}

#[test]
fn nothing_that_somebody_writes_is_kept_and_incidents_are_worked_off() {
    let fixture = Fixture::new(Policy::default());
    let (database, plant, neighbour) = (&fixture.database, plant(), Tenant::new("neighbour").unwrap());
    for tenant in [&plant, &neighbour] {
        add(&fixture, tenant);
        let done = database.report(tenant, Report::new(Severity::Low, "done"), me()).unwrap();
        database.act(tenant, done, None, resolve(""), me()).unwrap().unwrap();
        database.silence(tenant, silence(), me()).unwrap();
        database.except(tenant, exception(), me()).unwrap();
        database.push_pack(tenant, module(), me()).unwrap();
        decide(&fixture, tenant, 0, 600);
    }
    while let Next::Send(asks) = database.next("relay").unwrap() {
        database.finish("relay", asks.notice, &End::Sent(String::new())).unwrap();
    }
    bound(&fixture, &plant, Some(MIB));
    // It is told with the first that is refused.
    over(database.act(&plant, 2, None, comment("looks odd"), me()));
    assert_eq!((told(&fixture, &plant), told(&fixture, &neighbour)), (1, 0));
    let before = rows(&fixture, &plant);
    for act in [
        comment("a"),
        Act::Assign { to: Some("jana".into()) },
        Act::Assign { to: None },
        resolve("it was the backup"),
    ] {
        over(database.act(&plant, 3, None, act.clone(), me()));
        database.act(&neighbour, 3, None, act, me()).unwrap().unwrap();
    }
    over(database.act(&plant, 1, None, Act::Reopen { comment: String::new() }, me()));
    over(database.silence(&plant, silence(), me()));
    over(database.except(&plant, exception(), me()));
    // Time stands still here: it says itself that it is another one.
    let fire = Report::new(Severity::Critical, "all is on fire");
    over(database.report(&plant, Report { fingerprint: Some("fire".into()), ..fire }, me()));
    over(database.push_pack(&plant, NewVersion { digest: [8; 32], ..module() }, me()));
    let settings = Map::from_iter([("threshold".to_string(), Value::from(7))]);
    over(database.change_pack(&plant, "door", packs::Act::Settings(settings), me()));
    over(database.ask_recipient(&plant, "soc@plant.example", me()));
    over(database.begin(&plant, run(START)));
    let token = |of: &Tenant| {
        let (name, scope, hash) = ("more".into(), Scope::Reader, TokenSecret::draw().unwrap().hash());
        database.add_token(NewToken { tenant: of.clone(), name, scope, expires: None }, hash, me(), None)
    };
    over(token(&plant));
    token(&neighbour).unwrap();
    let may = database.may_scan(&plant).unwrap().unwrap_err();
    assert_eq!((may.kind, may.most), (QuotaKind::Stored, MIB));
    assert!(database.may_scan(&neighbour).unwrap().is_ok());
    assert_eq!(rows(&fixture, &plant), before, "nothing of it is written");
    // What lets go, and what is needed.
    let hold = Act::Acknowledge { hold: None };
    let acknowledged = database.act(&plant, 3, None, hold, me()).unwrap().unwrap();
    assert_eq!(acknowledged.version, 2);
    database.act(&plant, 3, None, resolve(""), me()).unwrap().unwrap();
    assert!(
        database.end_silence(&plant, 1, me()).unwrap() && database.end_exception(&plant, 1, me()).unwrap()
    );
    // A module that is kept already, though another one brings it, whose name is longer.
    let other = Actor::named("token:1000000000000", "another");
    assert_eq!(database.push_pack(&plant, module(), other).unwrap(), 2);
    assert!(database.change_pack(&plant, "door", packs::Act::Disable, me()).unwrap());
    // What rules decide is counted, and what is refused to be scanned is told.
    let count = |rule: &str| incidents(&fixture, &plant).iter().filter(|one| one.rule == rule).count();
    decide(&fixture, &plant, 600, 5);
    assert_eq!(count("r"), 605);
    let refused = database.begin_refused(&plant, run(START)).unwrap();
    assert_eq!(database.end(&plant, refused, ended(RunState::Failed, 1)).unwrap(), 1);
    // More may be stored.
    bound(&fixture, &plant, Some(64 * MIB));
    database.act(&plant, 4, None, comment("a"), me()).unwrap().unwrap();
    assert_eq!((told(&fixture, &plant), told(&fixture, &neighbour)), (1, 0));
}

#[test]
fn however_it_is_asked_for_there_is_never_more_than_may_be() {
    let fixture = Fixture::new(Policy::default());
    let (database, plant) = (&fixture.database, plant());
    add(&fixture, &plant);
    decide(&fixture, &plant, 0, 1);
    bound(&fixture, &plant, Some(MIB));
    let text = "x".repeat(4_096);
    let mut kept = 0;
    let last = loop {
        let stored = database.stored_of(&plant).unwrap().all();
        assert!(stored <= MIB, "{stored}");
        match database.act(&plant, 1, None, comment(&text), me()) {
            Ok(done) => drop(done.unwrap()),
            refused => break (stored, over(refused)),
        }
        kept += 1;
    };
    assert!(last.0 > MIB - 5_000 && (200..256).contains(&kept), "{last:?} {kept}");
    let comments = database.timeline(&plant, 1).unwrap().len();
    assert_eq!(comments, kept + 1, "all that was taken, and that it was opened");
    while database.act(&plant, 1, None, comment("x"), me()).is_ok() {}
    // A row of each stays: so often it is taken, whatever is stored, and no more.
    let hold = || database.act(&plant, 1, None, Act::Acknowledge { hold: None }, me());
    let taken = (0..100).take_while(|_| hold().is_ok()).count();
    assert_eq!(taken, 16);
    over(hold());
    // Nor does who resolves that it is told have it told again.
    for _ in 0..3 {
        let told = incidents(&fixture, &plant).into_iter().filter(|one| one.rule == OVER_QUOTA);
        for one in told.filter(|one| one.resolution.is_none()) {
            database.act(&plant, one.id, None, resolve(""), me()).unwrap().unwrap();
        }
        over(database.act(&plant, 1, None, comment(&text), me()));
    }
    assert_eq!(told(&fixture, &plant), 1);
    fixture.clock.pass(24 * HOUR);
    over(database.act(&plant, 1, None, comment(&text), me()));
    assert_eq!(told(&fixture, &plant), 2, "on the next day it is");
}

/// A tenant with 161 incidents that have evidence, all but the last resolved; what it has stored.
fn resolved(fixture: &Fixture, tenant: &Tenant) -> Stored {
    add(fixture, tenant);
    decide(fixture, tenant, 0, 161);
    for id in 1..=160 {
        fixture.database.act(tenant, id, None, resolve(""), me()).unwrap().unwrap();
    }
    fixture.database.stored_of(tenant).unwrap()
}

/// Each try lets go of some evidence of what is resolved, also one that is refused.
#[test]
fn who_is_well_above_what_may_be_stored_gets_below_it() {
    let plant = plant();
    let comments = |fixture: &Fixture| match fixture.database.act(&plant, 161, None, comment("a"), me()) {
        Ok(done) => done.is_ok(),
        Err(error) => !matches!(error, StoreError::Over(..)),
    };
    let adds = |fixture: &Fixture| {
        let (tenant, name, hash) = (plant.clone(), "more".into(), TokenSecret::draw().unwrap().hash());
        let new = NewToken { tenant, name, scope: Scope::Reader, expires: None };
        fixture.database.add_token(new, hash, me(), None).is_ok()
    };
    let scans = |fixture: &Fixture| fixture.database.may_scan(&plant).unwrap().is_ok();
    let asks: [&dyn Fn(&Fixture) -> bool; 3] = [&comments, &adds, &scans];
    for asks in asks {
        let fixture = Fixture::new(Policy::default());
        let database = &fixture.database;
        let stored = resolved(&fixture, &plant);
        let most = stored.all() - stored.of(StoredKind::Evidence) / 2;
        bound(&fixture, &plant, Some(most));
        let tries = (1..=20).find(|_| asks(&fixture)).expect("it has room in the end");
        assert!((2..=8).contains(&tries), "{tries}");
        assert!(database.stored_of(&plant).unwrap().all() <= most);
    }
}

/// Also what needs more than is kept free; and for what never fits, nothing is let go.
#[test]
fn what_is_large_has_room_in_the_end() {
    let (fixture, plant) = (Fixture::new(Policy::default()), plant());
    let database = &fixture.database;
    let stored = resolved(&fixture, &plant);
    let (free, evidence) = (300 << 10, stored.of(StoredKind::Evidence));
    bound(&fixture, &plant, Some(stored.all() + free));
    let push = |bytes: u64| {
        let wasm = vec![0; usize::try_from(bytes).unwrap()];
        database.push_pack(&plant, NewVersion { wasm, ..module() }, me())
    };
    assert!(matches!(push(stored.all() + free), Err(StoreError::Over(..))));
    assert_eq!(database.stored_of(&plant).unwrap().of(StoredKind::Evidence), evidence);
    let tries = (1..=20).find(|_| push(free + evidence / 2).is_ok()).expect("it has room in the end");
    assert!((2..=10).contains(&tries), "{tries}");
}

/// So does what is known already, and what fits.
#[test]
fn what_does_nothing_lets_go_of_nothing() {
    let fixture = Fixture::new(Policy::default());
    let (database, plant) = (&fixture.database, plant());
    add(&fixture, &plant);
    decide(&fixture, &plant, 0, 40);
    for id in 1..=20 {
        database.act(&plant, id, None, resolve(""), me()).unwrap().unwrap();
    }
    let report = || database.report(&plant, Report::new(Severity::Low, "again"), me()).unwrap();
    assert_eq!(report(), 41);
    let stored = database.stored_of(&plant).unwrap();
    bound(&fixture, &plant, Some(stored.all() + 1_000));
    let before = rows(&fixture, &plant);
    database.act(&plant, 9_999, None, comment("a"), me()).unwrap().unwrap_err();
    database.act(&plant, 30, Some(9), comment("a"), me()).unwrap().unwrap_err();
    let reopen = Act::Reopen { comment: String::new() };
    database.act(&plant, 30, None, reopen, me()).unwrap().unwrap_err();
    assert_eq!(report(), 0, "it is known");
    decide(&fixture, &plant, 0, 40);
    assert_eq!(rows(&fixture, &plant), before);
    database.act(&plant, 30, None, comment("a"), me()).unwrap().unwrap();
    assert_eq!(database.stored_of(&plant).unwrap().of(StoredKind::Evidence), stored.of(StoredKind::Evidence));
}

/// What it says has no room, and the tenant is told that; it is counted all the same.
#[test]
fn a_report_that_fits_is_kept_though_what_is_told_of_it_does_not() {
    let fixture = Fixture::new(Policy::default());
    let (database, plant) = (&fixture.database, plant());
    add(&fixture, &plant);
    let report = || {
        let (fingerprint, details) = (Some("f".into()), "x".repeat(4_096));
        database.report(&plant, Report { fingerprint, details, ..Report::new(Severity::Low, "hot") }, me())
    };
    assert_eq!(report().unwrap(), 1);
    fixture.clock.pass(HOUR);
    let most = database.stored_of(&plant).unwrap().all() + 300;
    bound(&fixture, &plant, Some(most));
    assert_eq!(report().unwrap(), 1);
    assert_eq!(incidents(&fixture, &plant)[0].count, 2);
    assert_eq!(database.evidence(&plant, 1).unwrap().len(), 0);
    assert_eq!(told(&fixture, &plant), 1);
}

fn scans(fixture: &Fixture, tenant: &Tenant) -> u64 {
    fixture.database.stored_of(tenant).unwrap().of(StoredKind::Scans)
}

#[test]
fn of_a_scan_that_has_found_too_much_nothing_is_kept() {
    let fixture = Fixture::new(Policy::default());
    let (database, plant) = (&fixture.database, plant());
    add(&fixture, &plant);
    bound(&fixture, &plant, Some(MIB));
    let (many, few) = (database.begin(&plant, run(1)).unwrap(), database.begin(&plant, run(2)).unwrap());
    let stored = scans(&fixture, &plant);
    over(database.end(&plant, many, ended(RunState::Done, 2_000)));
    assert_eq!(database.findings(&plant, many, 0, 10).unwrap(), []);
    let still = database.run(&plant, many).unwrap().unwrap();
    assert_eq!((still.state, still.ended), (RunState::Running, None), "it can be said why it is not whole");
    assert_eq!(scans(&fixture, &plant), stored);
    assert_eq!(database.end(&plant, few, ended(RunState::Done, 100)).unwrap(), 100);
    assert_eq!(database.end(&plant, many, ended(RunState::Failed, 1)).unwrap(), 1);
    assert_eq!(told(&fixture, &plant), 1);
}
