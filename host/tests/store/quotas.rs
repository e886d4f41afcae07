//! What a tenant may use, as the store holds it: evidence before counts, mails by the day, and told once.

use tripline::commit::{Commit, Store, Tenant};
use tripline::decision::Decision;
use tripline::incidents::{Act, Effect, Filter, Incident, NewException, Policy, Resolution};
use tripline::notices::{Content, End, Next, Outbox, Routes};
use tripline::quota::{OVER_QUOTA, Quota, QuotaKind, TenantQuotas, next_day};
use tripline::security_log::Records;
use tripline::store::{Hold, StoredKind};
use tripline::wall_clock::WallClock;

use crate::fixture::{Fixture, START, decision, pattern, policy, route, with};
use crate::timers::me;

const MIB: u64 = 1 << 20;

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

fn set(fixture: &Fixture, tenant: &Tenant, kind: QuotaKind, most: Option<u64>) {
    // Who is to have a quota has something.
    fixture.database.source(tenant, "/var/log/app.log").unwrap();
    fixture.database.set_quota(tenant, vec![(kind, most)], me()).unwrap().unwrap();
}

/// Decisions with 2 KiB of evidence each, that of `f{n}` being the n-th of its own.
fn large(from: u64, count: u64) -> Vec<Decision> {
    let one = |n| {
        with(decision("r", Some(&format!("f{n}")), n), |one| {
            one.evidence[0].text = Some(format!("{n:0>2048}").into_bytes());
        })
    };
    (from..from + count).map(one).collect()
}

fn commit(fixture: &Fixture, tenant: &Tenant, decisions: Vec<Decision>) {
    fixture.database.commit(tenant, Commit { decisions, ..Commit::default() }).unwrap();
}

fn incidents(fixture: &Fixture, tenant: &Tenant) -> Vec<Incident> {
    let mut all = fixture.database.page(tenant, &Filter::default(), None, 10_000).unwrap().incidents;
    all.sort_by_key(|incident| incident.id);
    all
}

fn told(fixture: &Fixture, tenant: &Tenant, kind: QuotaKind) -> u64 {
    let all = incidents(fixture, tenant);
    let of =
        |one: &&Incident| one.rule == OVER_QUOTA && one.fingerprint.given() == Some(kind.as_str().as_bytes());
    all.iter().filter(of).map(|one| one.count).sum()
}

/// Of how many incidents evidence is kept.
fn shown(fixture: &Fixture, tenant: &Tenant) -> Vec<i64> {
    let all = incidents(fixture, tenant).into_iter().map(|one| one.id);
    all.filter(|id| !fixture.database.evidence(tenant, *id).unwrap().is_empty()).collect()
}

#[test]
fn evidence_goes_before_counts() {
    let fixture = Fixture::new(Policy::default());
    let (plant, neighbour) = (tenant("plant"), tenant("neighbour"));
    set(&fixture, &plant, QuotaKind::Stored, Some(MIB));
    let (mut has, mut came) = (Vec::new(), 0);
    for part in 0..36 {
        for of in [&plant, &neighbour] {
            commit(&fixture, of, large(part * 25, 25));
        }
        came += 25;
        has.push(shown(&fixture, &plant).len() as u64);
        // Each is counted, whether or not its evidence is kept.
        let all = incidents(&fixture, &plant);
        let own = all.iter().filter(|one| one.rule == "r");
        assert_eq!(own.clone().map(|one| one.count).sum::<u64>(), came);
        let dropped: u64 = own.map(|one| one.evidence_dropped).sum();
        assert_eq!(dropped, came - has.last().unwrap(), "what is not there is said not to be");
    }
    let kept = *has.last().unwrap();
    assert!((200..450).contains(&kept), "{has:?}");
    assert_eq!(shown(&fixture, &neighbour).len(), 900, "the neighbour's is all there");
    let stored = fixture.database.stored().unwrap();
    assert!(stored[&plant].of(StoredKind::Evidence) < MIB && stored[&neighbour].all() > 2 * MIB);
    assert_eq!(
        (told(&fixture, &plant, QuotaKind::Stored), told(&fixture, &neighbour, QuotaKind::Stored)),
        (1, 0)
    );
    assert_eq!(fixture.database.over_quota().unwrap(), [(plant.clone(), QuotaKind::Stored)]);
    // What was decided is known again, also without evidence: nothing counts twice.
    commit(&fixture, &plant, large(890, 10));
    assert_eq!(
        incidents(&fixture, &plant).iter().filter(|one| one.rule == "r").map(|one| one.count).sum::<u64>(),
        900
    );
    // More may be stored: what comes from now on is kept again.
    set(&fixture, &plant, QuotaKind::Stored, Some(8 * MIB));
    commit(&fixture, &plant, large(900, 25));
    assert_eq!(shown(&fixture, &plant).len() as u64, kept + 25);
    assert_eq!(told(&fixture, &plant, QuotaKind::Stored), 1);
    assert_eq!(fixture.database.over_quota().unwrap(), []);
}

