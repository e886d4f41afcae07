//! How brought lines are read: by what is said of their source, at their arrival.

use std::fs;
use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tripline::commit::{Store, Tenant};
use tripline::decode::Format;
use tripline::follow::{FollowSettings, From};
use tripline::incidents::Filter;
use tripline::line::LineSettings;
use tripline::serve::{Follow, StreamSettings};

use crate::remembering::configured;
use crate::running::{PATIENCE, Running, SECOND, START, change, settings};

/// Brings lines and waits until they are on disk.
#[track_caller]
fn commit(running: &Running, settings: StreamSettings, line: &str) {
    let told = running.bring_line("default", settings, format!("{line}\n"));
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Ok(())));
}

/// When the events happened that were decided on, in their order.
fn times(running: &Running) -> Vec<String> {
    let page = running.database.page(&Tenant::default(), &Filter::default(), None, 100).unwrap();
    let mut incidents = page.incidents;
    incidents.retain(|incident| incident.rule == "event");
    incidents.sort_by_key(|incident| incident.id);
    incidents
        .iter()
        .map(|incident| Timestamp::from_nanosecond(incident.first.unwrap().into()).unwrap().to_string())
        .collect()
}

/// RFC 3164 has no year: that of a stream follows from when a line comes, however long it was silent.
#[test]
fn a_stream_that_was_silent_for_months_is_of_the_year_in_which_it_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    assert_eq!(Timestamp::from_nanosecond(START.into()).unwrap().to_string(), "2026-11-18T11:07:00Z");
    commit(&running, settings(None), "Nov 18 10:27:00 host app: n=1");
    running.pass(200 * 24 * 3600);
    commit(&running, settings(None), "Jun  6 10:27:00 host app: n=1");
    running.pass(209 * 24 * 3600);
    commit(&running, settings(None), "Jan  1 10:27:00 host app: n=1");
    commit(&running, settings(None), "Dec 31 10:27:00 host app: n=1");
    assert_eq!(
        times(&running),
        ["2026-11-18T10:27:00Z", "2027-06-06T10:27:00Z", "2028-01-01T10:27:00Z", "2027-12-31T10:27:00Z"]
    );
}

/// Of a file that is read from its start the order of its lines counts; of what comes into it later, when that comes.
#[test]
fn a_file_that_was_read_to_its_end_is_of_the_year_in_which_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    let path = folder.path().join("app.log");
    let line = |day: &str| format!("{day} 10:27:00 host app: n=1\n");
    fs::write(&path, ["Dec 31", "Jan  1", "Nov 18"].map(line).concat()).unwrap();
    let lines = LineSettings { bounded: true, ..LineSettings::default() };
    let settings = FollowSettings { lines, from: From::Start, quiet: SECOND, linger: 60 * SECOND };
    let follow =
        Follow { paths: vec![path.clone()], tenant: Tenant::default(), settings, silent_after: None };
    running.control.change(change(vec![configured()], vec![follow], Vec::new()));
    running.until("the file is read", |running| {
        running.pass(1);
        running.count_of("default", "event") == 3
    });
    running.pass(200 * 24 * 3600);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(line("Jun  6").as_bytes()).unwrap();
    running.until("it is read on", |running| {
        running.pass(1);
        running.count_of("default", "event") == 4
    });
    let days: Vec<String> = times(&running).iter().map(|time| time[..10].to_string()).collect();
    assert_eq!(days, ["2025-12-31", "2026-01-01", "2026-11-18", "2027-06-06"]);
}

/// A disk that is full at the first commit shows: the age counts from the start.
#[test]
fn the_last_barrier_is_the_start_until_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    running.until("it serves", |running| running.health.last_barrier().is_some());
    assert_eq!(running.health.last_barrier(), Some(START));
    running.pass(60);
    commit(&running, settings(None), "2026-11-18 10:00:00 app n=1");
    running.until("a barrier", |running| running.health.last_barrier() == Some(START + 60 * SECOND));
}

/// What a configuration says of a source may change between two batches, and counts for the next.
#[test]
fn a_batch_is_read_as_it_says_itself() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    let berlin = StreamSettings { timezone: TimeZone::get("Europe/Berlin").unwrap(), ..settings(None) };
    commit(&running, settings(None), "2026-11-18 10:00:00 app n=1");
    commit(&running, berlin, "2026-11-18 10:00:00 app n=1");
    let plain = StreamSettings { format: Some(Format::Plain), ..settings(None) };
    commit(&running, plain, "2026-11-18 10:00:00 app n=1");
    let page = running.database.page(&Tenant::default(), &Filter::default(), None, 100).unwrap();
    let mut firsts: Vec<(i64, Option<i64>)> =
        page.incidents.iter().map(|incident| (incident.id, incident.first)).collect();
    firsts.sort_unstable();
    let ten = 1_794_996_000 * SECOND;
    // What fits no format has no time of its own.
    assert_eq!(
        firsts[..2].iter().map(|(_, first)| *first).collect::<Vec<_>>(),
        [Some(ten), Some(ten - 3600 * SECOND)]
    );
    assert_eq!(firsts.len(), 3);
    assert_ne!(firsts[2].1, Some(ten));
}

/// Its first lines name the columns of all others, and are not read again: not by who begins at the end, nor by who
/// goes on after a stop.
#[test]
fn lines_whose_columns_were_named_before_are_read_as_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u_ex.log");
    let head = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n\
                #Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status\n";
    let row = |hour: u32| format!("2026-11-18 {hour:02}:27:00 GET /a.aspx n=1 192.0.2.7 200\n");
    let add = |hour: u32| {
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(row(hour).as_bytes()).unwrap();
    };
    fs::write(&path, [head, &row(7)].concat()).unwrap();
    let follow = || {
        let lines = LineSettings { bounded: true, ..LineSettings::default() };
        let settings = FollowSettings { lines, from: From::End, quiet: SECOND, linger: 60 * SECOND };
        Follow { paths: vec![path.clone()], tenant: Tenant::default(), settings, silent_after: None }
    };
    let mut expected = Vec::new();
    for hour in [8, 9] {
        let mut running = Running::new(folder.path(), 16, Vec::new());
        running.control.change(change(vec![configured()], vec![follow()], Vec::new()));
        running.until("it is known where reading begins", |running| {
            running.pass(1);
            let known = running.database.source(&Tenant::default(), path.to_str().unwrap()).unwrap();
            !known.files.is_empty()
        });
        add(hour);
        expected.push(format!("2026-11-18T{hour:02}:27:00Z"));
        running.until("the row is judged", |running| {
            running.pass(1);
            running.count_of("default", "event") == expected.len() as u64
        });
        assert_eq!(times(&running), expected);
        running.end().unwrap().unwrap();
    }
}
