//! The year of a line whose stamp has none.

use tripline_engine::line::{LineSettings, Lines};

use super::{lines_of, take};

/// The years of dated lines; `now` is the reference, `-` for none.
#[track_caller]
fn years(now: &str, log: &[(&str, i16)]) {
    let reference = (now != "-").then(|| format!("{now}T12:00:00Z").parse::<jiff::Timestamp>().unwrap());
    let reference = reference.map(|time| time.as_nanosecond() as i64);
    let text: String = log.iter().map(|(date, _)| format!("{date} 12:00:00 host app: x\n")).collect();
    for prefix in ["", "<34>"] {
        let text = text.lines().map(|line| format!("{prefix}{line}\n")).collect::<String>();
        let settings = LineSettings { reference, ..LineSettings::default() };
        let seen: Vec<_> = lines_of(&settings, &[text.into()], &[]).iter().map(|line| line.year).collect();
        let expected: Vec<_> = log.iter().map(|(_, year)| *year).collect();
        assert_eq!(seen, expected, "{log:?}");
    }
}

#[test]
fn the_first_year() {
    years("2024-06-15", &[("Jun 15", 2024)]);
    years("2024-06-15", &[("Jun 16", 2024)]);
    years("2024-06-15", &[("Jun 17", 2023)]);
    years("2024-06-15", &[("Jan  1", 2024)]);
    years("2024-01-01", &[("Dec 31", 2023)]);
    years("2023-12-31", &[("Jan  1", 2024)]);
    years("2026-11-23", &[("Feb 29", 2024)]);
    years("2024-02-27", &[("Feb 29", 2020)]);
    years("2024-02-28", &[("Feb 29", 2024)]);
    years("-", &[("Jun 15", 1970), ("Feb 29", 1970)]);
    years("-", &[("Feb 29", 1972)]);
}

/// A day ahead is 24 hours, not the rest of tomorrow.
#[test]
fn a_stamp_is_at_most_a_day_ahead() {
    let now = "2024-06-15T01:00:00Z".parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64;
    for (stamp, year) in [
        ("Jun 16 00:59:59", 2024),
        ("Jun 16 01:00:00", 2024),
        ("Jun 16 01:00:01", 2023),
        ("Jun 16 23:59:59", 2023),
    ] {
        for live in [false, true] {
            let settings = LineSettings { reference: Some(now), live, ..LineSettings::default() };
            let log = format!("{stamp} h a: x\n").into_bytes();
            let seen: Vec<_> = lines_of(&settings, &[log], &[]).iter().map(|line| line.year).collect();
            assert_eq!(seen, [year], "{stamp}, live {live}");
        }
    }
    // Of what comes live each is for itself, also within that day.
    let settings = LineSettings { reference: Some(now), live: true, ..LineSettings::default() };
    let log = b"Jun 16 00:00:00 h a: x\nJun 16 02:00:00 h a: x\nJun 16 00:30:00 h a: x\n".to_vec();
    let seen: Vec<_> = lines_of(&settings, &[log], &[]).iter().map(|line| line.year).collect();
    assert_eq!(seen, [2024, 2023, 2024]);
}

#[test]
fn new_year() {
    years("2024-06-15", &[("Dec 30", 2023), ("Dec 31", 2023), ("Jan  1", 2024), ("Jun  3", 2024)]);
    // Late lines.
    years(
        "2024-06-15",
        &[("Dec 31", 2023), ("Jan  1", 2024), ("Dec 31", 2023), ("Jan  1", 2024), ("Jan  2", 2024)],
    );
    years("2024-06-15", &[("Jan  1", 2024), ("Dec 31", 2023), ("Jan  1", 2024)]);
    years("2024-06-15", &[("Jan  7", 2024), ("Dec 25", 2023), ("Jan  8", 2024)]);
    // A gap forward.
    years("2024-12-30", &[("Jan  8", 2024), ("Dec 25", 2024)]);
    years("2024-12-30", &[("Jan  1", 2024), ("Dec 24", 2024), ("Dec 26", 2024)]);
    // A gap over New Year.
    years("2024-06-15", &[("Oct  1", 2023), ("Mar  1", 2024)]);
    // Steps back.
    years("2024-06-15", &[("Jun 10", 2024), ("Jun  9", 2024), ("Mar  1", 2024), ("Jun 10", 2024)]);
    // Two New Years need a family's own references, or none.
    years("-", &[("Dec 31", 1970), ("Jan  1", 1971), ("Jul  1", 1971), ("Dec 31", 1971), ("Jan  1", 1972)]);
}

