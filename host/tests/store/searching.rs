//! A search by text finds what looking at each incident would find, whether few or many have the text.

use proptest::prelude::*;
use tripline::incidents::{Filter, Incident, State};

use crate::fixture::{Fixture, decision, pattern, policy, with};

fn found(fixture: &Fixture, filter: &Filter) -> Vec<i64> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = fixture.database.page(&fixture.tenant, filter, after, 7).unwrap();
        found.extend(page.incidents.iter().map(|incident| incident.id));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

fn text(text: &str) -> Filter {
    Filter { text: Some(text.into()), ..Filter::default() }
}

/// Where the generator puts text.
fn has(incident: &Incident, needle: &str) -> bool {
    let has = |text: &str| text.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
    has(&incident.title) || has(&incident.subject)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_is_there(
        titles in prop::collection::vec(r#"[abB"%_\\ü x]{0,8}"#, 1..40),
        renamed in prop::collection::vec((0usize..40, r#"[abB"%_\\ü x]{0,8}"#), 0..10),
        needles in prop::collection::vec(r#"[aAb"%_\\ü]{1,5}"#, 12),
    ) {
        let fixture = Fixture::new(policy(&[]));
        let one = |at: usize, offset: usize, title: &str| with(decision("r", None, offset as u64), |one| {
            one.fingerprint = Some(vec![0xff, 0, at as u8]);
            one.title = title.into();
            one.summary = String::new();
            one.values = Vec::new();
        });
        fixture.decide(titles.iter().enumerate().map(|(at, title)| one(at, at, title)).collect());
        for (offset, (at, title)) in renamed.iter().enumerate().filter(|(_, (at, _))| *at < titles.len()) {
            fixture.decide(vec![one(*at, 1_000 + offset, title)]);
            fixture.clock.pass(1);
        }
        let all = fixture.database.page(&fixture.tenant, &Filter::default(), None, 100).unwrap().incidents;
        for needle in needles {
            let expected: Vec<i64> = all.iter().filter(|one| has(one, &needle)).map(|one| one.id).collect();
            prop_assert_eq!(found(&fixture, &text(&needle)), expected, "{:?}", needle);
        }
    }
}

#[test]
fn what_many_have_and_what_few_have() {
    let mut policy = policy(&[]);
    policy.limits.open_per_rule = u64::MAX;
    let fixture = Fixture::new(policy);
    let rule = |i: u64| if i.is_multiple_of(2) { "even" } else { "odd" };
    fixture.decide((0..5_000).map(|i| decision(rule(i), Some(&format!("host-{i}")), i)).collect());
    assert_eq!(found(&fixture, &text("HOST-4999")), [5_000]);
    assert_eq!(found(&fixture, &text("host-")).len(), 5_000);
    assert_eq!(found(&fixture, &text("t-")).len(), 5_000);
    assert_eq!(found(&fixture, &text("nowhere")), Vec::<i64>::new());
    let odd = Filter { rule: Some(pattern("demo/odd")), ..text("host-49") };
    // 49, 491 to 499, 4901 to 4999.
    assert_eq!(found(&fixture, &odd).len(), 1 + 5 + 50);
    let resolved = Filter { states: vec![State::Resolved], ..text("host-1") };
    assert_eq!(found(&fixture, &resolved), Vec::<i64>::new());
    let other = tripline::commit::Tenant::new("other").unwrap();
    let page = fixture.database.page(&other, &text("host-4999"), None, 10).unwrap();
    assert_eq!(page.incidents, []);
}

#[test]
fn many_texts_that_change_are_brought_into_the_index() {
    let mut policy = policy(&[]);
    policy.limits.open_per_rule = u64::MAX;
    let fixture = Fixture::new(policy);
    let said = |i: u64, offset: u64, title: &str| {
        with(decision("r", Some(&format!("host-{i}")), offset), |one| one.summary = format!("{title} {i}"))
    };
    fixture.decide((0..3_000).map(|i| said(i, i, "before")).collect());
    fixture.decide((0..3_000).map(|i| said(i, 10_000 + i, "afterwards")).collect());
    for _ in 0..4 {
        assert_eq!(found(&fixture, &text("before 2999")), Vec::<i64>::new());
        assert_eq!(found(&fixture, &text("afterwards 2999")), [3_000]);
        fixture.database.due().unwrap();
    }
    let other = rusqlite::Connection::open(fixture.path()).unwrap();
    let count = |sql: &str| other.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(
        count("SELECT count(*) FROM texts WHERE indexed IS NOT NULL"),
        2_000,
        "few enough to look at each"
    );
    assert_eq!(
        count("SELECT count(*) FROM grams WHERE grams MATCH '\"war\"'"),
        1_000,
        "the others are in the index"
    );
}