#[test]
fn of_what_is_resolved_evidence_goes_first() {
    let fixture = Fixture::new(Policy::default());
    let plant = tenant("plant");
    set(&fixture, &plant, QuotaKind::Stored, Some(MIB));
    let mut next = 0;
    while told(&fixture, &plant, QuotaKind::Stored) == 0 {
        commit(&fixture, &plant, large(next, 25));
        next += 25;
    }
    let before = shown(&fixture, &plant);
    for id in &before[..40] {
        let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
        fixture.database.act(&plant, *id, None, resolve, me()).unwrap().unwrap();
    }
    for part in 0..3 {
        commit(&fixture, &plant, large(next + part * 25, 25));
    }
    let after = shown(&fixture, &plant);
    assert!(before[..16].iter().all(|id| !after.contains(id)), "the oldest that are resolved go first");
    assert!(before[40..].iter().all(|id| after.contains(id)), "what is open keeps its own");
    assert!(after.iter().any(|id| !before.contains(id)), "and there is room for what is new");
    let first = fixture.database.incident(&plant, before[0]).unwrap().unwrap();
    assert_eq!((first.count, first.evidence_dropped), (1, 1), "it is counted, and says that it is gone");
}

#[test]
fn one_incident_that_goes_on_keeps_the_evidence_that_it_has() {
    let fixture = Fixture::new(Policy::default());
    let plant = tenant("plant");
    set(&fixture, &plant, QuotaKind::Stored, Some(MIB));
    commit(&fixture, &plant, large(0, 1_000));
    let known = fixture.database.evidence(&plant, 1).unwrap();
    assert_eq!(known.len(), 1);
    for part in 0..20 {
        let again = (0..50).map(|n| with(decision("r", Some("f0"), 10_000 + part * 50 + n), |_| {}));
        commit(&fixture, &plant, again.collect());
    }
    let first = fixture.database.incident(&plant, 1).unwrap().unwrap();
    assert_eq!((first.count, first.evidence_dropped), (1_001, 1_000));
    assert_eq!(fixture.database.evidence(&plant, 1).unwrap(), known);
}

/// Delivers what goes now; answers how many mails that are, how many of them digests, and until when the rest waits.
fn deliver(fixture: &Fixture, of: &Tenant) -> (u64, u64, Option<i64>) {
    let (mut mails, mut digests) = (0, 0);
    loop {
        match fixture.database.next("relay").unwrap() {
            Next::Send(leased) => {
                if leased.tenant == *of {
                    mails += 1;
                    digests += u64::from(matches!(leased.content, Content::Digest(_)));
                }
                fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
            }
            Next::OverQuota(tenant, kind, most) => {
                assert_eq!((tenant, kind, most), (of.clone(), QuotaKind::Mails, 3));
            }
            Next::Wait(at) => return (mails, digests, Some(at)),
            Next::Idle => return (mails, digests, None),
            Next::Departed(_) => panic!("nobody departs"),
        }
    }
}

/// Nobody hides from themselves that they are over a quota, and nobody's mails wait for one who tries.
#[test]
fn that_one_is_over_is_not_excepted_and_holds_up_nobody() {
    let (plant, neighbour) = (tenant("plant"), tenant("neighbour"));
    let routes = [(&plant, "soc@plant.example"), (&neighbour, "soc@neighbour.example")].map(|(of, to)| {
        let mut route = route(&[to]);
        route.tenant = of.clone();
        route
    });
    let fixture = Fixture::new(Policy { routes: Routes(routes.into()), ..Policy::default() });
    set(&fixture, &plant, QuotaKind::Mails, Some(1));
    let (rule, reason) = (Some(pattern("tripline/*")), "not for us".into());
    let except = NewException { rule, field: None, effect: Effect::Except, until: None, reason };
    fixture.database.except(&plant, except, me()).unwrap();
    let happen = |of: &Tenant, n: u64| commit(&fixture, of, vec![decision("r", Some(&format!("f{n}")), n)]);
    happen(&plant, 0);
    assert_eq!(deliver(&fixture, &plant).0, 1);
    for n in 1..4 {
        happen(&plant, n);
        happen(&neighbour, n);
    }
    let (mut over, mut sent) = (0, Vec::new());
    for _ in 0..20 {
        match fixture.database.next("relay").unwrap() {
            Next::Send(leased) => {
                sent.push(leased.tenant.clone());
                fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
            }
            Next::OverQuota(..) => over += 1,
            Next::Wait(_) | Next::Idle => break,
            Next::Departed(_) => panic!("nobody departs"),
        }
    }
    let of = |tenant: &Tenant| sent.iter().filter(|one| *one == tenant).count();
    assert_eq!((over, of(&plant), of(&neighbour)), (1, 0, 3));
    assert_eq!(told(&fixture, &plant, QuotaKind::Mails), 1);
}

