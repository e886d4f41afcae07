//! Numbers for a person to read.

use std::time::Duration;

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 line`, `2,000 lines`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `512 B`, `1.5 kB`, `23 MB`: powers of ten, as disks and networks count.
pub fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    short(value, unit, unit == "B")
}

/// `64 KiB`, `4 MiB`: limits, which are powers of two.
pub fn binary(number: u64) -> String {
    const KIB: u64 = 1024;
    match number {
        n if n >= KIB * KIB && n % (KIB * KIB) == 0 => format!("{} MiB", grouped(n / (KIB * KIB))),
        n if n >= KIB && n % KIB == 0 => format!("{} KiB", grouped(n / KIB)),
        n => format!("{} B", grouped(n)),
    }
}

/// `850 µs`, `1.2 ms`, `42 s`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        0.0 => "0".into(),
        s if s < 0.000_999_5 => short(s * 1e6, "µs", false),
        s if s < 0.999_5 => short(s * 1e3, "ms", false),
        s => short(s, "s", false),
    }
}

/// Two digits that count, or more if they are whole.
fn short(value: f64, unit: &str, whole: bool) -> String {
    let decimals = usize::from(!whole && value < 9.95);
    let number = format!("{value:.decimals$}");
    format!("{} {unit}", number.strip_suffix(".0").unwrap_or(&number))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{binary, bytes, counted, duration, grouped};

    #[test]
    fn figures() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1000, 1_234_567].map(grouped)[..]);
        assert_eq!(["1 line", "0 lines"], [counted(1, "line", "lines"), counted(0, "line", "lines")]);
        let numbers = [0, 999, 1000, 23_456, 999_999, 1_500_000_000];
        assert_eq!(["0 B", "999 B", "1 kB", "23 kB", "1 MB", "1.5 GB"], numbers.map(bytes)[..]);
        assert_eq!(["100 B", "64 KiB", "4 MiB", "1,025 B"], [100, 65536, 4 << 20, 1025].map(binary)[..]);
        let times = [0, 85, 1_200, 999_600, 42_000_000].map(Duration::from_micros);
        assert_eq!(["0", "85 µs", "1.2 ms", "1 s", "42 s"], times.map(duration)[..]);
    }
}
