use std::cmp::Ordering;
use std::str::FromStr;

use tripline_sdk::Text;

use crate::expected::Expected;

/// The oldest version of a product that will do: `OpenSSH 9.6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Minimum {
    pub(crate) product: String,
    pub(crate) version: String,
    numbers: Vec<u64>,
}

/// The entry whose product this is, and whose version it does not have.
pub(crate) fn outdated<'m>(
    minimums: &'m [Minimum],
    product: Text<'_>,
    version: Text<'_>,
) -> Option<&'m Minimum> {
    let found = numbers(version.as_bytes())?;
    minimums.iter().find(|minimum| {
        product.eq_ignore_ascii_case(&minimum.product) && compare(&found, &minimum.numbers) == Ordering::Less
    })
}

impl FromStr for Minimum {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let expected = || Expected::new("PRODUCT VERSION, like OpenSSH 9.6", text);
        let (product, version) = text.trim().rsplit_once(' ').ok_or_else(expected)?;
        let numbers = numbers(version.as_bytes()).ok_or_else(expected)?;
        Ok(Minimum { product: product.trim().into(), version: version.into(), numbers })
    }
}

/// The numbers of a version, in order: `8.2p1 Ubuntu 4ubuntu0.5` is 8, 2, 1. None where there is none, and where the
/// scanner itself is not sure: `3.X - 4.X`, `2.0.8 or later`.
fn numbers(version: &[u8]) -> Option<Vec<u64>> {
    let unsure = |words: &[u8]| version.windows(words.len()).any(|part| part == words);
    if unsure(b" - ") || unsure(b" or ") {
        return None;
    }
    // MariaDB says this first, for the sake of old clients.
    let version = version.strip_prefix(b"5.5.5-").unwrap_or(version);
    let word = version.split(|byte| *byte == b' ').next().unwrap_or_default();
    let digits = word.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    // A stranger writes it: what has more digits than a version is just large.
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    };
    let numbers: Vec<u64> = digits.take(8).map(number).collect();
    (!numbers.is_empty()).then_some(numbers)
}

/// Number by number; what is missing counts as 0.
fn compare(one: &[u64], other: &[u64]) -> Ordering {
    let at = |numbers: &[u64], i: usize| numbers.get(i).copied().unwrap_or(0);
    (0..one.len().max(other.len()))
        .map(|i| at(one, i).cmp(&at(other, i)))
        .find(|by| by.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use tripline_sdk::Text;

    use super::{Minimum, outdated};

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (minimum, version, old) in [
            ("9.6", "9.6", false),
            ("9.6", "9.6p1", false),
            ("9.6", "9.10", false),
            ("9.6", "10.0", false),
            ("9.6", "9.5p2", true),
            ("9.6", "8.2p1 Ubuntu 4ubuntu0.5", true),
            ("2.4.58", "2.4.9", true),
            ("2.4.0", "2.4", false),
            ("9.6", "", false),
            ("9.6", "unknown", false),
            ("4.10", "3.X - 4.X", false),
            ("3.0", "2.0.8 or later", false),
            ("10.3", "5.5.5-10.3.22-MariaDB", false),
            ("9.6", "99999999999999999999999999", false),
            ("9.6", "9.99999999999999999999999999", false),
            ("9.6", "0.0.0.0.0.0.0.0.9.9.9", true),
        ] {
            let minimums = [format!("Some Thing {minimum}").parse::<Minimum>().expect(minimum)];
            let found = outdated(&minimums, Text::from("some thing"), Text::from(version));
            assert_eq!(found.is_some(), old, "{version} against {minimum}");
        }
        let other = ["OpenSSH 9.6".parse::<Minimum>().expect("a minimum")];
        assert_eq!(outdated(&other, Text::from("Dropbear sshd"), Text::from("1.0")), None);
    }

    #[test]
    fn what_is_no_minimum_is_refused() {
        for text in ["", "OpenSSH", "9.6", "OpenSSH new", " 9.6"] {
            assert!(text.parse::<Minimum>().is_err(), "{text}");
        }
    }
}
