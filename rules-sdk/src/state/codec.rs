use std::fmt;

use super::State;

/// Bytes of a state that is being saved. Numbers are little-endian.
///
/// Nothing of this is inlined: a pack saves and restores many fields, and not often.
pub struct StateWriter(Vec<u8>);

/// What is left of a saved state.
#[derive(Clone)]
pub struct StateReader<'a>(&'a [u8]);

/// The fields of a saved struct.
pub struct Fields<'a>(Vec<(&'a [u8], &'a [u8])>);

/// A saved state that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    expected: &'static str,
}

impl Corrupt {
    /// Says what should have stood there.
    pub fn new(expected: &'static str) -> Self {
        Corrupt { expected }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found something else", self.expected)
    }
}

impl std::error::Error for Corrupt {}

impl StateWriter {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        StateWriter(Vec::with_capacity(bytes))
    }

    /// Appends bytes as they are; the reader must know how many.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends how many of something follow.
    pub fn count(&mut self, count: usize) {
        self.bytes(&(count as u32).to_le_bytes());
    }

    /// Appends a field of a struct under its name.
    #[inline(never)]
    pub fn field(&mut self, name: &str, value: &impl State) {
        self.bytes(&(name.len() as u16).to_le_bytes());
        self.bytes(name.as_bytes());
        let at = self.0.len();
        self.count(0);
        value.save(self);
        let length = (self.0.len() - at - 4) as u32;
        self.0[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Ends the fields of a struct.
    pub fn end_fields(&mut self) {
        self.bytes(&0u16.to_le_bytes());
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl<'a> StateReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        StateReader(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes so many bytes.
    #[inline(never)]
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Corrupt::new("more bytes"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Takes so many bytes as an array.
    #[inline(never)]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Corrupt::new("more bytes"))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Takes a count; never more than bytes are left, so that whoever allocates for it is safe.
    #[inline(never)]
    pub fn count(&mut self) -> Result<usize, Corrupt> {
        let count = u32::from_le_bytes(self.array()?) as usize;
        if count > self.0.len() { Err(Corrupt::new("a count of what is there")) } else { Ok(count) }
    }

    /// Takes the fields of a struct.
    #[inline(never)]
    pub fn fields(&mut self) -> Result<Fields<'a>, Corrupt> {
        let mut fields = Vec::new();
        loop {
            let length = u16::from_le_bytes(self.array()?);
            if length == 0 {
                return Ok(Fields(fields));
            }
            let name = self.bytes(length.into())?;
            let length = self.count()?;
            fields.push((name, self.bytes(length)?));
        }
    }
}

impl Fields<'_> {
    /// The field of this name; its default if it was not saved.
    #[inline(never)]
    pub fn get<T: State + Default>(&self, name: &str) -> Result<T, Corrupt> {
        let Some((_, bytes)) = self.0.iter().find(|(saved, _)| *saved == name.as_bytes()) else {
            return Ok(T::default());
        };
        let mut from = StateReader(bytes);
        let value = T::restore(&mut from)?;
        if from.is_empty() { Ok(value) } else { Err(Corrupt::new("a field of the type that was saved")) }
    }
}
