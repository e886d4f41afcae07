//! A check that is broken off at any byte and taken up again decides what one without a break does.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::sync::Arc;

use proptest::prelude::*;
use support::{MANIFEST, Witness};
use tripline_abi::{Guest, Open};
use tripline_engine::clock::NoClock;
use tripline_engine::decision::Decision;
use tripline_engine::decode::Format;
use tripline_engine::judge::{BatchLimits, Judge, JudgeLimits, Snapshot, Verdicts};
use tripline_engine::line::{LineSettings, Lines, Mark};
use tripline_engine::matcher::{MatchLimits, MatchScratch, Matcher};
use tripline_engine::merge::{Merge, Released, Scanned};
use tripline_engine::pattern::Rarity;
use tripline_engine::{Configured, Native, Numbers, Pack, deliver};

/// One source, one pack, one file whose number is 7.
struct Run {
    lines: Lines,
    matcher: Matcher,
    merge: Merge,
    numbers: Numbers,
    judge: Judge,
    verdicts: Verdicts,
    released: Option<Released>,
    /// Time of the last line, if there was one and it has one.
    last: Option<Option<i64>>,
}

/// What a barrier keeps.
#[derive(Clone)]
struct Kept {
    mark: Mark,
    snapshot: Option<Snapshot>,
}

impl Run {
    fn open<G: Guest + 'static>(settings: &LineSettings, entries: u32, kept: Option<&Kept>) -> Run {
        let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
        let configured = Configured::new(pack, &serde_json::Map::new()).unwrap();
        let batch = BatchLimits { entries, ..BatchLimits::default() };
        let limits = JudgeLimits { batch, ..JudgeLimits::default() };
        let matcher =
            Matcher::new(std::slice::from_ref(&configured), MatchLimits::default(), &Rarity::default());
        let mut numbers = Numbers::default();
        numbers.source(3, vec![7]);
        let mut run = Run {
            lines: Lines::new(settings.clone()),
            matcher: matcher.unwrap(),
            merge: Merge::new(1),
            numbers,
            judge: Judge::new(Arc::new(Native::<G>::default()), &configured, limits),
            verdicts: Verdicts::default(),
            released: None,
            last: None,
        };
        if let Some(kept) = kept {
            run.lines.resume(&kept.mark);
            if let Some(snapshot) = kept.snapshot.clone() {
                run.judge.restore(snapshot, &mut run.verdicts);
            }
        }
        run
    }

    fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
        self.judge();
    }

    fn judge(&mut self) {
        let mut scratch = MatchScratch::default();
        while let Some(block) = self.lines.next_block() {
            let matched = self.matcher.block(&block, false, &NoClock, &mut scratch);
            if !block.lines.is_empty() {
                self.last = Some(matched.last_time);
            }
            self.merge.push(Scanned { source: 0, block, matched });
            while let Some(run) = self.merge.next_run() {
                deliver(&run, &self.numbers, |_, delivery| self.judge.push(&delivery, &mut self.verdicts));
            }
            self.released = self.merge.released(0).pop().or(self.released.take());
        }
    }

    fn barrier(&mut self) -> (Kept, Vec<Decision>) {
        self.lines.settle();
        self.judge();
        let snapshot = self.judge.snapshot(&mut self.verdicts);
        let mark = self.lines.mark();
        assert_eq!(self.released.as_ref().map_or(&mark, |released| &released.mark), &mark);
        (Kept { mark, snapshot }, std::mem::take(&mut self.verdicts.decisions))
    }

    fn finish(mut self) -> Vec<Decision> {
        self.lines.finish();
        self.judge();
        if let Some(time) = self.last {
            self.judge.end(time, &mut self.verdicts);
        }
        assert!(self.verdicts.faults.is_empty(), "{:?}", self.verdicts.faults);
        self.verdicts.decisions
    }
}

