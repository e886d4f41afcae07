//! The state helpers against models that keep everything; saving and restoring at any moment changes nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tripline_sdk::prelude::*;
use tripline_sdk::state::{Both, Burst, Spread};
use tripline_sdk::testing::{Line, restore, save, with_event};

/// Hits of a key: time, how many, id.
type Hits = Vec<(i64, u32, EventId)>;

/// One step of a test: seconds since the step before (or an own time), a key, a value.
#[derive(Clone, Debug)]
struct Step {
    secs: i64,
    key: u8,
    value: u8,
    save: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..8i64, 0..4u8, 0..6u8, prop::bool::weighted(0.1));
    let step = step.prop_map(|(secs, key, value, save)| Step { secs, key, value, save });
    prop::collection::vec(step, 1..200)
}

fn at<R>(number: usize, secs: i64, with: impl FnOnce(&Event) -> R) -> R {
    with_event(number as u64, Line::new("").at(secs), with)
}

fn id(number: usize) -> EventId {
    (number as u128).to_be_bytes()
}

const SECOND: i64 = 1_000_000_000;

/// Saves and restores, and sees that nothing was lost on the way.
fn reborn<S: State>(state: S) -> S {
    let saved = save(&state);
    assert!(S::MOST_BYTES == 0 || saved.len() <= S::MOST_BYTES + 4, "{} bytes", saved.len());
    let reborn = restore(&saved).expect("a state that was saved");
    assert!(save(&reborn) == saved);
    reborn
}

