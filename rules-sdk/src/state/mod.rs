//! What a pack remembers, and how it is saved.

mod clock;
mod codec;
mod cooldown;
mod distinct_count;
mod key;
mod keyed;
mod order;
mod sequence;
mod sliding_count;
mod values;

pub use self::codec::{Corrupt, Fields, StateReader, StateWriter};
pub use self::cooldown::Cooldown;
pub use self::distinct_count::{DistinctCount, Spread};
pub use self::key::AsKey;
pub use self::sequence::{Both, Sequence};
pub use self::sliding_count::{Burst, SlidingCount};

/// What can be saved and restored; `#[derive(State)]` writes it for a struct with named fields.
///
/// A derived state keeps each field under its name: a version of the pack that adds a field starts that field with
/// its default, one that drops a field skips it, and the rest stays. A field must not change its type under the
/// same name: that is a corrupt state, which `open` answers with an error.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot be saved in a pack's state",
    label = "expected a number, a text, a collection of them, a helper, or a struct with #[derive(State)]"
)]
pub trait State: Sized {
    /// The bytes that it saves at most, if it is bounded by itself, as the helpers are; 0 says nothing.
    const MOST_BYTES: usize = 0;

    /// Writes it; at least one byte.
    fn save(&self, out: &mut StateWriter);

    /// Reads what `save` wrote.
    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt>;
}

/// Marks a saved state and the version of its layout.
const HEAD: [u8; 4] = *b"TLS1";

/// A whole pack's state as bytes, for which so many are made room at first.
pub(crate) fn save(state: &impl State, capacity: usize) -> Vec<u8> {
    let mut out = StateWriter::with_capacity(capacity);
    out.bytes(&HEAD);
    state.save(&mut out);
    out.into_bytes()
}

/// A whole pack's state from its bytes.
pub(crate) fn restore<S: State>(bytes: &[u8]) -> Result<S, Corrupt> {
    let Some(rest) = bytes.strip_prefix(&HEAD) else {
        return Err(Corrupt::new("a state of layout 1"));
    };
    let mut from = StateReader::new(rest);
    let state = S::restore(&mut from)?;
    match from.is_empty() {
        true => Ok(state),
        false => Err(Corrupt::new("the end of the state")),
    }
}
