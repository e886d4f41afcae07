//! Lines that belong to the event before them, by example.

use tripline_engine::line::LineSettings;

use super::lines_of;

fn texts(settings: &LineSettings, log: &str) -> Vec<String> {
    let seen = lines_of(settings, &[log.as_bytes().to_vec()], &[]).into_iter();
    seen.map(|line| String::from_utf8(line.text).unwrap()).collect()
}

/// Events stand behind `▸`; the lines below one without it join it.
#[track_caller]
fn joins(drawn: &str) {
    let expected: Vec<String> =
        drawn.split("▸").skip(1).map(|event| event.trim_end_matches('\n').to_owned()).collect();
    assert_eq!(texts(&LineSettings::default(), &drawn.replace('▸', "")), expected);
}

#[test]
fn a_traceback_joins() {
    joins(
        "▸2024-01-01 12:00:00 ERROR upload failed
Traceback (most recent call last):
  File \"upload.py\", line 7, in send
    raise Timeout(host)
Timeout: 192.0.2.7
▸2024-01-01 12:00:01 ERROR save failed: Traceback (most recent call last):
  File \"save.py\", line 7, in save
OSError
▸a line before it
Traceback (most recent call last):
  File \"x.py\", line 7
KeyError: 7
▸Traceback (most recent call last):
  File \"x.py\", line 7
KeyError: 8
▸2024-01-01 12:00:02 ERROR no exception follows
Traceback (most recent call last):
  File \"x.py\", line 7
▸2024-01-01 12:00:03 INFO ok
",
    );
}

#[test]
fn a_stack_trace_joins() {
    joins(
        "▸2024-01-01 12:00:01 ERROR save failed
▸java.lang.IllegalStateException: closed
\tat db.Pool.get(Pool.java:31)
\tSuppressed: java.io.IOException
\t\tat db.Pool.close(Pool.java:77)
Caused by: java.io.IOException: reset
\t... 12 more
▸Caused by nothing
▸2024-01-01 12:00:02 INFO ok
",
    );
}

#[test]
fn a_header_is_never_joined() {
    joins(
        "▸Dec 10 06:55:46 host app[1]: hello
  world
▸   Dec 10 06:55:47 host sshd[1]: Failed password for root from 192.0.2.7 port 22 ssh2
▸\tDec 10 06:55:47 host sshd[1]: Failed password for root from 192.0.2.7 port 22 ssh2
▸  <34>Dec 10 06:55:48 host sshd[1]: x
▸  2024-01-01T00:00:00Z host sshd[1]: x
▸Dec 10 06:55:46 host app[1]: hello
",
    );
}

#[test]
fn an_indented_log_is_a_line_an_event() {
    joins("▸  one\n▸  two\n    deeper\n▸ less\n  deeper again\n");
}

#[test]
fn an_empty_line_ends_an_event() {
    let seen =
        texts(&LineSettings::default(), "one\n  joined\n\n  alone\n\n\nTraceback (most recent call last):\n");
    assert_eq!(seen, ["one\n  joined", "  alone", "Traceback (most recent call last):"]);
}

#[test]
fn json_is_not_joined() {
    let log = "{\"a\":1}\n{\"a\":2}\n  {\"a\":3}\n  text\n";
    assert_eq!(texts(&LineSettings::default(), log), ["{\"a\":1}", "{\"a\":2}", "  {\"a\":3}", "  text"]);
}

#[test]
fn a_json_object_stays_whole() {
    joins("▸text\n  joins\n▸{\"a\":1}\n▸  no part of it\n▸text\n");
}

#[test]
fn joining_has_bounds() {
    let log = format!("first\n{}", "  at x\n".repeat(25));
    let events = texts(&LineSettings { max_joined: 10, ..LineSettings::default() }, &log);
    let lengths: Vec<_> = events.iter().map(|event| event.lines().count()).collect();
    assert_eq!(lengths, [10, 10, 6]);
    let events = texts(&LineSettings { max_bytes: 20, ..LineSettings::default() }, &log);
    assert!(events.iter().all(|event| event.len() <= 20));
    assert_eq!(events[..2], ["first\n  at x\n  at x", "  at x\n  at x\n  at x"]);
}
