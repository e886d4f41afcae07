use std::borrow::Cow;
use std::net::IpAddr;

use crate::Text;

/// What can stand in a decision: texts as they are, numbers as they are written; `None` stands for nothing.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot stand in a decision",
    label = "expected a text, a number, bool, an IpAddr, or an Option of one of them; `format!` makes a text"
)]
pub trait Shown {
    /// Its bytes; `None` if there is nothing to show.
    fn shown(&self) -> Option<Cow<'_, [u8]>>;
}

impl<T: Shown + ?Sized> Shown for &T {
    fn shown(&self) -> Option<Cow<'_, [u8]>> {
        (**self).shown()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Option<Cow<'_, [u8]>> {
        self.as_ref()?.shown()
    }
}

impl Shown for Text<'_> {
    fn shown(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self.as_bytes()))
    }
}

macro_rules! bytes {
    ($($ty:ty)*) => {$(
        impl Shown for $ty {
            fn shown(&self) -> Option<Cow<'_, [u8]>> {
                Some(Cow::Borrowed(self.as_ref()))
            }
        }
    )*};
}

macro_rules! written {
    ($($ty:ty)*) => {$(
        impl Shown for $ty {
            fn shown(&self) -> Option<Cow<'_, [u8]>> {
                Some(Cow::Owned(self.to_string().into_bytes()))
            }
        }
    )*};
}

bytes!(str String [u8] Vec<u8>);
written!(bool char f64 i8 i16 i32 i64 isize u8 u16 u32 u64 usize IpAddr);
