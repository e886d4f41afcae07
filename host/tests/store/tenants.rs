//! Nobody is told of another tenant's incidents, however they come and whatever becomes of them.

use std::time::Duration;

use tripline::commit::{Commit, Store, Tenant};
use tripline::incidents::{Act, Actor, NewSilence, Policy, Report, Resolution};
use tripline::notices::{Content, End, Next, Outbox, Route, Routes};
use tripline::report::why::Why;
use tripline::wall_clock::WallClock;

use crate::fixture::{Fixture, HOUR, SECOND, decision, route, with};

const REPEAT: Option<Duration> = Some(Duration::from_secs(3600));

/// A route of each of two tenants; one names the other's address, too.
fn policy(shop: &Tenant) -> Policy {
    let default = Route { repeat: REPEAT, ..route(&["ops@example.org"]) };
    let to = ["shop@example.org".into(), "both@example.org".into()].to_vec();
    let shop = Route { name: "shop".into(), tenant: shop.clone(), to, ..default.clone() };
    let both = Route { name: "both".into(), ..route(&["both@example.org"]) };
    Policy { routes: Routes(vec![default, shop, both]), ..Policy::default() }
}

/// Delivers all that is due: whose incident is told to whom, each once.
fn told(fixture: &Fixture) -> Vec<(String, String)> {
    let mut told = Vec::new();
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
        let whose = match &leased.content {
            Content::Incident(about) => about.incident.tenant.to_string(),
            Content::Digest(_) => "digest".into(),
            Content::Confirm(_) => "confirm".into(),
        };
        told.push((whose, leased.recipient.clone()));
    }
    told.sort();
    told.dedup();
    told
}

#[test]
fn each_is_told_of_its_own() {
    let shop = Tenant::new("shop").unwrap();
    let fixture = Fixture::new(policy(&shop));
    let (database, clock) = (&fixture.database, &fixture.clock);
    let of_shop =
        [("shop", "both@example.org"), ("shop", "shop@example.org")].map(|(a, b)| (a.into(), b.into()));
    let me = || Actor::user(1000, "alice");
    let act = |act| database.act(&shop, 1, None, act, me()).unwrap().unwrap();
    // As check, serve and scans commit.
    let commit = |offset, severity| {
        let one = with(decision("r", Some("x"), offset), |one| one.severity = severity);
        database.commit(&shop, Commit { decisions: vec![one], ..Commit::default() }).unwrap();
    };
    use tripline::abi::Severity::{High, Medium};
    commit(1, Medium);
    assert_eq!(told(&fixture), of_shop, "opened");
    commit(2, High);
    assert_eq!(told(&fixture), of_shop, "its severity rose");
    clock.pass(SECOND);
    commit(3, High);
    clock.pass(2 * HOUR);
    database.due().unwrap();
    assert_eq!(told(&fixture), of_shop, "told again");
    act(Act::Acknowledge { hold: Some(HOUR) });
    clock.pass(HOUR);
    database.due().unwrap();
    assert_eq!(told(&fixture), of_shop, "its acknowledgement ran out");
    act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    assert_eq!(told(&fixture), of_shop, "resolved");
    act(Act::Reopen { comment: String::new() });
    assert_eq!(told(&fixture), of_shop, "reopened");
    let (starts, ends) = (clock.now(), clock.now() + HOUR);
    let new = NewSilence { starts, ends, reason: "moving".into(), ..NewSilence::default() };
    database.silence(&shop, new, me()).unwrap();
    database.report(&shop, Report::new(High, "by hand"), Actor::program("a test")).unwrap();
    assert_eq!(told(&fixture), [], "silenced");
    clock.pass(HOUR);
    database.due().unwrap();
    assert_eq!(told(&fixture), of_shop, "its silence ended");
    clock.pass(HOUR);
    database.report(&shop, Report::new(High, "by hand again"), Actor::program("a test")).unwrap();
    assert_eq!(told(&fixture), of_shop, "reported");
    // The other tenant, and one that no route is for.
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    assert_eq!(told(&fixture), ["both", "ops"].map(|to| ("default".into(), format!("{to}@example.org"))));
    let third = Tenant::new("third").unwrap();
    database.report(&third, Report::new(High, "by hand"), Actor::program("a test")).unwrap();
    assert_eq!(told(&fixture), []);
    // Nor is anybody told whom others tell.
    let why = |tenant| Why::read(database, tenant, 1, clock.now()).unwrap().unwrap();
    assert_eq!(why(&shop).recipients(), ["shop@example.org", "both@example.org"]);
    assert_eq!(why(&fixture.tenant).recipients(), ["ops@example.org", "both@example.org"]);
    assert_eq!(why(&third).recipients(), [""; 0]);
}
