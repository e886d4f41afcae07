//! Times that are written as a number since 1970.

/// Smaller numbers are durations or uptimes, not times: 1973 in seconds.
const SMALLEST: i64 = 100_000_000;

/// Nanoseconds since 1970 from seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude:
/// each unit's numbers are those of the years 1973 to 5138 in seconds.
///
/// ```text
///   10^8  seconds  10^11  milliseconds  10^14  microseconds  10^17  nanoseconds
/// ```
pub(super) fn epoch(text: &[u8]) -> Option<i64> {
    let whole_end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(whole_end);
    let fraction = match rest {
        [] => rest,
        [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => digits,
        _ => return floating(text),
    };
    let whole: i64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
    let unit = unit(whole)?;
    let mut nanoseconds = whole.checked_mul(unit)?;
    let mut place = unit / 10;
    for digit in fraction {
        nanoseconds = nanoseconds.checked_add(i64::from(digit - b'0') * place)?;
        place /= 10;
    }
    Some(nanoseconds)
}

/// How many nanoseconds one of a number of this size stands for.
fn unit(number: i64) -> Option<i64> {
    match number {
        ..SMALLEST => None,
        SMALLEST..100_000_000_000 => Some(1_000_000_000),
        100_000_000_000..100_000_000_000_000 => Some(1_000_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(1_000),
        _ => Some(1),
    }
}

/// A number with an exponent, `1.7e9`; as exact as a 64-bit float is.
fn floating(text: &[u8]) -> Option<i64> {
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if !(0.0..1e19).contains(&number) {
        return None;
    }
    let nanoseconds = number * unit(number as i64)? as f64;
    (nanoseconds < i64::MAX as f64).then_some(nanoseconds as i64)
}