proptest! {
    #[test]
    fn a_sliding_count_is_a_count_of_what_lies_in_the_window(
        steps in steps(), at_least in 1..6i64, window in 0..20i64,
    ) {
        let mut helper = SlidingCount::<8>::default();
        let mut model: BTreeMap<u8, (u64, Hits)> = BTreeMap::new();
        let mut now = 0;
        for (n, step) in steps.iter().enumerate() {
            now += step.secs;
            let count = u32::from(step.value / 4) + 1;
            let found = at(n, now, |event| helper.hits(event, step.key, count, at_least, window));
            let (total, hits) = model.entry(step.key).or_default();
            *total += u64::from(count);
            hits.push((now, count, id(n)));
            let run: Vec<_> = hits.iter().filter(|(time, ..)| now - time <= window).collect();
            let count: u64 = run.iter().map(|(_, count, _)| u64::from(*count)).sum();
            let expected = (count >= at_least as u64).then(|| Burst {
                count,
                total: *total,
                first: run[0].0 * SECOND,
                last: now * SECOND,
                ids: run.iter().map(|(.., id)| *id).collect(),
            });
            if expected.is_some() {
                hits.clear();
            }
            prop_assert_eq!(found, expected);
            if step.save {
                helper = reborn(helper);
            }
        }
    }

    #[test]
    fn late_hits_raise_no_false_alarm_and_survive_a_save(steps in steps(), at_least in 2..6i64, window in 0..3i64) {
        let mut helper = SlidingCount::<8>::default();
        let mut other = SlidingCount::<8>::default();
        let mut fired = 0;
        for (n, step) in steps.iter().enumerate() {
            let (number, time) = (n + 1, step.secs * i64::from(step.value));
            let line = if step.value == 5 { Line::new("") } else { Line::new("").at(time) };
            let found = with_event(number as u64, line.clone(), |e| helper.hit(e, step.key, at_least, window));
            if let Some(burst) = &found {
                prop_assert!(burst.last - burst.first <= window * SECOND);
                prop_assert!(burst.count >= at_least as u64 && burst.count == burst.ids.len() as u64);
                let keys = burst.ids.iter().map(|id| u128::from_be_bytes(*id) as usize - 1);
                prop_assert!(keys.into_iter().all(|n| steps[n].key == step.key));
                fired += burst.count;
            }
            prop_assert!(fired <= number as u64, "each hit counts in one burst only");
            other = reborn(other);
            prop_assert_eq!(found, with_event(number as u64, line, |e| other.hit(e, step.key, at_least, window)));
        }
    }

    #[test]
    fn a_distinct_count_is_a_count_of_values_in_the_window(
        steps in steps(), at_least in 1..6i64, window in 0..20i64,
    ) {
        let mut helper = DistinctCount::<8>::default();
        let mut model: BTreeMap<u8, BTreeMap<u8, (usize, i64)>> = BTreeMap::new();
        let mut now = 0;
        for (n, step) in steps.iter().enumerate() {
            now += step.secs;
            let value = [step.value; 3];
            let found = at(n, now, |event| helper.hit(event, step.key, &value[..], at_least, window));
            let seen = model.entry(step.key).or_default();
            seen.insert(step.value, (n, now));
            let mut run: Vec<_> = seen.iter().filter(|(_, (_, time))| now - time <= window).collect();
            run.sort_by_key(|(_, (n, _))| *n);
            let expected = (run.len() as i64 >= at_least).then(|| Spread {
                values: run.iter().map(|(value, _)| vec![**value; 3]).collect(),
                first: run[0].1.1 * SECOND,
                last: now * SECOND,
                ids: run.iter().map(|(_, (n, _))| id(*n)).collect(),
            });
            if expected.is_some() {
                seen.clear();
            }
            prop_assert_eq!(found, expected);
            if step.save {
                helper = reborn(helper);
            }
        }
    }

    #[test]
    fn a_cooldown_is_ready_once_in_a_while(steps in steps(), secs in 0..20i64) {
        let mut helper = Cooldown::<8>::default();
        let mut model: BTreeMap<u8, i64> = BTreeMap::new();
        let mut now = 0;
        for (n, step) in steps.iter().enumerate() {
            now += step.secs;
            let ready = at(n, now, |event| helper.ready(event, step.key, secs));
            let expected = model.get(&step.key).is_none_or(|last| now - last > secs);
            if expected {
                model.insert(step.key, now);
            }
            prop_assert_eq!(ready, expected);
            if step.save {
                helper = reborn(helper);
            }
        }
    }

    #[test]
    fn a_sequence_is_one_thing_after_the_other(steps in steps(), window in 0..20i64) {
        let mut helper = Sequence::<8>::default();
        let mut model: BTreeMap<u8, (i64, usize)> = BTreeMap::new();
        let mut now = 0;
        for (n, step) in steps.iter().enumerate() {
            now += step.secs;
            if step.value < 3 {
                at(n, now, |event| helper.first(event, step.key));
                model.insert(step.key, (now, n));
            } else {
                let found = at(n, now, |event| helper.then(event, step.key, window));
                let first = model.get(&step.key).copied().filter(|(time, _)| now - time <= window);
                let expected = first.map(|(time, first)| {
                    model.remove(&step.key);
                    Both { first: time * SECOND, last: now * SECOND, ids: vec![id(first), id(n)] }
                });
                prop_assert_eq!(found, expected);
            }
            if step.save {
                helper = reborn(helper);
            }
        }
    }

    #[test]
    fn a_changed_state_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut saved = save(&flooded(40));
        for (at, byte) in changes {
            let at = at.index(saved.len());
            saved[at] = byte;
        }
        let _ = restore::<Flooded>(&saved).map(|state| save(&state));
        let _ = restore::<Flooded>(&saved[..cut.index(saved.len())]);
    }
}

/// All helpers in one state, as a pack has them.
#[derive(Default, State)]
struct Flooded {
    count: SlidingCount<4>,
    distinct: DistinctCount<4>,
    cooldown: Cooldown<4>,
    sequence: Sequence<4>,
    names: Vec<Option<String>>,
}

/// A state that so many long keys have gone through.
fn flooded(keys: usize) -> Flooded {
    let mut state = Flooded { names: vec![None, Some("a".into())], ..Flooded::default() };
    for n in 0..keys {
        let key = format!("{n:0>100}");
        at(n, n as i64, |event| {
            state.count.hit(event, &key, 5, 60);
            state.distinct.hit(event, "same", &key, 1000, 1_000_000);
            state.cooldown.ready(event, &key, 60);
            state.sequence.first_with(event, &key, &[id(n); 50]);
        });
    }
    state
}

