use std::net::IpAddr;

use crate::Text;
use crate::digest::Digest;

/// A key of a helper: at most 64 bytes, on the stack, so that looking one up allocates nothing.
///
/// What is longer than 63 bytes is its first 48 and a digest of the whole, 64 together: a stranger chooses the
/// keys, and must not choose how much is kept.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    bytes: [u8; LONG],
    length: u8,
}

const LONG: usize = 64;
const HEAD: usize = 48;

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
    // Not generic: a pack has keys of many types, and this is long.
    pub(crate) fn new(key: &dyn AsKey) -> Key {
        let mut parts = 0;
        key.parts(&mut |_| parts += 1);
        let mut made = Key { bytes: [0; LONG], length: 0 };
        let mut length = 0;
        key.parts(&mut |part| {
            // Where one part of several ends is a part of the key: ("ab", "c") is not ("a", "bc").
            if parts > 1 {
                length = made.put(length, &(part.len() as u16).to_le_bytes());
            }
            length = made.put(length, part);
        });
        if length < LONG {
            made.length = length as u8;
            return made;
        }
        let mut digest = Digest::new();
        key.parts(&mut |part| digest.part(part));
        made.bytes[HEAD..].copy_from_slice(&digest.finish());
        made.length = LONG as u8;
        made
    }

    /// Its bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }

    fn put(&mut self, at: usize, part: &[u8]) -> usize {
        let room = self.bytes.get_mut(at..).unwrap_or_default();
        let fits = room.len().min(part.len());
        room[..fits].copy_from_slice(&part[..fits]);
        at.saturating_add(part.len())
    }
}

/// A key as a person reads it: without the digest.
pub(crate) fn readable(key: &[u8]) -> Vec<u8> {
    match key.len() < LONG {
        true => key.to_vec(),
        false => [crate::text::head(key, HEAD), "…".as_bytes()].concat(),
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
