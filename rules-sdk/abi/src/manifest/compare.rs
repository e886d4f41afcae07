//! Comparing values as numbers, as patterns of the kind `compare` do.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// What a number has to be: all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison(pub Vec<(Bound, Number)>);

/// How a value stands to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Less.
    Lt,
    /// Less or the same.
    Le,
    /// The same.
    Eq,
    /// Another one.
    Ne,
    /// The same or greater.
    Ge,
    /// Greater.
    Gt,
}

/// A number: whole ones of 64 bits are exact, others are as a 64-bit float has them (IEEE 754).
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole one.
    Whole(i64),
    /// Any other that is finite.
    Float(f64),
}

impl Comparison {
    /// Whether a value is a number, and such a one.
    pub fn holds(&self, value: &[u8]) -> bool {
        let Some(number) = Number::parse(value) else { return false };
        self.0.iter().all(|(bound, other)| bound.holds(number.order(other)))
    }
}

impl Bound {
    /// All of them.
    pub const ALL: [Bound; 6] = [Bound::Lt, Bound::Le, Bound::Eq, Bound::Ne, Bound::Ge, Bound::Gt];

    /// Its key in the manifest.
    pub fn key(self) -> &'static str {
        match self {
            Bound::Lt => "lt",
            Bound::Le => "le",
            Bound::Eq => "eq",
            Bound::Ne => "ne",
            Bound::Ge => "ge",
            Bound::Gt => "gt",
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Bound::Lt => order.is_lt(),
            Bound::Le => order.is_le(),
            Bound::Eq => order.is_eq(),
            Bound::Ne => order.is_ne(),
            Bound::Ge => order.is_ge(),
            Bound::Gt => order.is_gt(),
        }
    }
}

impl Number {
    /// The number that a value is as a whole: `42`, `-0.5`, `1e9`; no blanks, no `inf`, nothing that is not finite.
    pub fn parse(value: &[u8]) -> Option<Number> {
        // What is longer is no number that anybody compares.
        if value.len() > 64 || !value.iter().any(u8::is_ascii_digit) {
            return None;
        }
        let text = core::str::from_utf8(value).ok()?;
        if let Ok(whole) = text.parse() {
            return Some(Number::Whole(whole));
        }
        text.parse().ok().filter(|float: &f64| float.is_finite()).map(Number::Float)
    }

    /// How it stands to another.
    pub fn order(&self, other: &Number) -> Ordering {
        match (self, other) {
            (Number::Whole(one), Number::Whole(other)) => one.cmp(other),
            _ => self.float().partial_cmp(&other.float()).unwrap_or(Ordering::Equal),
        }
    }

    /// The nearest float.
    pub fn float(&self) -> f64 {
        match self {
            Number::Whole(whole) => *whole as f64,
            Number::Float(float) => *float,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.order(other).is_eq()
    }
}

// None is NaN: what is not finite is never made.
impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly_where_they_are_whole() {
        let at_least = |number: &[u8]| Comparison(Vec::from([(Bound::Ge, Number::parse(number).unwrap())]));
        let cases: [(&[u8], &[u8], bool); 9] = [
            (b"500", b"500", true),
            (b"500", b"499", false),
            (b"500", b"499.9", false),
            (b"500", b"5e2", true),
            (b"9007199254740993", b"9007199254740992", false),
            (b"-1", b"-0", true),
            (b"1", b"", false),
            (b"1", b"inf", false),
            (b"1", b" 2", false),
        ];
        for (bound, value, holds) in cases {
            assert_eq!(at_least(bound).holds(value), holds, "{value:?} >= {bound:?}");
        }
    }

    #[test]
    fn all_bounds_have_to_hold() {
        let between =
            Comparison(Vec::from([(Bound::Ge, Number::Whole(400)), (Bound::Lt, Number::Whole(500))]));
        let found = ["399", "400", "404", "500", "x"].map(|value| between.holds(value.as_bytes()));
        assert_eq!(found, [false, true, true, false, false]);
        let each = Bound::ALL.map(|bound| Comparison(Vec::from([(bound, Number::Whole(2))])));
        let holds = each.map(|each| [1, 2, 3].map(|value| each.holds(&[b'0' + value])));
        let expected = [
            [true, false, false],
            [true, true, false],
            [false, true, false],
            [true, false, true],
            [false, true, true],
            [false, false, true],
        ];
        assert_eq!(holds, expected);
    }
}
