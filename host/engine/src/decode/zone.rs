//! The time zone of stamps that say none.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// A time zone, made ready for many conversions from local time.
///
/// Asking jiff for each line cost more than the rest of decoding, so the offsets are laid out once, by local time:
///
/// ```text
///   local time   ──────────┬──────────────────┬─────────────►
///   offset          +1 h   │       +2 h       │    +1 h
///                   31 March 03:00     27 October 03:00
/// ```
///
/// A step stands where the later of its two offsets puts it. So a local time that a clock skipped, and one that it
/// showed twice, count with the offset before the step: what RFC 5545 and jiff's `compatible` do.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    /// Offset in seconds before the first step.
    first: i64,
    /// Local second since 1970, and the offset in seconds from there on.
    steps: Vec<(i64, i64)>,
    /// How many steps stand before each [`SPAN`] of local time: a search for them took longer than reading a stamp.
    before: Vec<u16>,
    /// The local seconds for which `steps` hold.
    covered: std::ops::Range<i64>,
}

/// Steps are laid out for 1970 to 2100; before and behind it jiff is asked.
const COVERED: std::ops::Range<i64> = 0..4_102_444_800;
/// Seconds of a span, as a power of two: about 97 days, so that few steps stand in one.
const SPAN: u32 = 23;
const DAY: i64 = 24 * 3600;

impl Zone {
    pub(crate) fn new(zone: TimeZone) -> Zone {
        if let Ok(offset) = zone.to_fixed_offset() {
            let first = i64::from(offset.seconds());
            return Zone { zone, first, steps: vec![], before: vec![], covered: i64::MIN..i64::MAX };
        }
        let start = Timestamp::UNIX_EPOCH;
        let first = i64::from(zone.to_offset(start).seconds());
        let mut steps = Vec::new();
        let mut before = first;
        for step in zone.following(start).take_while(|step| step.timestamp().as_second() < COVERED.end) {
            let offset = i64::from(step.offset().seconds());
            if offset != before {
                steps.push((step.timestamp().as_second() + offset.max(before), offset));
                before = offset;
            }
        }
        // Two steps nearer than an offset's size would cross: no real zone has them; jiff alone is asked then.
        let apart = steps.windows(2).all(|pair| pair[0].0 + 2 * DAY < pair[1].0);
        let covered = if apart { COVERED.start + DAY..COVERED.end - DAY } else { 0..0 };
        let before = |span: i64| steps.partition_point(|(from, _)| *from < span << SPAN) as u16;
        let before = (0..=COVERED.end >> SPAN).map(before).collect();
        Zone { zone, first, steps, before, covered }
    }

    /// Seconds east of UTC at a local time, given in seconds since 1970.
    #[inline(always)]
    pub(crate) fn offset(&self, local: i64) -> i64 {
        if !self.covered.contains(&local) {
            self.asked(local).unwrap_or(0)
        } else if self.steps.is_empty() {
            self.first
        } else {
            self.found(local)
        }
    }

    fn found(&self, local: i64) -> i64 {
        let before = self.before.get((local >> SPAN) as usize).map_or(0, |before| usize::from(*before));
        let within = self.steps[before..].iter().take_while(|(from, _)| *from <= local).count();
        match before + within {
            0 => self.first,
            after => self.steps[after - 1].1,
        }
    }

    /// jiff's answer; none for a local time out of its range.
    #[cold]
    fn asked(&self, local: i64) -> Option<i64> {
        let civil = Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?);
        let instant = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(local - instant.as_second())
    }
}
