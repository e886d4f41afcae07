use tripline_engine::line::{LineSettings, Lines};
use tripline_engine::matcher::Begun;

use super::super::passing::Swap;
use super::super::turns::Turns;
use super::*;
use crate::follow::Waker;

const MILLI: Duration = Duration::from_millis(1);

fn fed(tenant: &str, number: u64) -> Fed {
    Fed { number, joined: false, tenant: Tenant::new(tenant).unwrap(), what: What::Passed(0) }
}

fn block(turns: &Turns, tenant: &str, number: u64) -> Fed {
    let mut lines = Lines::new(LineSettings { live: true, ..LineSettings::default() });
    lines.push(b"a\n");
    lines.end_of_batch();
    let (block, turn) = (lines.next_block().unwrap(), turns.take(&Tenant::new(tenant).unwrap()));
    let what = What::Block { source: 1, block, begun: Begun::default(), took: Duration::ZERO, turn };
    Fed { what, ..fed(tenant, number) }
}

/// Takes so many, each at what its tenant's turns cost; whose they were, and their numbers.
fn taken(taker: &Taker, count: usize, costs: &[(&str, u32)]) -> Vec<(String, u64)> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let Fed { tenant, number, .. } = taker.take().unwrap();
        let cost = costs.iter().find(|(name, _)| *name == tenant.as_str()).unwrap().1;
        taker.charge(&tenant, MILLI * cost);
        taken.push((tenant.as_str().to_string(), number));
    }
    taken
}

#[test]
fn who_is_cheap_has_as_much_time_and_not_as_many_turns() {
    let (putter, taker) = lanes();
    for number in 0..40 {
        for tenant in ["slow", "quick"] {
            putter.put(fed(tenant, number)).unwrap_or_else(|_| panic!());
        }
    }
    let order = taken(&taker, 44, &[("slow", 10), ("quick", 1)]);
    let slow = order.iter().filter(|(tenant, _)| tenant == "slow").count();
    assert_eq!(slow, 4, "{order:?}");
    // Each in its order.
    for tenant in ["slow", "quick"] {
        let own: Vec<u64> = order.iter().filter(|(of, _)| of == tenant).map(|(_, n)| *n).collect();
        assert!(own.is_sorted() && own[0] == 0, "{own:?}");
    }
}

#[test]
fn one_that_comes_is_next_behind_the_turns_that_are_underway() {
    let (putter, taker) = lanes();
    (0..100).for_each(|number| putter.put(fed("slow", number)).unwrap_or_else(|_| panic!()));
    taken(&taker, 20, &[("slow", 5)]);
    let underway = taker.take().unwrap();
    putter.put(fed("quiet", 0)).unwrap_or_else(|_| panic!());
    taker.put_back(underway, MILLI * 5);
    assert_eq!(taken(&taker, 2, &[("slow", 5), ("quiet", 1)]), [("quiet".into(), 0), ("slow".into(), 20)]);
}

/// Nine that are quiet wait for one turn of the one that is slow, all together, however slow it was before.
#[test]
fn many_that_are_quiet_come_before_one_that_is_slow() {
    let (putter, taker) = lanes();
    (0..100).for_each(|number| putter.put(fed("slow", number)).unwrap_or_else(|_| panic!()));
    taken(&taker, 50, &[("slow", 5)]);
    let names: Vec<String> = (0..9).map(|number| format!("quiet-{number}")).collect();
    for name in &names {
        putter.put(fed(name, 0)).unwrap_or_else(|_| panic!());
    }
    let costs: Vec<(&str, u32)> = names.iter().map(|name| (&**name, 1)).chain([("slow", 5)]).collect();
    let order: Vec<String> = taken(&taker, 10, &costs).into_iter().map(|(tenant, _)| tenant).collect();
    assert_eq!(order[..9], names[..]);
}

/// One whose turns nobody knows yet, and one whose turn does not end, have one matcher and not the others.
#[test]
fn nobody_has_all_matchers_with_turns_that_do_not_end() {
    let (putter, taker) = lanes();
    let turns = Turns::new(1, Waker::new().0);
    let slow = Tenant::new("slow").unwrap();
    (0..4).for_each(|number| putter.put(block(&turns, "slow", number)).unwrap_or_else(|_| panic!()));
    let next = || taker.0.lock().next();
    assert!(next().is_some());
    assert!(next().is_none(), "nobody knows how its turns are");
    putter.put(fed("quiet", 0)).unwrap_or_else(|_| panic!());
    assert_eq!(next().unwrap().tenant.as_str(), "quiet");
    taker.charge(&slow, MILLI);
    assert!(next().is_some() && next().is_some(), "one that is known has as many as there are");
    taker.0.lock().lanes.get_mut(&slow).unwrap().since = Instant::now().checked_sub(2 * LATE);
    assert!(next().is_none());
    taker.charge(&slow, MILLI);
    assert!(next().is_some());
}

