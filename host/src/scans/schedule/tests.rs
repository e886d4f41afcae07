use super::*;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn every(hours: u64, missed: Missed) -> Schedule {
    Schedule { when: When::Every(Duration::from_secs(hours * 3600)), jitter: Duration::ZERO, missed }
}

fn cron(text: &str, missed: Missed) -> Schedule {
    let times = Times::new(text, TimeZone::get("Europe/Berlin").unwrap()).unwrap();
    Schedule { when: When::Cron(Box::new(times)), jitter: Duration::ZERO, missed }
}

fn time(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_nanosecond().try_into().unwrap()
}

/// Lives through the time from one to another in minutes, and answers when there was something to do.
fn lived(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
    let (mut now, to) = (time(from), time(to));
    let mut standing = Standing { since: now, ..Standing::default() };
    let mut made = Vec::new();
    while now < to {
        if let Due::Now(due) = schedule.due("a", &standing, now) {
            standing.settled = Some(due);
            made.push(Timestamp::from_nanosecond(due.into()).unwrap().to_string());
        }
        now += MINUTE;
    }
    made
}

#[test]
fn an_hour_that_is_skipped_is_made_up_for_when_the_clock_has_moved_on() {
    let made = lived(&cron("30 2 * * *", Missed::Skip), "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
    assert_eq!(made, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
}

#[test]
fn an_hour_that_is_there_twice_counts_once() {
    let made = lived(&cron("30 2 * * *", Missed::Skip), "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z");
    assert_eq!(made, ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
}

#[test]
fn every_hour_goes_on_as_hours_pass() {
    for (from, to) in
        [("2026-03-29T00:00:30Z", "2026-03-29T06:00:00Z"), ("2026-10-25T00:00:30Z", "2026-10-25T06:00:00Z")]
    {
        assert_eq!(lived(&cron("0 * * * *", Missed::Skip), from, to).len(), 5, "{from}");
    }
}

#[test]
fn an_interval_begins_at_once_and_keeps_its_beat() {
    let (schedule, since) = (every(6, Missed::Once), 1_000 * DAY);
    let mut standing = Standing { since, ..Standing::default() };
    assert_eq!(schedule.due("a", &standing, since), Due::Now(since));
    standing.settled = Some(since);
    assert_eq!(schedule.due("a", &standing, since + MINUTE), Due::At(since + 6 * HOUR));
    assert_eq!(schedule.due("a", &standing, since + 6 * HOUR + MINUTE), Due::Now(since + 6 * HOUR));
}

#[test]
fn what_was_missed_is_skipped_or_made_up_for_once() {
    let since = 1_000 * DAY;
    let standing = Standing { since, settled: Some(since), ..Standing::default() };
    let back = since + 27 * HOUR;
    assert_eq!(every(6, Missed::Skip).due("a", &standing, back), Due::Missed(since + 24 * HOUR));
    assert_eq!(every(6, Missed::Once).due("a", &standing, back), Due::Now(since + 24 * HOUR));
    // Who is back in time for the next one makes it, and not those before.
    let in_time = since + 24 * HOUR + MINUTE;
    assert_eq!(every(6, Missed::Skip).due("a", &standing, in_time), Due::Now(since + 24 * HOUR));
    let monday = Standing { since: time("2026-11-23T00:00:00Z"), ..Standing::default() };
    let friday = time("2026-11-27T12:00:00Z");
    let last = time("2026-11-27T02:00:00Z");
    assert_eq!(cron("0 3 * * *", Missed::Skip).due("a", &monday, friday), Due::Missed(last));
    assert_eq!(cron("0 3 * * *", Missed::Once).due("a", &monday, friday), Due::Now(last));
}

#[test]
fn what_counts_for_nothing_is_due_again_by_the_policy_for_what_was_missed() {
    let since = time("2026-11-23T00:00:00Z");
    let jittered = Schedule { jitter: Duration::from_secs(600), ..every(6, Missed::Once) };
    for schedule in [every(6, Missed::Once), jittered, cron("0 */6 * * *", Missed::Once)] {
        let mut now = since;
        let mut standing = Standing { since, ..Standing::default() };
        for _ in 0..3 {
            let due = loop {
                match schedule.due("a", &standing, now) {
                    Due::Now(due) => break due,
                    Due::At(start) => now = start,
                    other => panic!("{other:?}"),
                }
            };
            standing.settled = Some(due);
            for later in [0, MINUTE, HOUR] {
                assert!(matches!(schedule.due("a", &standing, now + later), Due::At(_)));
                assert_eq!(schedule.due("a", &schedule.unsettled(standing), now + later), Due::Now(due));
                let skips = Schedule { missed: Missed::Skip, ..schedule.clone() };
                let due_again = if later < HOUR { Due::Now(due) } else { Due::Missed(due) };
                assert_eq!(skips.due("a", &skips.unsettled(standing), now + later), due_again);
            }
        }
    }
    let never = Standing { since, ..Standing::default() };
    assert_eq!(every(6, Missed::Once).unsettled(never), never);
}

#[test]
fn jitter_is_the_same_each_time_it_is_asked_and_not_for_another() {
    let schedule = Schedule { jitter: Duration::from_secs(3600), ..every(24, Missed::Skip) };
    let standing = Standing { since: DAY, settled: Some(DAY), ..Standing::default() };
    let starts: Vec<i64> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| match schedule.due(name, &standing, DAY) {
            Due::At(start) => start,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(starts.iter().all(|start| (2 * DAY..2 * DAY + HOUR).contains(start)));
    assert!(starts.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(schedule.due("a", &standing, starts[0] - 1), Due::At(starts[0]));
    assert_eq!(schedule.due("a", &standing, starts[0]), Due::Now(2 * DAY));
}

#[test]
fn a_clock_that_was_set_back_does_not_make_it_wait_until_it_has_caught_up() {
    let standing = Standing { since: 900 * DAY, settled: Some(1_000 * DAY), ..Standing::default() };
    let Due::At(start) = every(6, Missed::Skip).due("a", &standing, 500 * DAY) else { panic!("it is due") };
    assert_eq!(start, 500 * DAY + 6 * HOUR);
}

#[test]
fn a_clock_that_goes_back_a_little_makes_no_time_due_twice() {
    let nine = time("2026-11-26T08:00:00Z");
    let standing = Standing { since: nine - DAY, settled: Some(nine), ..Standing::default() };
    let daily = cron("0 9 * * *", Missed::Skip);
    for back in [1, SECOND, MINUTE, GRACE] {
        assert_eq!(daily.due("a", &standing, nine - back), Due::At(nine + DAY), "{back}");
    }
    assert_eq!(daily.due("a", &standing, nine - GRACE - 1), Due::At(nine));
}

#[test]
fn what_was_told_of_a_time_that_has_not_come_is_told_again() {
    let schedule = every(6, Missed::Skip);
    let standing = Standing { since: DAY, whole: Some(DAY), told: Some(900 * DAY), ..Standing::default() };
    assert_eq!(schedule.overdue("a", &standing, 2 * DAY).map(|late| late.due), Some(2 * DAY));
    // And one that was whole then does not hide it for ever.
    let ahead = Standing { whole: Some(900 * DAY), ..standing };
    assert_eq!(schedule.overdue("a", &ahead, 2 * DAY), None);
}

#[test]
fn it_is_overdue_once_for_each_time_that_passes_without_a_whole_scan() {
    let schedule = every(6, Missed::Skip);
    let mut standing = Standing { since: DAY, whole: Some(DAY), ..Standing::default() };
    assert_eq!(schedule.overdue("a", &standing, DAY + 12 * HOUR), None, "the last one may be underway");
    let late = schedule.overdue("a", &standing, DAY + 13 * HOUR);
    assert_eq!(late, Some(Overdue { due: DAY + 12 * HOUR, late: 7 * HOUR }));
    standing.told = Some(DAY + 12 * HOUR);
    assert_eq!(schedule.overdue("a", &standing, DAY + 17 * HOUR), None);
    assert_eq!(schedule.overdue("a", &standing, DAY + 19 * HOUR).map(|late| late.due), Some(DAY + 18 * HOUR));
    standing.whole = Some(DAY + 18 * HOUR);
    assert_eq!(schedule.overdue("a", &standing, DAY + 19 * HOUR), None);
    // One that never was whole.
    let never = Standing { since: DAY, ..Standing::default() };
    assert_eq!(schedule.overdue("a", &never, DAY + HOUR), None);
    assert!(schedule.overdue("a", &never, DAY + 7 * HOUR).is_some());
}

#[test]
fn what_is_no_time_is_refused() {
    let times = |text| Times::new(text, TimeZone::UTC);
    assert!(matches!(times("0 0 31 2 *"), Err(TimesError::Never(_))));
    for text in ["", "* * * *", "* * * * * *", "60 * * * *", "0 3 * * moon", "\u{0}"] {
        assert!(matches!(times(text), Err(TimesError::Cron { .. })), "{text:?}");
    }
    assert_eq!(times("0 3 * * 1-5").unwrap().text(), "0 3 * * 1-5");
}
