use std::net::IpAddr;

use crate::Text;

/// What a rule's parameter can be: something that reads itself from a capture.
///
/// A parameter that does not come about (the group took no part, the text is no such number) skips the rule for
/// that match; an `Option` of it is `None` instead.
#[diagnostic::on_unimplemented(
    message = "a rule's parameter cannot be a `{Self}`",
    label = "expected Text, &str, &[u8], a number, bool, IpAddr, or an Option of one of them"
)]
pub trait FromCapture<'a>: Sized {
    /// Reads it from what the group took.
    fn from_capture(text: Text<'a>) -> Option<Self>;

    /// Reads it from a group that may have taken no part.
    fn from_match(text: Option<Text<'a>>) -> Option<Self> {
        text.and_then(Self::from_capture)
    }
}

impl<'a, T: FromCapture<'a>> FromCapture<'a> for Option<T> {
    fn from_capture(text: Text<'a>) -> Option<Self> {
        Some(T::from_capture(text))
    }

    fn from_match(text: Option<Text<'a>>) -> Option<Self> {
        Some(text.and_then(T::from_capture))
    }
}

impl<'a> FromCapture<'a> for Text<'a> {
    fn from_capture(text: Text<'a>) -> Option<Self> {
        Some(text)
    }
}

impl<'a> FromCapture<'a> for &'a [u8] {
    fn from_capture(text: Text<'a>) -> Option<Self> {
        Some(text.as_bytes())
    }
}

/// Only what is UTF-8; nothing is replaced.
impl<'a> FromCapture<'a> for &'a str {
    fn from_capture(text: Text<'a>) -> Option<Self> {
        text.to_str()
    }
}

/// Without the zone of a link-local address (`fe80::1%eth0`), which an `IpAddr` cannot hold.
impl<'a> FromCapture<'a> for IpAddr {
    fn from_capture(text: Text<'a>) -> Option<Self> {
        text.to_str()?.split('%').next()?.parse().ok()
    }
}

macro_rules! parsed {
    ($($ty:ty)*) => {$(
        impl<'a> FromCapture<'a> for $ty {
            fn from_capture(text: Text<'a>) -> Option<Self> {
                text.parse()
            }
        }
    )*};
}

parsed!(bool f64 i8 i16 i32 i64 isize u8 u16 u32 u64 usize);
