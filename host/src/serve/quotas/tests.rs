//! Who waits, for how long, and who is told, by a clock that is set by hand.

use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use crossbeam_channel::Receiver;

use super::*;

#[derive(Default)]
struct Hand(AtomicI64);

impl WallClock for Hand {
    fn now(&self) -> i64 {
        self.0.load(SeqCst)
    }

    fn wait(&self, _: i64, _: &Receiver<()>) -> bool {
        false
    }
}

fn quotas(kind: QuotaKind, most: u64) -> (Arc<Hand>, Quotas, Tenant) {
    let (hand, plant) = (Arc::new(Hand::default()), Tenant::new("plant").unwrap());
    let quotas = Quotas::new(Arc::clone(&hand) as Arc<dyn WallClock>);
    quotas.set([(plant.clone(), Quota::of(kind, most))]);
    (hand, quotas, plant)
}

#[test]
fn so_many_come_a_second_and_no_more() {
    let (hand, quotas, plant) = quotas(QuotaKind::Lines, 100);
    let mut came = 0;
    for _ in 0..1_000 {
        // Ten seconds, in hundredths, of somebody who brings whatever is taken.
        while quotas.wait(&plant).is_none() {
            quotas.spend(&plant, 7);
            came += 7;
        }
        hand.0.fetch_add(SECOND / 100, SeqCst);
    }
    assert!((1_000..=1_120).contains(&came), "{came}");
    let free = Tenant::default();
    quotas.spend(&free, 1_000_000);
    assert_eq!(quotas.wait(&free), None);
}

#[test]
fn so_much_of_a_core_is_used_on_average_and_no_more() {
    let (hand, quotas, plant) = quotas(QuotaKind::Cpu, 25);
    let mut spent = Duration::ZERO;
    for _ in 0..10_000 {
        // A hundred seconds, of somebody whose batches take 30 ms each.
        while quotas.wait(&plant).is_none() {
            let batch = Duration::from_millis(30);
            quotas.spend_cpu(&plant, batch);
            spent += batch;
        }
        hand.0.fetch_add(SECOND / 100, SeqCst);
    }
    // A quarter of a hundred seconds, and of the ten that may be owed.
    assert!((25_000..=27_600).contains(&spent.as_millis()), "{spent:?}");
    // Lines are not bounded by it, nor by what others may use.
    quotas.spend(&plant, u64::MAX);
    quotas.spend_cpu(&Tenant::default(), Duration::from_secs(1_000));
    hand.0.fetch_add(SECOND, SeqCst);
    assert_eq!((quotas.wait(&plant), quotas.wait(&Tenant::default())), (None, None));
    // More of a core than there is of one, once all is paid for.
    hand.0.fetch_add(10 * SECOND, SeqCst);
    quotas.put(&plant, Quota::of(QuotaKind::Cpu, 400));
    quotas.spend_cpu(&plant, Duration::from_secs(39));
    assert_eq!(quotas.wait(&plant), None);
    quotas.spend_cpu(&plant, Duration::from_secs(5));
    assert!(quotas.wait(&plant).is_some());
}

#[test]
fn what_came_at_once_is_waited_for_within_bounds() {
    let (hand, quotas, plant) = quotas(QuotaKind::Lines, 100);
    quotas.spend(&plant, 300);
    assert_eq!(quotas.wait(&plant), Some(Duration::from_secs(2)));
    hand.0.fetch_add(2 * SECOND, SeqCst);
    assert_eq!(quotas.wait(&plant), None);
    quotas.spend(&plant, u64::MAX);
    assert!(quotas.wait(&plant).unwrap() <= Duration::from_secs(3600));
    // It is not forgiven what it is not told at once.
    hand.0.fetch_add(100 * 3600 * SECOND, SeqCst);
    assert_eq!(quotas.wait(&plant), Some(Duration::from_secs(3600)));
    quotas.put(&plant, Quota::default());
    assert_eq!(quotas.wait(&plant), None);
}

