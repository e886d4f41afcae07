use std::cmp::Ordering;
use std::net::IpAddr;

use super::{Corrupt, State, StateReader, StateWriter};
use crate::Text;
use crate::digest::Digest;

/// A key of a helper: 64 bytes in place, so that neither looking one up nor keeping it allocates.
///
/// ```text
///   content, zeros │ length            up to 63 bytes
///   47 bytes │ digest of the whole │ 255    what is longer: a stranger chooses the keys, and must not choose how much
///                                           is kept
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u8; SIZE]);

const SIZE: usize = 64;
const HEAD: usize = 47;
const LONG: u8 = 255;

/// What can be a key of a helper: a text, a number, an address, or up to three of them in a tuple.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot be a key",
    label = "expected a text, a number, an IpAddr, or a tuple of two or three of them"
)]
pub trait AsKey {
    /// Hands its bytes to a reader, part by part.
    fn parts(&self, each: &mut dyn FnMut(&[u8]));
}

impl Key {
    /// The key of a value.
    // Not generic and not inlined: a pack has keys of many types in many places.
    #[inline(never)]
    pub(crate) fn new(key: &dyn AsKey) -> Key {
        let mut parts = 0;
        key.parts(&mut |_| parts += 1);
        let mut made = Key([0; SIZE]);
        let mut length = 0;
        key.parts(&mut |part| {
            // Where one part of several ends is a part of the key: ("ab", "c") is not ("a", "bc").
            if parts > 1 {
                length = made.put(length, &(part.len() as u16).to_le_bytes());
            }
            length = made.put(length, part);
        });
        if length < SIZE {
            made.0[SIZE - 1] = length as u8;
            return made;
        }
        let mut digest = Digest::new();
        key.parts(&mut |part| digest.part(part));
        made.0[HEAD..SIZE - 1].copy_from_slice(&digest.finish());
        made.0[SIZE - 1] = LONG;
        made
    }

    /// How many bytes it is saved as.
    pub(crate) fn saved_len(&self) -> usize {
        1 + self.content().len()
    }

    /// It as a person reads it: without the digest.
    pub(crate) fn readable(&self) -> Vec<u8> {
        match self.0[SIZE - 1] {
            LONG => [crate::text::head(&self.0[..HEAD], HEAD - 1), "…".as_bytes()].concat(),
            _ => self.content().to_vec(),
        }
    }

    fn content(&self) -> &[u8] {
        let length = usize::from(self.0[SIZE - 1]).min(SIZE - 1);
        &self.0[..length]
    }

    fn put(&mut self, at: usize, part: &[u8]) -> usize {
        let room = self.0.get_mut(at..).unwrap_or_default();
        let fits = room.len().min(part.len());
        room[..fits].copy_from_slice(&part[..fits]);
        at.saturating_add(part.len())
    }

    fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.as_chunks().0.iter().map(|chunk| u64::from_le_bytes(*chunk))
    }
}

/// Some order, the same everywhere; by words, which is much faster than by bytes.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.words().cmp(other.words())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl State for Key {
    fn save(&self, out: &mut StateWriter) {
        out.bytes(&[self.0[SIZE - 1]]);
        out.bytes(self.content());
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let [length] = from.array()?;
        if usize::from(length) >= SIZE && length != LONG {
            return Err(Corrupt::new("a key's length"));
        }
        let content = from.bytes(usize::from(length).min(SIZE - 1))?;
        let mut key = Key([0; SIZE]);
        key.put(0, content);
        key.0[SIZE - 1] = length;
        Ok(key)
    }
}

impl<T: AsKey + ?Sized> AsKey for &T {
    fn parts(&self, each: &mut dyn FnMut(&[u8])) {
        (**self).parts(each);
    }
}

impl AsKey for Text<'_> {
    fn parts(&self, each: &mut dyn FnMut(&[u8])) {
        each(self.as_bytes());
    }
}

impl AsKey for IpAddr {
    fn parts(&self, each: &mut dyn FnMut(&[u8])) {
        match self {
            IpAddr::V4(address) => each(&address.octets()),
            IpAddr::V6(address) => each(&address.octets()),
        }
    }
}

macro_rules! bytes {
    ($($ty:ty)*) => {$(
        impl AsKey for $ty {
            fn parts(&self, each: &mut dyn FnMut(&[u8])) {
                each(self.as_ref());
            }
        }
    )*};
}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl AsKey for $ty {
            fn parts(&self, each: &mut dyn FnMut(&[u8])) {
                each(&self.to_le_bytes());
            }
        }
    )*};
}

macro_rules! tuples {
    ($($name:ident: $index:tt)*) => {
        impl<$($name: AsKey),*> AsKey for ($($name,)*) {
            fn parts(&self, each: &mut dyn FnMut(&[u8])) {
                $(self.$index.parts(each);)*
            }
        }
    };
}

bytes!(str String [u8] Vec<u8>);
numbers!(i32 i64 u8 u16 u32 u64);
tuples!(A: 0 B: 1);
tuples!(A: 0 B: 1 C: 2);
