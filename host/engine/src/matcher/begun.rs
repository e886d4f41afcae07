//! Lines of a block one after the other: all at once, or as many as a turn has time for.
//!
//! ```text
//!   block   ▏line line line line line ▏line line line …
//!            piece: one look for literals ▲ it is time: the next turn looks at the rest of the piece anew
//! ```

use std::time::Duration;

use super::verify::Decoded;
use super::{MatchScratch, Matched, Matcher};
use crate::clock::Clock;
use crate::decode::resolve;
use crate::line::Block;
use crate::pattern::Hit;

/// Bytes of a piece: what is looked at anew, from the next line on, for each turn that ends in it.
const PIECE: usize = 32 * 1024;

/// How far a block is matched.
#[derive(Default)]
pub struct Begun {
    matched: Option<Matched>,
    /// The next line.
    next: usize,
    /// The latest time so far.
    latest: Option<i64>,
}

/// What one look is for.
struct Piece {
    /// Its first line, and one past its last.
    from: usize,
    to: usize,
    /// Its bytes in the block.
    start: usize,
    end: usize,
}

impl Matcher {
    /// Matches a block. With `merged`, the time of every line is read, so that sources can be merged by time.
    pub fn block(
        &self,
        block: &Block,
        merged: bool,
        clock: &dyn Clock,
        scratch: &mut MatchScratch,
    ) -> Matched {
        let mut begun = Begun::default();
        while begun.next < block.lines.len() {
            let piece = piece(block, begun.next);
            self.piece(block, &piece, merged, None, &mut begun, clock, scratch);
        }
        self.finish(block, begun, scratch)
    }

    /// Matches lines of a block, from where that stands, until all are or it is that time by the clock; one at least.
    /// The answer of the last call is what [`Matcher::block`] would give.
    ///
    /// # Errors
    /// Some are left.
    #[expect(clippy::result_large_err, reason = "it is moved once a turn, and goes on as it is")]
    pub fn some(
        &self,
        block: &Block,
        mut begun: Begun,
        until: Duration,
        clock: &dyn Clock,
        scratch: &mut MatchScratch,
    ) -> Result<Matched, Begun> {
        while begun.next < block.lines.len() {
            let piece = piece(block, begun.next);
            if self.piece(block, &piece, false, Some(until), &mut begun, clock, scratch) {
                return Err(begun);
            }
        }
        Ok(self.finish(block, begun, scratch))
    }

    /// Matches lines of a piece; whether it is time, and lines are left.
    #[expect(clippy::too_many_arguments, reason = "what `block` has, and where it stands")]
    fn piece(
        &self,
        block: &Block,
        piece: &Piece,
        merged: bool,
        until: Option<Duration>,
        begun: &mut Begun,
        clock: &dyn Clock,
        scratch: &mut MatchScratch,
    ) -> bool {
        let set = &*self.set;
        let Piece { from, mut to, start: base, end } = *piece;
        let bytes = &block.bytes[base..end];
        let MatchScratch { hits, event, work } = scratch;
        let Begun { matched, next, latest } = begun;
        let matched =
            matched.get_or_insert_with(|| Matched::like(&work.before, block.bytes.len(), work.spare.take()));
        work.prepare(set);
        let started = work.started();
        let lines = &block.lines[from..to];
        let ends = |i: usize| lines.get(i).map(|line| line.end as usize - base);
        match until {
            // What a stranger's literals cost is in no turn as a whole: the rest of the piece is looked at later.
            Some(_) => to = from + set.index.some(bytes, ends, hits),
            None => set.index.scan(bytes, ends, hits),
        }
        if let (Some(profile), Some(started)) = (&mut work.profile, started) {
            profile.prefiltered(started);
        }
        let hits = hits.all();
        let mut hit = 0;
        let may_change = block.decoder.may_change_any(bytes);
        let all_lines = merged || may_change || !set.always.is_empty();
        let mut number = from;
        while number < to {
            if !all_lines {
                match hits.get(hit) {
                    Some(hit) => number = from + hit.text as usize,
                    None => break,
                }
            }
            let Some(line) = block.lines.get(number) else { break };
            let text = &block.bytes[line.start as usize..line.end as usize];
            if merged && let Some(time) = block.bounded(block.decoder.time(text, line.year)) {
                *latest = (*latest).max(Some(time));
            }
            work.begin(&set.always);
            let begins = line.start - base as u32;
            while let Some(Hit { literal, start, .. }) =
                hits.get(hit).filter(|hit| from + hit.text as usize == number)
            {
                set.hit(*literal, start.saturating_sub(begins), work);
                hit += 1;
            }
            let changes = may_change && block.decoder.may_change(text);
            number += 1;
            if changes || !work.touched.is_empty() {
                let started = work.started();
                block.decoder.decode(text, line.year, event);
                resolve(text, &set.dotted, event);
                event.time = block.bounded(event.time);
                if let (Some(profile), Some(started)) = (&mut work.profile, started) {
                    profile.decoded(started);
                }
                let latest = latest.unwrap_or(i64::MIN);
                let decoded = Decoded { number: number as u32 - 1, latest, text, event, changed: changes };
                let now = self.decoded(&decoded, clock, work, matched);
                if until.is_some_and(|until| now >= until) && number < to {
                    *next = number;
                    self.charge(work);
                    return true;
                }
            }
        }
        *next = to;
        self.charge(work);
        // The clock is looked at behind each piece, too: lines that are no events cost time as well.
        to < block.lines.len() && until.is_some_and(|until| clock.now() >= until)
    }

    fn finish(&self, block: &Block, begun: Begun, scratch: &mut MatchScratch) -> Matched {
        let work = &mut scratch.work;
        let mut matched = begun.matched.unwrap_or_default();
        matched.latest = begun.latest;
        if let Some(last) = block.lines.last() {
            let text = &block.bytes[last.start as usize..last.end as usize];
            matched.last_time = block.bounded(block.decoder.time(text, last.year));
        }
        work.before = matched.sizes(block.bytes.len());
        matched
    }
}

/// The piece that begins with this line, which there is.
fn piece(block: &Block, from: usize) -> Piece {
    let start = block.lines[from].start as usize;
    let fits = |end: u32| end as usize - start <= PIECE;
    let more = block.lines[from + 1..].iter().take_while(|line| fits(line.end)).count();
    let to = from + 1 + more;
    Piece { from, to, start, end: block.lines[to - 1].end as usize }
}
