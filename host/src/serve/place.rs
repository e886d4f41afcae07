//! A source and its standing: its turn, what it has brought, whether it is silent.

use std::mem::take;
use std::time::Duration;

use tripline_engine::matcher::Begun;

use super::feed::{Feed, Halt};
use super::input::{Came, Input};
use super::passing::What;
use super::shared::Shared;
use super::silence::silent;
use super::turns::Turns;
use super::{Event, Health, SourceFigures};
use crate::crash::point;
use crate::wall_clock::WallClock;

/// A source and its standing.
pub(super) struct Place<I> {
    pub(super) input: I,
    pub(super) silent_after: Option<i64>,
    is_silent: bool,
    /// When something came last …
    came: i64,
    /// … by the clock that nobody sets: one that jumps ahead makes nobody silent.
    heard: i64,
    /// When all that had come was read.
    pub(super) caught: i64,
    lines: u64,
    bytes: u64,
    /// Whether something came since its figures were told.
    spoke: bool,
}

impl<I: Input> Place<I> {
    pub(super) fn new(input: I, silent_after: Option<i64>, clock: &dyn WallClock) -> Place<I> {
        let now = clock.now();
        Place {
            input,
            silent_after,
            is_silent: false,
            came: now,
            heard: clock.steady(),
            caught: now,
            lines: 0,
            bytes: 0,
            spoke: false,
        }
    }

    /// It may be silent for so long.
    pub(super) fn may_be_silent_for(&mut self, silent_after: Option<i64>) {
        if self.silent_after != silent_after {
            (self.silent_after, self.is_silent) = (silent_after, false);
        }
    }

    /// Lines that it has brought so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether nothing is to be told of it any more once it is gone.
    pub(super) fn may_end(&self) -> bool {
        self.silent_after.is_none() || self.is_silent
    }

    /// Tells what it has brought so far.
    pub(super) fn tell(&mut self, health: &Health) {
        let lag_bytes = self.input.lag();
        if take(&mut self.spoke) || lag_bytes.is_some() {
            health.source(SourceFigures {
                tenant: self.input.tenant().clone(),
                name: self.input.name().into(),
                kind: self.input.kind(),
                lines: self.lines,
                bytes: self.bytes,
                lag_bytes,
                last: (self.lines > 0).then_some(self.came),
            });
        }
    }

    /// Reads a turn's bytes and feeds them; whether there may be more.
    pub(super) fn turn(
        &mut self,
        buffer: &mut [u8],
        now: i64,
        turns: &Turns,
        feed: &mut Feed<'_>,
        shared: &Shared<'_>,
    ) -> Result<bool, Halt> {
        let came = self.input.read_at(buffer, now, shared.clock.steady())?;
        if came != Came::Nothing {
            point("after_read");
        }
        let (tenant, source) = (self.input.tenant().clone(), self.input.number());
        let mut turn = Vec::new();
        while let Some(block) = self.input.next_block() {
            self.lines += block.lines.len() as u64;
            self.bytes += block.bytes.len() as u64;
            let (begun, place) = (Begun::default(), turns.take(&tenant));
            turn.push(What::Block { source, block, begun, took: Duration::ZERO, turn: place });
        }
        // Lines of a batch whose key is not kept beside them would count again when it is sent again.
        turn.extend(self.input.acks().into_iter().map(What::Batch));
        feed.send_together(&tenant, turn)?;
        self.input.notes().into_iter().for_each(|note| shared.tell(Event::File(note)));
        if came != Came::More {
            self.caught = now;
        }
        if came != Came::Nothing {
            (self.came, self.is_silent, self.spoke) = (now, false, true);
            self.heard = shared.clock.steady();
        }
        let silence = shared.clock.steady() - self.heard;
        if !self.is_silent && self.silent_after.is_some_and(|after| silence >= after) {
            self.is_silent = true;
            let decision = silent(self.input.name(), silence, now);
            feed.send(&tenant, What::Decision(Box::new(decision)))?;
        }
        Ok(came == Came::More)
    }
}