#[test]
fn a_debt_lasts_and_nothing_is_saved_up() {
    let (putter, taker) = lanes();
    let put = |tenant, number| putter.put(fed(tenant, number)).unwrap_or_else(|_| panic!());
    put("other", 0);
    put("slow", 0);
    let costs = [("slow", 100), ("other", 1)];
    taken(&taker, 2, &costs);
    // Its lane is empty; it owes what the others have not had yet.
    (1..60).for_each(|number| put("other", number));
    put("slow", 1);
    let order = taken(&taker, 59, &costs);
    assert!(order.iter().all(|(tenant, _)| tenant == "other"), "{order:?}");
    // Who was quiet for long has one turn, not all that it did not have.
    taken(&taker, 1, &costs);
    (0..3).for_each(|number| put("quiet", number));
    (60..63).for_each(|number| put("other", number));
    let order = taken(&taker, 4, &[("slow", 100), ("other", 1), ("quiet", 1)]);
    let quiet = order.iter().filter(|(tenant, _)| tenant == "quiet").count();
    assert_eq!(quiet, 2, "{order:?}");
}

#[test]
fn it_ends_with_either_side() {
    let (putter, taker) = lanes();
    putter.put(fed("a", 0)).unwrap_or_else(|_| panic!());
    let other = taker.clone();
    drop(putter);
    assert!(taker.take().is_some() && other.take().is_none(), "what waits is taken first");
    let (putter, taker) = lanes();
    let other = taker.clone();
    drop(taker);
    assert!(putter.put(fed("a", 0)).is_ok());
    drop(other);
    assert!(putter.put(fed("a", 1)).is_err());
}

/// Whose patterns are being built takes no matcher, and comes first again when they are, however that ends.
#[test]
fn one_that_is_held_waits_alone_and_ends_nobody() {
    let (putter, taker) = lanes();
    let put = |tenant, number| putter.put(fed(tenant, number)).unwrap_or_else(|_| panic!());
    (0..2).for_each(|number| put("new", number));
    let first = taker.take().unwrap();
    let held = taker.hold(first).unwrap();
    put("new", 2);
    put("other", 0);
    put("other", 1);
    let costs = [("new", 1), ("other", 1)];
    assert_eq!(taken(&taker, 2, &costs), [("other".into(), 0), ("other".into(), 1)]);
    assert!(taker.0.lock().next().is_none());
    drop(putter);
    let other = taker.clone();
    let waits = std::thread::spawn(move || other.take().map(|fed| fed.number));
    // As one that panics does.
    drop(held);
    assert_eq!(waits.join().unwrap(), Some(0), "no more comes, but what was held does");
    assert_eq!(taken(&taker, 2, &costs), [("new".into(), 1), ("new".into(), 2)]);
    assert!(taker.take().is_none());
}

/// Other packs may lie where whoever collects has left them.
#[test]
fn who_waits_for_a_lane_ends_with_who_collects() {
    let (putter, taker) = lanes();
    putter.put(fed("new", 0)).unwrap_or_else(|_| panic!());
    let first = taker.take().unwrap();
    let held = taker.hold(first);
    drop(putter);
    let (ender, other) = (taker.ender(), taker.clone());
    let waits = std::thread::spawn(move || other.take().is_none());
    drop(ender);
    assert!(waits.join().unwrap() && taker.take().is_none());
    drop(held);
    assert!(taker.take().is_none());
}

/// What came before is matched by the packs that there were, to its last line, and nothing behind it by those.
#[test]
fn other_packs_wait_for_what_came_before_and_what_comes_behind_for_them() {
    let (putter, taker) = lanes();
    let turns = Turns::new(1, Waker::new().0);
    let put = |fed| putter.put(fed).unwrap_or_else(|_| panic!());
    put(block(&turns, "new", 0));
    put(Fed { what: What::Swap(Swap { own: None, held: None }), ..fed("new", 1) });
    put(block(&turns, "new", 2));
    let first = taker.take().unwrap();
    assert!(taker.0.lock().next().is_none(), "one is underway");
    taker.put_back(first, MILLI);
    assert_eq!(taker.take().unwrap().number, 0, "what is left of it comes first");
    taker.charge(&Tenant::new("new").unwrap(), MILLI);
    let Fed { number: 1, what: What::Swap(swap), .. } = taker.take().unwrap() else { panic!() };
    assert!(taker.0.lock().next().is_none(), "they do not count yet");
    put(fed("other", 0));
    assert_eq!(taker.take().unwrap().tenant.as_str(), "other");
    drop(swap);
    assert_eq!(taker.take().unwrap().number, 2);
}