/// A device without a set clock writes 1 January at each start: no reason to leave the year.
#[test]
fn an_unset_clock() {
    years("2024-10-15", &[("Oct  1", 2024), ("Jan  1", 2024), ("Jan  1", 2024), ("Oct  2", 2024)]);
    years("2024-12-28", &[("Dec 28", 2024), ("Jan  1", 2024), ("Dec 28", 2024), ("Dec 28", 2024)]);
}

#[test]
fn a_given_year() {
    let log = b"Dec 31 12:00:00 h a: x\nJan  1 12:00:00 h a: x\n".to_vec();
    let settings = LineSettings { year: Some(2015), reference: Some(0), ..LineSettings::default() };
    let seen: Vec<_> = lines_of(&settings, &[log], &[]).iter().map(|line| line.year).collect();
    assert_eq!(seen, [2015, 2016]);
}

/// Each file of a family has a time of its own behind which it has no lines.
#[test]
fn a_family_goes_over_years() {
    let second = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64);
    let settings = LineSettings { reference: second("2023-01-05T00:00:00Z"), ..LineSettings::default() };
    let mut lines = Lines::new(settings);
    lines.push(b"Jul  1 12:00:00 h a: x\nJan  3 12:00:00 h a: x\n");
    lines.end_of_file();
    lines.set_reference(second("2024-01-09T00:00:00Z"));
    lines.push(b"Jul  1 12:00:00 h a: x\nJan  3 12:00:00 h a: x\n");
    lines.finish();
    let mut seen = Vec::new();
    take(&mut lines, &mut seen);
    assert_eq!(seen.iter().map(|line| line.year).collect::<Vec<_>>(), [2022, 2023, 2023, 2024]);
}

/// The years of lines that come live, each on its own day.
#[track_caller]
fn live_years(log: &[(&str, &str, i16)]) {
    let mut lines = Lines::new(LineSettings { live: true, ..LineSettings::default() });
    let mut seen = Vec::new();
    for (now, date, _) in log {
        let now = format!("{now}T12:00:00Z").parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64;
        lines.set_reference(Some(now));
        lines.push(format!("{date} 12:00:00 host app: x\n").as_bytes());
        lines.quiet();
        take(&mut lines, &mut seen);
    }
    let seen: Vec<i16> = seen.iter().map(|line| line.year).collect();
    assert_eq!(seen, log.iter().map(|(_, _, year)| *year).collect::<Vec<_>>(), "{log:?}");
}

#[test]
fn what_comes_live_is_of_the_year_in_which_it_comes() {
    // Silent for less than half a year, over New Year: the month falls by five only.
    live_years(&[("2026-11-18", "Nov 18", 2026), ("2027-06-06", "Jun  6", 2027)]);
    // For a year and more, to the same day.
    live_years(&[("2026-11-18", "Nov 18", 2026), ("2028-11-18", "Nov 18", 2028)]);
    live_years(&[("2026-03-01", "Mar  1", 2026), ("2027-09-01", "Sep  1", 2027)]);
    // Late and early lines around New Year, of clocks and zones that differ.
    live_years(&[
        ("2026-12-31", "Dec 31", 2026),
        ("2026-12-31", "Jan  1", 2027),
        ("2027-01-01", "Dec 31", 2026),
        ("2027-01-01", "Jan  1", 2027),
    ]);
    // Many write to one stream: one whose clock was never set says nothing of the others.
    live_years(&[
        ("2026-10-15", "Oct 15", 2026),
        ("2026-10-15", "Jan  1", 2026),
        ("2026-10-15", "Oct 15", 2026),
    ]);
    live_years(&[("2028-02-29", "Feb 29", 2028), ("2028-03-01", "Feb 29", 2028)]);
}

/// Read from its start the order of lines counts; once all of it was read, the clock does.
#[test]
fn a_file_goes_live_when_it_was_read_to_its_end() {
    let at = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64);
    let mut lines =
        Lines::new(LineSettings { reference: at("2026-11-18T12:00:00Z"), ..LineSettings::default() });
    lines.push(b"Dec 31 12:00:00 h a: x\nJan  1 12:00:00 h a: x\nNov 18 12:00:00 h a: x\n");
    lines.settle();
    lines.go_live();
    lines.set_reference(at("2027-06-06T12:00:00Z"));
    lines.push(b"Jun  6 12:00:00 h a: x\nNov 18 12:00:00 h a: x\n");
    lines.finish();
    let mut seen = Vec::new();
    take(&mut lines, &mut seen);
    assert_eq!(seen.iter().map(|line| line.year).collect::<Vec<_>>(), [2025, 2026, 2026, 2027, 2026]);
}