#[test]
fn what_is_owed_is_paid_for_at_the_rate_of_now() {
    let (hand, quotas, plant) = quotas(QuotaKind::Lines, 10);
    quotas.spend(&plant, 1_000_000);
    assert_eq!(quotas.wait(&plant), Some(Duration::from_secs(3600)));
    quotas.put(&plant, Quota::of(QuotaKind::Lines, 100_000));
    assert_eq!(quotas.wait(&plant), Some(Duration::from_secs(9)));
    quotas.set([(plant.clone(), Quota::of(QuotaKind::Lines, 50_000))]);
    assert_eq!(quotas.wait(&plant), Some(Duration::from_secs(19)));
    hand.0.fetch_add(19 * SECOND, SeqCst);
    assert_eq!(quotas.wait(&plant), None);
}

#[test]
fn a_tenant_is_told_once_until_it_was_quiet() {
    let (hand, quotas, plant) = quotas(QuotaKind::Lines, 100);
    assert!(quotas.untold().is_empty());
    for _ in 0..3 {
        quotas.spend(&plant, 1_000);
        hand.0.fetch_add(10 * SECOND, SeqCst);
    }
    let lines = QuotaKind::Lines;
    assert_eq!(quotas.untold(), [(plant.clone(), lines, 100)]);
    quotas.spend(&plant, 1_000);
    assert!(quotas.untold().is_empty());
    assert_eq!(quotas.all(), [(plant.clone(), lines, true, 4)]);
    hand.0.fetch_add(2 * QUIET, SeqCst);
    assert_eq!(quotas.all(), [(plant.clone(), lines, false, 4)]);
    quotas.spend(&plant, 1_000);
    assert_eq!(quotas.untold(), [(plant, lines, 100)]);
}

/// Whoever has read what was before a change waits for nobody, and nobody who reads behind it comes before them.
#[test]
fn what_was_written_last_counts_whoever_has_read_first() {
    let (_, quotas, plant) = quotas(QuotaKind::Lines, 100);
    let (written, begun) = (AtomicI64::new(1), Barrier::new(2));
    let read = || Ok::<_, ()>(Quota::of(QuotaKind::Lines, written.load(SeqCst) as u64));
    std::thread::scope(|scope| {
        let first = quotas.read(&plant, || {
            let before = read();
            written.store(2, SeqCst);
            scope.spawn(|| {
                begun.wait();
                quotas.read(&plant, read).unwrap();
            });
            begun.wait();
            before
        });
        assert_eq!(first, Ok(Quota::of(QuotaKind::Lines, 1)));
    });
    assert_eq!(quotas.of(&plant).most(QuotaKind::Lines), Some(2));
    assert_eq!(quotas.read(&plant, || Err(())), Err(()));
    quotas.read_all(|| Ok::<_, ()>([(plant.clone(), Quota::of(QuotaKind::Packs, 3))])).unwrap();
    assert_eq!(quotas.of(&plant), Quota::of(QuotaKind::Packs, 3));
}

#[test]
fn what_is_noted_is_over_for_a_while() {
    let (hand, quotas, plant) = quotas(QuotaKind::Stored, 1 << 20);
    assert!(quotas.note(&plant, QuotaKind::Stored, true));
    assert!(quotas.untold().is_empty());
    assert_eq!(quotas.all(), [(plant.clone(), QuotaKind::Stored, true, 1)]);
    assert_eq!(quotas.wait(&plant), None, "its lines come");
    hand.0.fetch_add(NOTED, SeqCst);
    assert_eq!(quotas.all(), [(plant.clone(), QuotaKind::Stored, false, 1)]);
    assert!(!quotas.note(&plant, QuotaKind::Stored, true));
    quotas.note(&plant, QuotaKind::Packs, false);
    assert!(quotas.untold().is_empty(), "it has no such quota");
}
