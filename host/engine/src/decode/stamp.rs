//! A date and time as a line writes it.

use super::zone::Zone;

/// A date and time as written: the year and the offset may be missing, the date may not exist.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stamp {
    pub(crate) year: Option<i16>,
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// Hour, minute, second.
    pub(crate) clock: [u8; 3],
    nanosecond: u32,
    /// Seconds east of UTC.
    offset: Option<i32>,
    /// Date and time stand around a `T` and an offset follows: RFC 3339.
    pub(crate) full: bool,
    /// Its first byte.
    pub(crate) start: usize,
    /// One past its last byte.
    pub(crate) end: usize,
}

impl Stamp {
    /// `Dec 10 06:55:46`, RFC 3164 section 4.1.2; also `Dec 1`, `Dec 10 2024 06:55:46` and a fraction.
    pub(crate) fn syslog(text: &[u8], start: usize) -> Option<Stamp> {
        let rest = text.get(start..)?;
        if let Some(stamp) = Stamp::short(text, start) {
            return stamp.with_fraction(text).bounded(text);
        }
        let month = month(*rest.first_chunk()?)?;
        let at = byte(text, start + 3, b' ')?;
        let at = byte(text, at, b' ').unwrap_or(at);
        let (day, mut at) = match two(text, at) {
            Some(day) => (day, at + 2),
            None => (digit(text, at)?, at + 1),
        };
        at = byte(text, at, b' ')?;
        let mut year = None;
        if let Some(written) = four(text, at)
            && let Some(behind) = byte(text, at + 4, b' ')
        {
            year = Some(written);
            at = behind;
        }
        let clock = clock_of(*text.get(at..)?.first_chunk()?)?;
        let stamp = Stamp { year, month, day, clock, start, end: at + 8, ..Stamp::default() };
        stamp.with_fraction(text).bounded(text)
    }

    /// The RFC's own form, `Dec 10 06:55:46`, whatever follows. It has one length: the bounds are checked once.
    #[inline(always)]
    fn short(text: &[u8], start: usize) -> Option<Stamp> {
        let [m1, m2, m3, b' ', ten, one, b' ', clock @ ..] = text.get(start..)?.first_chunk::<15>()? else {
            return None;
        };
        let month = month([*m1, *m2, *m3])?;
        let day = pair([if *ten == b' ' { b'0' } else { *ten }, *one])?;
        let clock = clock_of(*clock)?;
        Some(Stamp { month, day, clock, start, end: start + 15, ..Stamp::default() })
    }

    /// The same before a blank, as nearly all lines of syslog have it: then it is what [`Stamp::syslog`] finds.
    #[inline(always)]
    pub(super) fn usual(text: &[u8], start: usize) -> Option<Stamp> {
        if text.get(start + 15) == Some(&b' ') { Stamp::short(text, start) } else { None }
    }

    /// The text that is `Dec 10 2024 06:55:46.123 UTC`, as CEF writes it; year, fraction and zone may be missing.
    pub(super) fn spelled(text: &[u8]) -> Option<Stamp> {
        let mut stamp = Stamp::syslog(text, 0)?;
        if let Some((seconds, end)) = offset(text, stamp.end) {
            (stamp.offset, stamp.end) = (Some(seconds), end);
        }
        (stamp.end == text.len()).then_some(stamp)
    }

    /// `2024-01-01T12:00:00.123Z` (RFC 3339), `2024-01-01 12:00:00,123`, `2024/01/01 12:00`; an offset may follow.
    pub(crate) fn iso(text: &[u8], start: usize) -> Option<Stamp> {
        let form = text.get(start..)?.first_chunk::<16>()?;
        let [y1, y2, y3, y4, dash, m1, m2, again, d1, d2, between, clock @ ..] = *form;
        let dated = matches!(dash, b'-' | b'/') && again == dash && matches!(between, b'T' | b't' | b' ');
        if !dated {
            return None;
        }
        let year = Some(i16::from(pair([y1, y2])?) * 100 + i16::from(pair([y3, y4])?));
        let (month, day) = (pair([m1, m2])?, pair([d1, d2])?);
        let stamp = Stamp { year, month, day, start, ..Stamp::default() };
        let mut stamp = match text.get(start + 11..).and_then(<[u8]>::first_chunk).copied().and_then(clock_of)
        {
            Some(clock) => Stamp { clock, end: start + 19, ..stamp }.with_fraction(text),
            None => {
                let [h1, h2, b':', n1, n2] = clock else { return None };
                Stamp { clock: [pair([h1, h2])?, pair([n1, n2])?, 0], end: start + 16, ..stamp }
            }
        };
        if let Some((offset, end)) = offset(text, stamp.end) {
            (stamp.offset, stamp.end) = (Some(offset), end);
        }
        stamp.full = between != b' ' && stamp.offset.is_some();
        stamp.bounded(text)
    }

