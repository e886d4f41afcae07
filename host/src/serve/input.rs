//! Where lines come from.

use tripline_engine::line::Block;

use super::passing::Ack;
use crate::commit::{StoreError, Tenant};
use crate::follow::FollowNote;

/// One source of lines, each with a position that is the same whenever it is read again.
///
/// It is asked in turns and gives at most a turn's bytes. As long as nobody asks, whoever writes to it waits: a file as
/// it is, a sender since its intake is full.
pub(super) trait Input: Send {
    /// Whose lines they are.
    fn tenant(&self) -> &Tenant;

    /// The source's number in the store.
    fn number(&self) -> u32;

    /// What it is called.
    fn name(&self) -> &str;

    /// How its lines come: `file`, `http`, `syslog`.
    fn kind(&self) -> &'static str;

    /// Bytes that are there and were not read yet; `None`: nobody knows.
    fn lag(&self) -> Option<u64>;

    /// Reads what has come, at most the buffer full; answers whether there may be more.
    fn read(&mut self, buffer: &mut [u8], now: i64) -> Result<Came, StoreError>;

    /// The same, for whom it matters how much time passes by a clock that nobody sets, which says `steady`.
    fn read_at(&mut self, buffer: &mut [u8], now: i64, _steady: i64) -> Result<Came, StoreError> {
        self.read(buffer, now)
    }

    /// The next block of whole lines.
    fn next_block(&mut self) -> Option<Block>;

    /// Batches all blocks of which were given out.
    fn acks(&mut self) -> Vec<Ack>;

    /// What an operator should know since this was last asked.
    fn notes(&mut self) -> Vec<FollowNote>;
}

/// What a turn has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Nothing: all that had come was given out before.
    Nothing,
    /// Something, and that was all.
    All,
    /// Something, and there may be more.
    More,
}
