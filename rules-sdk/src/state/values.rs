//! How plain values are saved. Every number takes eight bytes, so that a field may grow from `u8` to `u64`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Corrupt, State, StateReader, StateWriter};

macro_rules! numbers {
    ($wide:ty: $($ty:ty)*) => {$(
        impl State for $ty {
            fn save(&self, out: &mut StateWriter) {
                out.bytes(&(*self as $wide).to_le_bytes());
            }

            fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
                let wide = <$wide>::from_le_bytes(from.array()?);
                wide.try_into().map_err(|_| Corrupt::new(concat!("a number that fits ", stringify!($ty))))
            }
        }
    )*};
}

numbers!(i64: i8 i16 i32 i64 isize);
numbers!(u64: u8 u16 u32 u64 usize);

impl State for f64 {
    fn save(&self, out: &mut StateWriter) {
        self.to_bits().save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        u64::restore(from).map(f64::from_bits)
    }
}

impl State for bool {
    fn save(&self, out: &mut StateWriter) {
        out.bytes(&[u8::from(*self)]);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        match from.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Corrupt::new("true or false")),
        }
    }
}

impl State for String {
    fn save(&self, out: &mut StateWriter) {
        out.count(self.len());
        out.bytes(self.as_bytes());
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let length = from.count()?;
        let text = std::str::from_utf8(from.bytes(length)?);
        text.map(String::from).map_err(|_| Corrupt::new("a text"))
    }
}

impl<const N: usize> State for [u8; N] {
    fn save(&self, out: &mut StateWriter) {
        out.bytes(self);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        from.array()
    }
}

impl<T: State> State for Option<T> {
    fn save(&self, out: &mut StateWriter) {
        self.is_some().save(out);
        if let Some(value) = self {
            value.save(out);
        }
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        if bool::restore(from)? { T::restore(from).map(Some) } else { Ok(None) }
    }
}

impl<T: State> State for Vec<T> {
    fn save(&self, out: &mut StateWriter) {
        out.count(self.len());
        self.iter().for_each(|item| item.save(out));
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let count = from.count()?;
        (0..count).map(|_| T::restore(from)).collect()
    }
}

impl<T: State + Ord> State for BTreeSet<T> {
    fn save(&self, out: &mut StateWriter) {
        out.count(self.len());
        self.iter().for_each(|item| item.save(out));
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let count = from.count()?;
        (0..count).map(|_| T::restore(from)).collect()
    }
}

impl<K: State + Ord, V: State> State for BTreeMap<K, V> {
    fn save(&self, out: &mut StateWriter) {
        out.count(self.len());
        for (key, value) in self {
            key.save(out);
            value.save(out);
        }
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let count = from.count()?;
        (0..count).map(|_| Ok((K::restore(from)?, V::restore(from)?))).collect()
    }
}