#[test]
fn a_flood_of_keys_stays_within_the_bound() {
    let small = save(&flooded(2)).len();
    let large = save(&flooded(5_000)).len();
    assert!(small < 2_000, "{small}");
    assert!((12_000..Flooded::MOST_BYTES).contains(&large), "{large} of {}", Flooded::MOST_BYTES);
    let reborn = reborn(flooded(5_000));
    assert_eq!(reborn.names, [None, Some("a".to_string())]);
}

#[test]
fn the_key_that_was_hit_least_recently_is_forgotten() {
    let mut failures = SlidingCount::<1>::default();
    let mut hit = |n: usize, key: &str| at(n, 0, |event| failures.hit(event, key, 3, 60));
    hit(0, "kept");
    hit(1, "forgotten");
    for n in 2..1_000 {
        assert_eq!(hit(n, &format!("other {n}")), None);
        assert_eq!(hit(n, "kept").is_some(), n % 3 == 0, "{n}");
    }
    assert_eq!(hit(1_000, "forgotten"), None);
    assert_eq!(hit(1_001, "forgotten"), None, "its first hit is gone");
    assert!(hit(1_002, "forgotten").is_some());
}

#[test]
fn long_keys_are_told_apart_by_their_end() {
    let mut seen = Cooldown::<4>::default();
    let mut ready = |key: &str| at(0, 0, |event| seen.ready(event, key, 60));
    for length in [1, 62, 63, 64, 65, 100, 8_192] {
        let key = "k".repeat(length);
        assert!(ready(&key), "{length}");
        assert!(!ready(&key), "{length}");
        assert!(ready(&format!("{}!", &key[1..])), "{length}");
    }
    let mut pairs = Cooldown::<4>::default();
    let mut ready = |a: &str, b: &str| at(0, 0, |event| pairs.ready(event, (a, b), 60));
    assert!(ready("ab", "c") && ready("a", "bc") && !ready("a", "bc"));
}

#[test]
fn evidence_is_how_it_began_and_where_it_stands() {
    let mut failures = SlidingCount::<160>::default();
    let bursts = (0..100).filter_map(|n| at(n, n as i64, |event| failures.hit(event, "ip", 100, 600)));
    let bursts: Vec<Burst> = bursts.collect();
    assert_eq!((bursts.len(), bursts[0].count, bursts[0].ids.len()), (1, 100, 32));
    let expected: Vec<EventId> = (0..16).chain(84..100).map(id).collect();
    assert_eq!(bursts[0].ids, expected);
    assert_eq!((bursts[0].first, bursts[0].last), (0, 99 * SECOND));
}

/// The first version of a pack's state, and a later one that dropped a field and has a new one.
mod versions {
    use super::*;

    #[derive(Default, State, PartialEq, Debug)]
    pub(super) struct First {
        pub kept: u8,
        pub dropped: String,
    }

    #[derive(Default, State, PartialEq, Debug)]
    pub(super) struct Second {
        pub added: Vec<u32>,
        pub kept: u64,
    }

    #[derive(Default, State, PartialEq, Debug)]
    pub(super) struct Other {
        pub kept: bool,
    }
}

#[test]
fn fields_come_and_go() {
    let saved = save(&versions::First { kept: 7, dropped: "x".into() });
    let second = restore::<versions::Second>(&saved).unwrap();
    assert_eq!(second, versions::Second { added: vec![], kept: 7 });
    let error = restore::<versions::Other>(&saved).unwrap_err().to_string();
    assert_eq!(error, "expected true or false, found something else");
    assert!(restore::<versions::First>(b"").is_err());
    assert!(restore::<versions::First>(&[&saved[..], b"x"].concat()).is_err());
}