    /// `Sun Dec 04 04:47:44.123456 2005`, as Apache's error log and `ctime` write it.
    pub(crate) fn ctime(text: &[u8], start: usize) -> Option<Stamp> {
        const DAYS: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
        let name = text.get(start..start + 4)?;
        DAYS.iter().find(|day| **day == name)?;
        let mut stamp = Stamp::syslog(text, start + 4)?;
        if stamp.year.is_some() {
            return None;
        }
        let at = byte(text, stamp.end, b' ')?;
        stamp.year = Some(four(text, at)?);
        (stamp.start, stamp.end) = (start, at + 4);
        stamp.bounded(text)
    }

    /// `10/Oct/2000:13:55:36 -0700`, as web servers' access logs have it.
    pub(crate) fn access(text: &[u8], start: usize) -> Option<Stamp> {
        let form = text.get(start..)?.first_chunk::<26>()?;
        let [d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', clock @ .., b' ', _, _, _, _, _] = form
        else {
            return None;
        };
        let (day, month) = (pair([*d1, *d2])?, month([*m1, *m2, *m3])?);
        let year = Some(i16::from(pair([*y1, *y2])?) * 100 + i16::from(pair([*y3, *y4])?));
        let (seconds, end) = offset(text, start + 20)?;
        let stamp = Stamp { year, month, day, clock: clock_of(*clock)?, start, end, ..Stamp::default() };
        Stamp { offset: Some(seconds), ..stamp }.bounded(text)
    }

    /// The stamp with the fraction of a second that follows, if one does: `.123` or `,123`.
    #[inline]
    fn with_fraction(self, text: &[u8]) -> Stamp {
        match text.get(self.end) {
            Some(b'.' | b',') if digit(text, self.end + 1).is_some() => self.with_digits(text),
            _ => self,
        }
    }

    fn with_digits(mut self, text: &[u8]) -> Stamp {
        let mut unit = 100_000_000;
        self.end += 1;
        while let Some(digit) = digit(text, self.end) {
            self.nanosecond += u32::from(digit) * unit;
            unit /= 10;
            self.end += 1;
        }
        self
    }

    /// A stamp ends where a word ends.
    #[inline]
    fn bounded(self, text: &[u8]) -> Option<Stamp> {
        let goes_on = text.get(self.end).is_some_and(|next| next.is_ascii_alphanumeric() || *next >= 0x80);
        (!goes_on).then_some(self)
    }

    /// Nanoseconds since 1970 UTC; none if there is no such date or it is out of range (1677 to 2262).
    ///
    /// `year` and `zone` are for what the stamp does not say. A leap second is the second before it. 29 February
    /// in a year that was settled from outside and has none is 1 March: the day behind the 28th.
    #[inline(always)]
    pub(crate) fn instant(&self, year: i16, zone: &Zone) -> Option<i64> {
        let (mut month, mut day) = (self.month, self.day);
        let year = self.year.unwrap_or(year);
        if (month, day) == (2, 29) && !is_leap(year) {
            if self.year.is_some() {
                return None;
            }
            (month, day) = (3, 1);
        }
        let is_date = (1..=12).contains(&month) && (1..=MOST_DAYS[usize::from(month)]).contains(&day);
        let [hour, minute, second] = self.clock;
        if !is_date || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
        let local = days_since_1970(year, month, day) * 86_400 + clock;
        let offset = match self.offset {
            Some(offset) => i64::from(offset),
            None => zone.offset(local),
        };
        let seconds = local.checked_sub(offset)?;
        seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanosecond))
    }
}