fn stamped() -> impl Strategy<Value = String> {
    let day = prop::sample::select(&["Dec 30", "Dec 31", "Jan  1", "Jan  2", "Mar  1", "Nov 11"][..]);
    let message = prop_oneof![
        2 => "(failed|Failed) (root|guest|x)",
        1 => "Accepted [a-np-z]{0,9}",
    ];
    (day, 0u32..4, 0u32..60, message).prop_map(|(day, hour, minute, message)| {
        format!("{day} {hour:02}:{minute:02}:00 host sshd[1]: {message}")
    })
}

fn other() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("  at failed line".to_string()),
        1 => Just("\tmore".to_string()),
        1 => Just(String::new()),
        1 => Just("Traceback (most recent call last):".to_string()),
    ]
}

fn unstamped() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("failed x".to_string()),
        Just("{\"time\":\"2024-03-01T00:00:00Z\",\"user\":\"root\",\"msg\":\"failed y\"}".to_string()),
    ]
}

/// A log, and the format if it must be given since not every beginning of the log shows the same.
fn log() -> impl Strategy<Value = (Vec<u8>, Option<Format>)> {
    let same = prop::collection::vec(prop_oneof![3 => stamped(), 2 => other()], 0..60)
        .prop_map(|lines| (lines, None));
    let mixed = prop::collection::vec(prop_oneof![3 => stamped(), 2 => other(), 1 => unstamped()], 0..60);
    let mixed =
        (mixed, prop::sample::select(&Format::ALL[..])).prop_map(|(lines, format)| (lines, Some(format)));
    let ends = prop::sample::select(&["\n", "\r\n"][..]);
    (prop_oneof![same, mixed], ends, any::<bool>(), any::<bool>()).prop_map(
        |((lines, format), end, closed, marked)| {
            let mut text = if marked { "\u{feff}".to_string() } else { String::new() };
            text += &lines.join(end);
            text += if closed { end } else { "" };
            (text.into_bytes(), format)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn where_it_was_broken_off_does_not_show(
        (log, format) in log(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        entries in prop_oneof![1u32..4, Just(u32::MAX)],
        max_bytes in prop_oneof![Just(1000usize), 20usize..90],
        max_joined in 1usize..5,
        block_bytes in prop_oneof![Just(1usize << 20), 1usize..400],
        push in 1usize..300,
    ) {
        let reference = Some(1_900_000_000_000_000_000);
        let settings =
            LineSettings { format, max_bytes, max_joined, block_bytes, reference, ..LineSettings::default() };
        let mut whole = Run::open::<Witness>(&settings, u32::MAX, None);
        whole.push(&log);
        let whole = whole.finish();

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut kept, mut decided): (Option<Kept>, Vec<Decision>) = (None, Vec::new());
        // What the last run that brought a line decided behind its barrier.
        let mut ended = Vec::new();
        for cut in cuts {
            let mut run = Run::open::<Witness>(&settings, entries, kept.as_ref());
            let from = kept.as_ref().map_or(0, |kept| kept.mark.offset as usize);
            log[from..cut.max(from)].chunks(push).for_each(|bytes| run.push(bytes));
            let (now, decisions) = run.barrier();
            decided.extend(decisions);
            // The tail is judged now, and again by the next run, which finds what it decides known.
            let tail = run.finish();
            for decision in &tail {
                let same = |other: &&Decision| {
                    (&other.origin, &other.fingerprint) == (&decision.origin, &decision.fingerprint)
                };
                if let Some(later) = whole.iter().find(same) {
                    prop_assert_eq!(later.trigger_id(), decision.trigger_id());
                    prop_assert_eq!(later.ordinal, decision.ordinal);
                }
            }
            kept = Some(now);
            if from < cut {
                ended = tail;
            }
        }
        let mut run = Run::open::<Witness>(&settings, entries, kept.as_ref());
        let from = kept.as_ref().map_or(0, |kept| kept.mark.offset as usize);
        log[from..].chunks(push).for_each(|bytes| run.push(bytes));
        let rest = run.finish();
        // Where nothing came behind the last barrier, nothing is decided again: the input was over before.
        decided.extend(if from < log.len() { rest } else { ended });
        prop_assert_eq!(decided.len(), whole.len());
        for (decided, whole) in decided.iter().zip(&whole) {
            prop_assert_eq!(decided, whole);
        }
    }
}

const THREE: &[u8] =
    b"2024-03-01T00:00:00Z failed a\n2024-03-01T00:00:01Z failed b\n2024-03-01T00:00:02Z failed c\n";

/// A run over the first two of three events, and what its barrier keeps.
fn two_events<G: Guest + 'static>() -> Kept {
    let mut run = Run::open::<G>(&LineSettings { join: false, ..LineSettings::default() }, u32::MAX, None);
    run.push(&THREE[..60]);
    run.barrier().0
}

/// Opens without a state, never with one.
struct Refusing(Witness);

impl Guest for Refusing {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        match Open::parse(frame).unwrap().state() {
            Some(_) => Err("not mine".into()),
            None => Witness::open(frame).map(Refusing),
        }
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        self.0.check(batch, reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        self.0.save()
    }
}

/// Saves nothing.
struct Forgetful(Witness);

impl Guest for Forgetful {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        Witness::open(frame).map(Forgetful)
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        self.0.check(batch, reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn a_pack_that_does_not_take_its_state_starts_empty_and_stays() {
    let kept = two_events::<Witness>();
    let settings = LineSettings { join: false, ..LineSettings::default() };
    let mut run = Run::open::<Refusing>(&settings, u32::MAX, Some(&kept));
    let [fault] = &run.verdicts.faults[..] else { panic!("{:?}", run.verdicts.faults) };
    assert_eq!((fault.fault.code(), fault.quarantined, fault.state_lost), ("refused", false, true));
    assert!(run.verdicts.decisions.is_empty());
    run.push(&THREE[60..]);
    run.push(b"2024-03-01T00:00:03Z failed d\n2024-03-01T00:00:04Z failed e\n");
    run.verdicts.faults.clear();
    // Empty: of three events from here on, the third decides.
    let decisions = run.finish();
    assert_eq!(decisions[0].trigger.map(|trigger| trigger.line), Some(5));
}

/// Traps on any state.
struct Trapping;

impl Guest for Trapping {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        assert!(Open::parse(frame).unwrap().state().is_none(), "state of another version");
        Ok(Trapping)
    }

    fn check(&mut self, _: &[u8], reply: &mut Vec<u8>) {
        reply.clear();
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn a_pack_that_traps_on_its_state_starts_empty_and_stays() {
    let run = Run::open::<Trapping>(&LineSettings::default(), u32::MAX, Some(&two_events::<Witness>()));
    let [fault] = &run.verdicts.faults[..] else { panic!("{:?}", run.verdicts.faults) };
    assert_eq!((fault.fault.code(), fault.quarantined, fault.state_lost), ("panic", false, true));
    assert!(!run.judge.cost().quarantined);
}

#[test]
fn a_pack_that_saves_nothing_keeps_its_ticks_and_evidence() {
    let kept = two_events::<Forgetful>();
    let snapshot = kept.snapshot.clone().unwrap();
    assert_eq!(snapshot.state, None);
    assert!(!snapshot.host.is_empty());
    let mut run = Run::open::<Forgetful>(&LineSettings::default(), u32::MAX, Some(&kept));
    // The next full hour is known: a tick is due at it, and one at the end.
    run.push(b"2024-03-01T01:00:00Z failed d\n");
    let times: Vec<_> = run.finish().iter().map(|decision| decision.time).collect();
    assert_eq!(times, [Some(1_709_254_800_000_000_000); 2]);
}

#[test]
fn what_the_host_remembers_is_not_needed() {
    let mut kept = two_events::<Witness>();
    for host in [vec![], vec![1], vec![9; 40]] {
        kept.snapshot.as_mut().unwrap().host = host;
        let settings = LineSettings { join: false, ..LineSettings::default() };
        let mut run = Run::open::<Witness>(&settings, u32::MAX, Some(&kept));
        run.push(&THREE[60..]);
        let decisions = run.finish();
        // The third event decides on two whose texts are gone.
        assert_eq!((decisions[0].evidence.len(), decisions[0].evidence_gone), (1, 2));
    }
}
