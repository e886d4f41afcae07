//! Decoding: what must hold for any bytes.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tripline_engine::decode::{Columns, Decoder, Format};
use tripline_engine::event::{Event, EventField, Name, Place};

/// What lines are made of, so that odd neighbours meet.
const PARTS: &[&str] = &[
    "Dec 10 06:55:46",
    "Dec  1 06:55:46",
    "Feb 29 23:59:60",
    "Jan 01 2024 12:00:00",
    "2024-01-01T12:00:00.5Z",
    "2024-01-01 12:00:00,123",
    "2024/01/01 12:00:00",
    "[2024-01-01 12:00:00]",
    "[Sun Dec 04 04:47:44 2005]",
    "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /",
    "2024/01/01 12:00:00 [error] 1#2: ",
    ", client: 192.0.2.7",
    ", server: _",
    ", referrer: \"",
    "(36)a: ",
    "10.0.0.1, ",
    "example.org ",
    "[10/Oct/2000:13:55:36 +0000] ",
    "stdout F ",
    "[12345.6] ",
    "rt=1700000000000 ",
    "end=Nov 14 2023 22:13:20 ",
    "date=2024-01-01 time=12:00:00 ",
    "tz=\"+0200\" ",
    ", request: \"GET /%41",
    ", host: \"a\"",
    "[core:error] ",
    "[pid 1:tid 2] ",
    "[client ::1:2] ",
    "type=EXECVE msg=audit(1700000000.1:7): ",
    "type=1 audit(1:2): ",
    "a0=2F00",
    "msg='",
    "'",
    "audit: ",
    "CEF:0|a|b|c|d|e|f|",
    "|",
    " a=b ",
    "level=info ",
    "msg=\"",
    "time=2024-01-01T12:00:00Z ",
    "nginx: ",
    "#Fields: a\n",
    "2024-01-01 12:00:00 192.0.2.7 ",
    "\"\"",
    "\"a \"\"b\"\" c\" ",
    "Mozilla/5.0+(X) ",
    "/a%2e+b ",
    "MESSAGE=",
    "_COMM=sshd\n",
    "MESSAGE\n\u{3}\0\0\0\0\0\0\0a\nb\n",
    "MESSAGE\n\u{3}\0\0\0\0\0\0\u{7f}",
    "__REALTIME_TIMESTAMP=1700000000000000\n",
    " - frank [10/Oct/2000:13:55:36 +0000] \"",
    "www.example.org:443 ",
    "?a=",
    "+",
    "%41%2541",
    "\\x41",
    " HTTP/1.1\" 200 -",
    "+0100",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "<34>",
    "<34>1 ",
    "<",
    ">",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\0",
    "-",
    "- ",
    " - - - - ",
    "host",
    "sshd[1]: ",
    "kernel: ",
    "app(pam)",
    "[",
    "]",
    "(",
    ")",
    ":",
    "/",
    "ERROR",
    "[x v=\"",
    "\"]",
    "=",
    "{",
    "}",
    "{\"",
    "\"",
    "\":",
    ",",
    ",\"",
    "\\",
    "\\\"",
    "\\]",
    "\\u0041",
    "\\ud83d",
    "\\ude00",
    "\\u",
    "[73,110]",
    "\"MESSAGE\":[73,255]",
    "\"time\":",
    "\"ts\":1700000000",
    "\"message\":\"m\"",
    "\"service\":\"/usr/sbin/sshd(x)\"",
    "\"host\":null",
    "\"hostname\":\"h\"",
    "null",
    "true",
    "1e9",
    "-0.5",
    "\u{feff}",
    "\u{e9}",
];

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let parts = || prop::collection::vec(prop::sample::select(PARTS), 0..12).prop_map(|parts| parts.concat());
    // Longer than any bound of what may stand before something.
    let long = || {
        let parts = || prop::collection::vec(prop::sample::select(PARTS), 0..6);
        (parts(), prop::sample::select(PARTS), 1..700usize, parts()).prop_map(
            |(before, part, times, behind)| {
                [before.concat(), part.repeat(times), behind.concat()].concat().into_bytes()
            },
        )
    };
    let members = || {
        prop::collection::vec((name(), value()), 0..8).prop_map(|members| {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            format!("{{{}}}", members.join(",")).into_bytes()
        })
    };
    let bent = |line: Vec<u8>| {
        (Just(line), any::<prop::sample::Index>(), any::<Option<u8>>()).prop_map(|(mut line, at, byte)| {
            if !line.is_empty() {
                let at = at.index(line.len());
                line.splice(at..at + 1, byte);
            }
            line
        })
    };
    prop_oneof![
        parts().prop_map(String::into_bytes),
        long(),
        parts().prop_map(String::into_bytes).prop_flat_map(bent),
        members(),
        members().prop_flat_map(bent),
        prop::collection::vec(any::<u8>(), 0..80),
    ]
}