#[test]
fn mails_of_the_day_are_used_up_and_the_rest_goes_the_next_day_as_one() {
    let (plant, neighbour) = (tenant("plant"), tenant("neighbour"));
    let of = |tenant: &Tenant, to: &str| {
        let mut route = route(&[to]);
        route.tenant = tenant.clone();
        route
    };
    let routes = Routes(vec![of(&plant, "soc@plant.example"), of(&neighbour, "soc@neighbour.example")]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    set(&fixture, &plant, QuotaKind::Mails, Some(3));
    let happen = |of: &Tenant, n: u64| commit(&fixture, of, vec![decision("r", Some(&format!("f{n}")), n)]);
    for n in 0..3 {
        happen(&plant, n);
        assert_eq!(deliver(&fixture, &plant), (1, 0, None));
    }
    for n in 3..10 {
        happen(&plant, n);
        happen(&neighbour, n);
    }
    let midnight = next_day(START);
    assert_eq!(deliver(&fixture, &plant), (0, 0, Some(midnight)));
    assert_eq!(fixture.database.waits(&neighbour).unwrap(), 0, "the neighbour's went");
    assert_eq!(
        (told(&fixture, &plant, QuotaKind::Mails), told(&fixture, &neighbour, QuotaKind::Mails)),
        (1, 0)
    );
    let held = fixture.database.waiting(&plant, 100).unwrap();
    assert_eq!(held.len(), 8, "and that it is so");
    assert!(
        held.iter().all(|one| one.held.is_some_and(|held| held.by == Hold::Quota && held.until == midnight))
    );
    assert_eq!(fixture.database.over_quota().unwrap(), [(plant.clone(), QuotaKind::Mails)]);
    fixture.clock.pass(midnight - fixture.clock.now() - 1);
    assert_eq!(deliver(&fixture, &plant), (0, 0, Some(midnight)));
    fixture.clock.pass(1);
    assert_eq!(deliver(&fixture, &plant), (1, 1, None), "all of it as one");
    assert_eq!(fixture.database.waits(&plant).unwrap(), 0);
    let folded = fixture.database.outbox(&plant, 10).unwrap().states;
    assert!(folded.contains(&("folded".into(), 8)), "{folded:?}");
    // Within the day others go alone again, and told it is once.
    happen(&plant, 20);
    assert_eq!(deliver(&fixture, &plant), (1, 0, None));
    assert_eq!(told(&fixture, &plant, QuotaKind::Mails), 1);
    // More may be sent: at once.
    happen(&plant, 21);
    happen(&plant, 22);
    assert_eq!(deliver(&fixture, &plant).0, 1, "the third of this day");
    happen(&plant, 23);
    assert_eq!(deliver(&fixture, &plant).0, 0);
    set(&fixture, &plant, QuotaKind::Mails, Some(100));
    assert_eq!(deliver(&fixture, &plant), (1, 0, None));
}

#[test]
fn what_the_configuration_says_goes_before_what_was_set() {
    let mut fixture = Fixture::new(policy(&[]));
    let plant = tenant("plant");
    assert_eq!(
        fixture.database.set_quota(&plant, vec![(QuotaKind::Lines, Some(1))], me()).unwrap(),
        None,
        "no such tenant"
    );
    set(&fixture, &plant, QuotaKind::Lines, Some(10));
    set(&fixture, &plant, QuotaKind::Packs, Some(5));
    let written = [(plant.clone(), Quota::of(QuotaKind::Lines, 1_000))];
    fixture.policy.quotas = TenantQuotas::from(std::collections::BTreeMap::from(written));
    let fixture = fixture.again();
    let quota = fixture.database.quota(&plant).unwrap();
    assert_eq!((quota.most(QuotaKind::Lines), quota.most(QuotaKind::Packs)), (Some(1_000), Some(5)));
    let changed = fixture.database.set_quota(
        &plant,
        vec![(QuotaKind::Lines, Some(20)), (QuotaKind::Packs, None)],
        me(),
    );
    assert_eq!(changed.unwrap(), Some(Quota::of(QuotaKind::Lines, 1_000)));
    let known = fixture.database.known_tenants().unwrap();
    assert_eq!(
        known.iter().find(|one| one.tenant == plant).unwrap().quota,
        Quota::of(QuotaKind::Lines, 1_000)
    );
    let records = fixture.database.after(0, 100).unwrap();
    let changes = records.iter().filter(|record| record.event == "tenant.quota_changed");
    let changes: Vec<_> = changes
        .map(|one| (one.fields["quota"].clone(), one.fields["before"].clone(), one.fields["most"].clone()))
        .collect();
    let null = serde_json::Value::Null;
    assert_eq!(
        changes,
        [
            ("lines".into(), null.clone(), 10.into()),
            ("packs".into(), null.clone(), 5.into()),
            ("lines".into(), 10.into(), 20.into()),
            ("packs".into(), 5.into(), null),
        ]
    );
}
