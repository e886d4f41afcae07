//! What was counted lately: how counts stood at each of the last steps.
//!
//! ```text
//!   began       step   step   step   step   step
//!   ┆ mark 0    ┆ 1    ┆ 2    ┆ 3    ┆ 4    ┆ 0 again: from here it is 10 s back to the mark before
//! ```

use std::ops::Sub;
use std::time::Duration;

/// A step, in nanoseconds; …
const STEP: i64 = 2_000_000_000;
/// … and the window has so many.
const STEPS: usize = 5;

/// Of counts that never fall: how they stood at each step, and how much was added within the window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lately<C> {
    marks: [C; STEPS],
    added: C,
}

impl<C: Copy + Sub<Output = C>> Lately<C> {
    /// A step at this mark: they stand so now.
    pub(super) fn step(&mut self, mark: usize, counts: C) {
        self.added = counts - self.marks[mark];
        self.marks[mark] = counts;
    }

    /// What was added within the window, as of the last step.
    pub(super) fn added(&self) -> C {
        self.added
    }
}

/// The steps of all counts together.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// When each mark was set; `None`: the first step has not been waited for yet.
    at: Option<[i64; STEPS]>,
    next: usize,
    last: i64,
    window: Duration,
}

impl Steps {
    /// Which mark is to be set now, if it is time for a step, by the clock that nobody sets.
    pub(super) fn due(&mut self, now: i64) -> Option<usize> {
        let Some(at) = &mut self.at else {
            (self.at, self.last) = (Some([now; STEPS]), now);
            return None;
        };
        if now.saturating_sub(self.last) < STEP {
            return None;
        }
        let mark = self.next;
        self.window = Duration::from_nanos(u64::try_from(now.saturating_sub(at[mark])).unwrap_or(0));
        (at[mark], self.last, self.next) = (now, now, (mark + 1) % STEPS);
        Some(mark)
    }

    /// How long the window is: it grows to its length, and is longer where nobody could step.
    pub(super) fn window(&self) -> Duration {
        self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_of_the_last_ten_seconds() {
        let (mut steps, mut lately) = (Steps::default(), Lately::<u64>::default());
        assert_eq!(steps.due(7), None, "that is when it began");
        let mut seen = Vec::new();
        for second in 1..=16 {
            // One more each second.
            let Some(mark) = steps.due(7 + second * STEP / 2) else { continue };
            lately.step(mark, second as u64);
            seen.push((steps.window().as_secs(), lately.added()));
        }
        assert_eq!(seen, [(2, 2), (4, 4), (6, 6), (8, 8), (10, 10), (10, 10), (10, 10), (10, 10)]);
        // Nobody could step for a while.
        let mark = steps.due(7 + 30 * STEP).unwrap();
        lately.step(mark, 16);
        assert_eq!((steps.window().as_secs(), lately.added()), (52, 8));
    }
}
