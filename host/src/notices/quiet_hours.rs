use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Hours of the day, by the clock on the wall, in which only critical incidents are told.
#[derive(Clone, Debug)]
pub struct QuietHours {
    /// The first moment.
    pub from: Time,
    /// The first moment that is no longer quiet; before `from`: on the next day.
    pub to: Time,
    /// Where the wall is.
    pub zone: TimeZone,
}

impl QuietHours {
    /// Until when they last, if this time (nanoseconds since 1970) is within.
    pub fn until(&self, now: i64) -> Option<i64> {
        let now = Timestamp::from_nanosecond(i128::from(now)).ok()?;
        let wall = self.zone.to_datetime(now);
        let (time, today) = (wall.time(), wall.date());
        let day = if self.from <= self.to {
            (self.from <= time && time < self.to).then_some(today)
        } else if time >= self.from {
            Some(today.tomorrow().ok()?)
        } else {
            (time < self.to).then_some(today)
        };
        let end = self.first(day?.to_datetime(self.to), now)?;
        i64::try_from(end.as_nanosecond()).ok()
    }

    /// When the wall first shows this time after now. One that is skipped comes when the clock jumps over it; of one
    /// that comes twice the second counts only if the first has passed.
    fn first(&self, wall: DateTime, now: Timestamp) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { .. } => self.zone.following(now).next().map(|jump| jump.timestamp()),
            AmbiguousOffset::Fold { before, after } => {
                let first = before.to_timestamp(wall).ok()?;
                if first > now { Some(first) } else { after.to_timestamp(wall).ok() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::Time;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::QuietHours;

    fn quiet(from: &str, to: &str) -> QuietHours {
        let time = |text| Time::strptime("%H:%M", text).unwrap();
        QuietHours { from: time(from), to: time(to), zone: TimeZone::get("Europe/Berlin").unwrap() }
    }

    fn until(hours: &QuietHours, now: &str) -> Option<String> {
        let now: Timestamp = now.parse().unwrap();
        let end = hours.until(i64::try_from(now.as_nanosecond()).unwrap())?;
        Some(Timestamp::from_nanosecond(i128::from(end)).unwrap().to_string())
    }

    #[test]
    fn within_a_day_and_across_midnight() {
        let day = quiet("12:00", "13:00");
        assert_eq!(until(&day, "2026-01-10T11:30:00Z").as_deref(), Some("2026-01-10T12:00:00Z"));
        assert_eq!(until(&day, "2026-01-10T12:00:00Z"), None);
        let night = quiet("22:00", "06:00");
        let end = Some("2026-01-11T05:00:00Z");
        assert_eq!(until(&night, "2026-01-10T21:00:00Z").as_deref(), end);
        assert_eq!(until(&night, "2026-01-11T04:59:59Z").as_deref(), end);
        assert_eq!(until(&night, "2026-01-11T05:00:00Z"), None);
        assert_eq!(until(&night, "2026-01-10T20:59:59Z"), None);
    }

    #[test]
    fn nights_when_the_clock_is_set() {
        let night = quiet("22:00", "06:00");
        assert_eq!(until(&night, "2026-03-28T22:00:00Z").as_deref(), Some("2026-03-29T04:00:00Z"));
        assert_eq!(until(&night, "2026-10-24T22:00:00Z").as_deref(), Some("2026-10-25T05:00:00Z"));
        // 02:30 is skipped, and comes twice.
        let odd = quiet("22:00", "02:30");
        assert_eq!(until(&odd, "2026-03-29T00:30:00Z").as_deref(), Some("2026-03-29T01:00:00Z"));
        assert_eq!(until(&odd, "2026-10-25T00:15:00Z").as_deref(), Some("2026-10-25T00:30:00Z"));
        assert_eq!(until(&odd, "2026-10-25T00:45:00Z"), None);
        assert_eq!(until(&odd, "2026-10-25T01:15:00Z").as_deref(), Some("2026-10-25T01:30:00Z"));
    }

    proptest! {
        #[test]
        fn the_end_comes_and_is_not_quiet(now in any::<i64>(), from in 0..1440_i64, to in 0..1440_i64) {
            let time = |minutes: i64| jiff::civil::time((minutes / 60) as i8, (minutes % 60) as i8, 0, 0);
            let zone = TimeZone::get("Europe/Berlin").unwrap();
            let hours = QuietHours { from: time(from), to: time(to), zone };
            if let Some(end) = hours.until(now) {
                prop_assert!(end > now && end - now <= 26 * 3600 * 1_000_000_000);
                prop_assert_eq!(hours.until(end), None);
            }
        }
    }
}
