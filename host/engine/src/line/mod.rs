//! Bytes become lines, in order, block by block.
//!
//! ```text
//!   push(bytes) ─► sample ────────► builder ────────────────────► next_block()
//!                  first lines      line feeds, cuts,              Block: bytes, lines,
//!                  settle the       join: several lines, one event        decoder
//!                  format           years: for stamps without one
//!                                   columns: as a line before named them
//!                                   framing: records of a document, entries of a journal
//! ```
//!
//! This is the one stage that must see a source's lines one after the other. So all that needs the lines before is
//! settled here, and whatever comes behind may run on all cores. The lines, with their numbers, offsets and years, do
//! not depend on how the bytes were cut into pushes, nor on the size of the blocks; nor on where reading was broken off
//! and taken up again ([`Mark`]).

mod block;
mod builder;
mod entries;
mod frames;
mod framing;
mod held;
mod join;
mod lines;
mod mark;
mod messages;
mod records;
mod room;
mod sample;
mod settings;
mod spares;
mod years;

pub use block::{Block, Foot, Line};
pub use frames::{Frames, LARGEST_COUNT, Miscounted, Unfinished};
pub use lines::Lines;
pub use mark::Mark;
pub use messages::Messages;
pub use settings::LineSettings;
