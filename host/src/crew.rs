//! Threads that do one thing with each of many, side by side.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// What came of each of these, in their order, up to the first that failed; those before it are done whatever happens.
///
/// Of `threads` as many work as there are cores: what they do is nothing but work. One works where it was called.
pub(crate) fn each<T: Sync, R: Send, E: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Vec<Result<R, E>> {
    let threads = threads.min(cores()).min(items.len()).max(1);
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    // Who takes one has taken all before it, or another has: what comes behind a failure alone is left.
    let hand = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Relaxed);
            let Some(item) = items.get(number).filter(|_| number < failed.load(Relaxed)) else { break done };
            let result = work(item);
            if result.is_err() {
                failed.fetch_min(number, Relaxed);
            }
            done.push((number, result));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(hand)).collect();
        let mut done = hand();
        others
            .into_iter()
            .for_each(|other| done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))));
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    let failed = failed.into_inner();
    done.into_iter().take_while(|(number, _)| *number <= failed).map(|(_, result)| result).collect()
}

/// How many threads can work at once.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_answered_in_order_up_to_the_first_that_fails() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [0, 1, 2, 7] {
            let all = each(threads, &items, |item| Ok::<_, ()>(item * 2));
            assert!(all.into_iter().eq((0..1000).map(|item| Ok(item * 2))), "{threads} threads");
            let some = each(threads, &items, |item| if item % 100 == 99 { Err(*item) } else { Ok(*item) });
            assert!(some.into_iter().eq((0..99).map(Ok).chain([Err(99)])), "{threads} threads");
            assert!(each(threads, &items[..0], |_| Err::<(), ()>(())).is_empty());
        }
    }
}