/// A member's name, with an escape now and then.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "time",
        "ts",
        "@timestamp",
        "message",
        "MESSAGE",
        "msg",
        "host",
        "hostname",
        "program",
        "pid",
        "_PID",
    ];
    let others = ["service", "SYSLOG_IDENTIFIER", "a", "", "\\u0061", "t\\u0069me", "\\\"", "\u{e9}"];
    prop::sample::select([&known[..], &others[..]].concat()).prop_map(|name| format!("\"{name}\""))
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (1e8..2e18).prop_map(|number: f64| number.to_string()),
        Just("\"2024-01-01T12:00:00+01:00\"".to_owned()),
        Just("\"sshd(pam_unix)\"".to_owned()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<Vec<u8>>().prop_map(|list| format!("{list:?}")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(" , "))),
            prop::collection::vec((name(), inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn decoders() -> impl Strategy<Value = Decoder> {
    let formats = prop_oneof![4 => prop::sample::select(&Format::ALL[..]), 1 => Just(Format::W3c)];
    (formats, prop::sample::select(ZONES), any::<bool>(), prop::sample::select(COLUMNS)).prop_map(
        |(format, zone, fixed, columns)| {
            let decoder = Decoder::new(format, TimeZone::posix(zone).unwrap(), fixed);
            decoder.of_columns(Columns::new(columns).map(Arc::new))
        },
    )
}

const COLUMNS: &[&str] = &[
    "",
    "a",
    "date time c-ip",
    "time level date",
    "date time c-ip cs(User-Agent) cs-uri-stem cs-uri-query",
    "cs-uri-query cs-uri-stem cs-uri-stem cs(User-Agent)",
];

const ZONES: &[&str] = &[
    "UTC0",
    "<+0530>-5:30",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
];

/// All places of an event.
fn places(event: &Event) -> Vec<Place> {
    let mut places: Vec<Place> = event.message.into_iter().collect();
    let mut name = |name| match name {
        Name::Place(place) => places.push(place),
        Name::Known(_) => {}
    };
    event.log_source.service.into_iter().for_each(&mut name);
    event.fields.iter().for_each(|field| name(field.name));
    places.extend(event.fields.iter().map(|field| field.value));
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// For any bytes: an event, its places in range, and the promises of `time` and `may_change` kept.
    #[test]
    fn any_line_is_an_event(decoder in decoders(), line in lines(), year in any::<i16>(), before in lines()) {
        let mut event = Event::default();
        decoder.decode(&line, year, &mut event);
        for place in places(&event) {
            let bytes = if place.in_arena { &event.arena } else { &line };
            prop_assert!(place.start <= place.end && place.end as usize <= bytes.len(), "{place:?}");
            prop_assert!(!place.in_arena || decoder.may_change(&line), "{place:?}");
        }
        // A target has a place of its own beside its parts, and names of columns are no part of the line.
        let names = decoder.columns().map(|columns| columns.to_string().len());
        let most = names.map_or(line.len(), |names| 2 * line.len() + names);
        prop_assert!(event.arena.len() <= most);
        let finding = decoder.format() == Format::Finding;
        prop_assert_eq!(event.log_source.scan, finding);
        prop_assert!(event.message.is_some() || finding);
        prop_assert!(!decoder.may_change(&line) || decoder.may_change_any(&line));
        prop_assert_eq!(decoder.time(&line, year), event.time);

        let mut used = Event::default();
        decoder.decode(&before, year, &mut used);
        decoder.decode(&line, year, &mut used);
        prop_assert_eq!(format!("{used:?}"), format!("{event:?}"));
    }

    /// What is JSON to serde_json has the same members here.
    #[test]
    fn json_is_what_serde_says(line in lines()) {
        let decoder = Decoder::new(Format::Json, TimeZone::UTC, true);
        let mut event = Event::default();
        decoder.decode(&line, 2024, &mut event);
        let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(&line) else { return Ok(()) };
        for (name, value) in &members {
            // serde_json keeps the last of a name.
            let same = |field: &&EventField| event.name(&line, field.name) == name.as_bytes();
            let known = |field: &&EventField| matches!(field.name, Name::Place(_));
            let field = event.fields.iter().filter(known).rfind(same);
            let field = field.ok_or_else(|| TestCaseError::fail(format!("no {name:?}")))?;
            let text = event.text(&line, field.value);
            match value {
                serde_json::Value::String(value) => prop_assert_eq!(text, value.as_bytes()),
                value => {
                    let again: serde_json::Value = serde_json::from_slice(text).unwrap();
                    prop_assert_eq!(&again, value);
                }
            }
        }
    }

    /// A finding has the members of its line, no more, and its time is that of `time`.
    #[test]
    fn a_finding_is_its_members(line in lines()) {
        let (mut finding, mut json) = (Event::default(), Event::default());
        Decoder::new(Format::Finding, TimeZone::UTC, true).decode(&line, 2024, &mut finding);
        Decoder::new(Format::Json, TimeZone::UTC, true).decode(&line, 2024, &mut json);
        let members = |event: &Event| {
            let fields = event.fields.iter().filter(|field| matches!(field.name, Name::Place(_)));
            let text = |place| event.text(&line, place).to_vec();
            fields.map(|field| (event.name(&line, field.name).to_vec(), field.kind, text(field.value))).collect::<Vec<_>>()
        };
        prop_assert_eq!(members(&finding), members(&json));
        prop_assert_eq!(finding.fields.len(), members(&finding).len());
        prop_assert!(finding.log_source.service.is_none());
    }

    /// What is no JSON to serde_json is none here, but for the points in which we are laxer.
    #[test]
    fn json_is_not_what_serde_refuses(line in lines()) {
        let Err(error) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line) else { return Ok(()) };
        let lax = ["control character", "surrogate", "hex escape", "out of range", "unicode", "recursion"];
        let error = error.to_string();
        let is_text = std::str::from_utf8(&line).is_ok();
        let decoder = Decoder::new(Format::Json, TimeZone::UTC, true);
        let mut event = Event::default();
        decoder.decode(&line, 2024, &mut event);
        let nothing = event.fields.is_empty() && event.message == Some(Place::line(0, line.len()));
        let mut before = line.iter().take_while(|byte| **byte <= b' ');
        let after_control = before.any(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        prop_assert!(nothing || !is_text || after_control || lax.iter().any(|lax| error.contains(lax)), "{error}");
    }

    /// Local times are what jiff says, also where clocks are set.
    #[test]
    fn local_time_is_what_jiff_says(zone in prop::sample::select(ZONES), hours in -700_000i64..2_000_000, half in any::<bool>()) {
        let zone = TimeZone::posix(zone).unwrap();
        let decoder = Decoder::new(Format::Iso, zone.clone(), false);
        let local = jiff::Timestamp::from_second(hours * 3600 + i64::from(half) * 1800).unwrap();
        let local = jiff::tz::Offset::UTC.to_datetime(local);
        let line = format!("{local} text");
        let expected = zone.to_ambiguous_timestamp(local).compatible().unwrap().as_nanosecond();
        prop_assert_eq!(decoder.time(line.as_bytes(), 0).map(i128::from), Some(expected));
    }
}

/// Dates without a year are what jiff says, and the twelve months are the only ones.
#[test]
fn dates_are_what_jiff_says() {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let decoder = Decoder::new(Format::Rfc3164, TimeZone::UTC, true);
    let decoded = |line: &str, year| {
        let mut event = Event::default();
        decoder.decode(line.as_bytes(), year, &mut event);
        (event.time, !event.fields.is_empty())
    };
    let days = (0..12).flat_map(|month| (0..34).map(move |day| (month, day)));
    for (year, (month, day)) in days.flat_map(|date| [1900, 2000, 2023, 2024].map(|year| (year, date))) {
        let date = match (month, day) {
            // The day behind the 28th.
            (1, 29) => jiff::civil::Date::new(year, 2, 28).and_then(|date| date.tomorrow()),
            _ => jiff::civil::Date::new(year, month + 1, day),
        };
        let instant = date.and_then(|date| date.at(6, 55, 46, 0).to_zoned(TimeZone::UTC));
        let expected = instant.ok().map(|instant| instant.timestamp().as_nanosecond() as i64);
        let line = format!("{} {day:2} 06:55:46 host app: text", MONTHS[month as usize]);
        assert_eq!(decoded(&line, year), (expected, true), "{year} {line}");
    }
    for letters in 0..26 * 26 * 26 {
        let letter = |first: u8, number: u32| char::from(first + (number % 26) as u8);
        let name: String =
            [letter(b'A', letters / 676), letter(b'a', letters / 26), letter(b'a', letters)].iter().collect();
        let known = MONTHS.contains(&&*name);
        assert_eq!(decoded(&format!("{name} 10 06:55:46 host app: text"), 2024).1, known, "{name}");
    }
}

/// Objects and lists may stand 128 deep in one another and no deeper, and depth costs no stack.
#[test]
fn depth_is_bounded() {
    let decoder = Decoder::new(Format::Json, TimeZone::UTC, true);
    let fields = |depth: usize, open: &str, close: &str| {
        let line = format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth));
        let mut event = Event::default();
        decoder.decode(line.as_bytes(), 2024, &mut event);
        event.fields.len()
    };
    for (open, close) in [("[", "]"), ("{\"b\":", "}")] {
        assert_eq!(fields(127, open, close), 1);
        assert_eq!(fields(128, open, close), 0);
        assert_eq!(fields(100_000, open, close), 0);
    }
}

/// Steps of a zone, minute by minute around them.
#[test]
fn clock_changes() {
    for zone in ZONES {
        let zone = TimeZone::posix(zone).unwrap();
        let decoder = Decoder::new(Format::Iso, zone.clone(), false);
        let start = "2023-06-01T00:00:00Z".parse().unwrap();
        for step in zone.following(start).take(4) {
            let around = jiff::tz::Offset::UTC.to_datetime(step.timestamp());
            for minute in -15 * 60..15 * 60 {
                let local = around + jiff::SignedDuration::from_mins(minute);
                let expected = zone.to_ambiguous_timestamp(local).compatible().unwrap().as_nanosecond();
                let time = decoder.time(format!("{local}").as_bytes(), 0);
                assert_eq!(time.map(i128::from), Some(expected), "{local} {zone:?}");
            }
        }
    }
}
