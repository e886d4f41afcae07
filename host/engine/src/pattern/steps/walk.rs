//! Memory of walks, and which ways were gone before.

/// No place.
pub(super) const NONE: u32 = u32::MAX;
/// So often a walk turns back before it is remembered where it has been: most find their way sooner.
const PATIENCE: u32 = 32;
/// Steps, each at each place, that are remembered: 8 KiB of bits.
const MOST: usize = 1 << 16;
/// What each byte of a text is worth in steps, once no way is gone twice; the library would take more.
pub(super) const FUEL: u32 = 16;

/// A way that was not taken.
#[derive(Clone, Copy)]
pub(super) enum Back {
    /// This step, at this place.
    Step { step: usize, at: usize },
    /// A run that ends here, and may be shorter.
    Shorter { step: usize, at: usize, least: usize },
    /// A run that ends here, and may be longer.
    Longer { step: usize, at: usize, most: usize },
    /// What a slot held.
    Slot { slot: u16, held: u32 },
}

/// Memory of walks, to be used again.
#[derive(Default)]
pub(in crate::pattern) struct Walk {
    pub(super) back: Vec<Back>,
    /// Places of the wanted groups: start and end of each.
    pub(super) slots: Vec<u32>,
    /// How often the search has turned back.
    turns: u32,
    /// Places of the text, if it is remembered where the search has been; or none.
    places: usize,
    /// A bit for each step at each place behind a run or a choice that it went on from. That way ended before, whatever the walk: where a
    /// match goes on does not depend on where it began.
    been: Vec<u64>,
}

impl Walk {
    /// A new search.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        (self.turns, self.places) = (0, 0);
    }

    #[inline(always)]
    pub(super) fn save(&mut self, slot: u16, at: usize) {
        let held = std::mem::replace(&mut self.slots[usize::from(slot)], at as u32);
        if !self.back.is_empty() {
            self.back.push(Back::Slot { slot, held });
        }
    }

    /// Turns back, in a text of so many bytes and a regex of so many steps; whether it is remembered from now on.
    #[inline(always)]
    pub(super) fn turn(&mut self, steps: usize, length: usize) -> bool {
        self.turns += 1;
        self.turns == PATIENCE && self.remember(steps, length)
    }

    #[cold]
    fn remember(&mut self, steps: usize, length: usize) -> bool {
        // The end of the steps and that of the text are places, too.
        let bits = (steps + 1).saturating_mul(length + 1);
        if bits <= MOST {
            self.places = length + 1;
            self.been.clear();
            self.been.resize(bits.div_ceil(64), 0);
        }
        bits <= MOST
    }

    /// Whether the search went on from here before.
    #[inline(always)]
    pub(super) fn has_been(&self, step: usize, at: usize) -> bool {
        let bit = step * self.places + at;
        self.places > 0 && self.been[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Whether it goes on from here for the first time.
    #[inline(always)]
    pub(super) fn is_new(&mut self, step: usize, at: usize) -> bool {
        let is_new = !self.has_been(step, at);
        self.goes_on(step, at);
        is_new
    }

    /// It goes on from here.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, step: usize, at: usize) -> (usize, usize) {
        if self.places > 0 {
            let bit = step * self.places + at;
            self.been[bit / 64] |= 1 << (bit % 64);
        }
        (step, at)
    }

    /// The places of the groups that were wanted in the last text.
    #[inline]
    pub(in crate::pattern) fn groups(&self) -> impl Iterator<Item = Option<(u32, u32)>> + '_ {
        let (groups, _) = self.slots.as_chunks();
        groups.iter().map(|&[start, end]| (start != NONE && end != NONE).then_some((start, end)))
    }
}