/// Whether the year has a 29 February.
pub(crate) fn is_leap(year: i16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of each month in a leap year; there is no month 0.
const MOST_DAYS: [u8; 13] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// The days between 1 March and the first of each month.
const DAYS_BEFORE: [u16; 13] = [0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
///
/// The year is counted from March, so that the leap day is its last; and from far enough back to be never negative.
fn days_since_1970(year: i16, month: u8, day: u8) -> i64 {
    /// A multiple of the 400 years after which the calendar repeats.
    const BACK: u32 = 40_000;
    const DAYS_BACK: i64 = BACK as i64 / 400 * 146_097 + 719_468;
    let year = (i32::from(year) + BACK as i32 - i32::from(month <= 2)) as u32;
    let century = year / 100;
    let before = u32::from(DAYS_BEFORE[usize::from(month)]);
    let days = year * 365 + year / 4 - century + century / 4 + before + u32::from(day) - 1;
    i64::from(days) - DAYS_BACK
}

/// `Z`, `+01:00`, `+0100`, `+01`; behind a space also `UTC`, `GMT` and those with four digits. Seconds and the end.
fn offset(text: &[u8], start: usize) -> Option<(i32, usize)> {
    let spaced = text.get(start) == Some(&b' ');
    let start = start + usize::from(spaced);
    let sign = match text.get(start)? {
        b'Z' | b'z' if !spaced => return Some((0, start + 1)),
        b'U' | b'G' => {
            let name = text.get(start..start + 3)?;
            let ends = !text.get(start + 3).is_some_and(u8::is_ascii_alphanumeric);
            return (ends && (name == b"UTC" || name == b"GMT")).then_some((0, start + 3));
        }
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = two(text, start + 1)?;
    let behind = start + 3;
    let minutes_at = byte(text, behind, b':').unwrap_or(behind);
    let (minutes, end) = match two(text, minutes_at) {
        Some(minutes) => (minutes, minutes_at + 2),
        None if spaced => return None,
        None => (0, behind),
    };
    let ends = !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
    let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
    (ends && hours < 24 && minutes < 60).then_some((seconds, end))
}

/// The month of this name.
fn month(name: [u8; 3]) -> Option<u8> {
    let (known, month) = MONTHS[month_slot(name)];
    (name == known).then_some(month)
}

/// Where a month stands among [`MONTHS`]: the last two letters tell the twelve apart.
const fn month_slot([_, second, third]: [u8; 3]) -> usize {
    second.wrapping_add(third) as usize % 32
}

/// Names and numbers of the months; where no month's place is, another's name stands, whose place this is not.
const MONTHS: [([u8; 3], u8); 32] = {
    let names = b"JanFebMarAprMayJunJulAugSepOctNovDec".as_chunks::<3>().0;
    let mut months = [(names[0], 1); 32];
    let mut i = 0;
    while i < names.len() {
        months[month_slot(names[i])] = (names[i], i as u8 + 1);
        i += 1;
    }
    months
};

/// The place behind `wanted`, if that stands at `at`.
fn byte(text: &[u8], at: usize, wanted: u8) -> Option<usize> {
    (text.get(at) == Some(&wanted)).then_some(at + 1)
}

fn digit(text: &[u8], at: usize) -> Option<u8> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(digit)
}

/// Hour, minute and second of `06:55:46`, all eight bytes at once.
#[inline(always)]
fn clock_of(form: [u8; 8]) -> Option<[u8; 3]> {
    // Digits become their values, colons become 0. A byte that carries into its neighbour has its own top bit set.
    let bytes = u64::from_be_bytes(form) ^ u64::from_be_bytes(*b"00:00:00");
    let above_nine = bytes.wrapping_add(0x7676_7676_7676_7676) | bytes;
    if above_nine & 0x8080_8080_8080_8080 | bytes & 0x0000_ff00_00ff_0000 != 0 {
        return None;
    }
    let [h1, h2, _, m1, m2, _, s1, s2] = bytes.to_be_bytes();
    Some([h1 * 10 + h2, m1 * 10 + m2, s1 * 10 + s2])
}

/// The number that two digits are.
fn pair([tens, ones]: [u8; 2]) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

fn two(text: &[u8], at: usize) -> Option<u8> {
    pair(*text.get(at..)?.first_chunk()?)
}

fn four(text: &[u8], at: usize) -> Option<i16> {
    Some(i16::from(two(text, at)?) * 100 + i16::from(two(text, at + 2)?))
}
