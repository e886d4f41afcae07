//! Events that do not end where lines do: records of documents, entries of a journal; and columns that lines name.

use proptest::prelude::*;
use serde_json::{Value, json};
use tripline_engine::decode::{Format, Layout};
use tripline_engine::event::{Event, Name};
use tripline_engine::line::{LineSettings, Lines, Mark};

use super::{Seen, lines_of};

fn given(format: Format) -> LineSettings {
    LineSettings { format: Some(format), ..LineSettings::default() }
}

/// What is found in a log: format, and each event with its offset and the number of its line.
#[track_caller]
fn events(log: &[u8], format: Format, expected: &[(&str, u64, u64)]) {
    for pieces in [&[][..], &[1], &[7, 2]] {
        let seen = lines_of(&LineSettings::default(), &[log.to_vec()], pieces);
        assert!(seen.iter().all(|line| line.format == format && !line.cut), "{seen:?}");
        let found = seen.iter().map(|line| (str::from_utf8(&line.text).unwrap(), line.offset, line.number));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_record_is_an_event() {
    events(
        br#"{"Records":[{"a":"]}\""},{"b":[{}]}]}"#,
        Format::Records,
        &[(r#"{"a":"]}\""}"#, 12, 1), (r#"{"b":[{}]}"#, 25, 1)],
    );
    let pretty = "{\n  \"value\": [\n    {\n      \"a\": 1\n    },\n    {\"b\": 2}\n  ],\n  \"next\": [1]\n}\n{\"c\":3}\n";
    let expected = [("{\n      \"a\": 1\n    }", 19, 3), ("{\"b\": 2}", 45, 6), ("{\"c\":3}", 75, 10)];
    events(pretty.as_bytes(), Format::Records, &expected);
    // Numbers, texts and words are no objects, and are not lost either.
    events(
        br#"{"events":[{},1, "x",true,[2]],"records":[null]}"#,
        Format::Records,
        &[("{}", 11, 1), ("1", 14, 1), ("\"x\"", 17, 1), ("true", 21, 1), ("[2]", 26, 1), ("null", 42, 1)],
    );
}

/// Where something stands before the list, what is in it says whether it is the document's.
#[test]
fn a_list_further_behind_is_found_by_its_times() {
    let cloudwatch = r#"{"messageType":"DATA_MESSAGE","logStream":"a","subscriptionFilters":["b"],"logEvents":[{"id":"1","timestamp":1704110400000,"message":"c"},{"id":"2","timestamp":1704110401000,"message":"d"}]}"#;
    let found = lines_of(&LineSettings::default(), &[cloudwatch.into()], &[]);
    let texts: Vec<&[u8]> = found.iter().map(|line| &line.text[..]).collect();
    let expected: [&[u8]; 2] = [
        br#"{"id":"1","timestamp":1704110400000,"message":"c"}"#,
        br#"{"id":"2","timestamp":1704110401000,"message":"d"}"#,
    ];
    assert_eq!(texts, expected);
    assert!(found.iter().all(|line| line.format == Format::Records));
    let graph = "{\n  \"@odata.context\": \"https://graph\",\n  \"value\": [\n    {\"id\": 1, \"activityDateTime\": \"2024-01-01T12:00:00Z\"}\n  ]\n}\n";
    let record = "{\"id\": 1, \"activityDateTime\": \"2024-01-01T12:00:00Z\"}";
    events(graph.as_bytes(), Format::Records, &[(record, 56, 4)]);
    let lookup = r#"{"Events":[{"EventId":"1","EventTime":"2024-01-01T12:00:00+00:00"}],"NextToken":"a"}"#;
    events(
        lookup.as_bytes(),
        Format::Records,
        &[(r#"{"EventId":"1","EventTime":"2024-01-01T12:00:00+00:00"}"#, 11, 1)],
    );
    // Of a list that is longer than a format's sample, the first object tells.
    let long =
        format!(r#"{{"a":{{}},"value":[{{"time":1704110400}}{}]}}"#, r#",{"time":1704110401}"#.repeat(8192));
    let found = lines_of(&LineSettings::default(), &[long.into()], &[4096]);
    assert_eq!((found.len(), found[0].format), (8193, Format::Records));
    let one = [
        r#"{"time":"2024-01-01T12:00:00Z","events":[{"time":1704110400}]}"#,
        r#"{"a":1,"events":[{"time":1704110400}],"message":"text"}"#,
        r#"{"a":1,"events":[{"b":1}]}"#,
        r#"{"a":1,"events":[{"b":{"time":1704110400}}]}"#,
        r#"{"a":{"events":[{"time":1704110400}]}}"#,
        r#"{"a":1,"events":[]}"#,
    ];
    for event in one {
        events(event.as_bytes(), Format::Json, &[(event, 0, 1)]);
    }
}

/// A document may be the list of its records, without an object around it.
#[test]
fn a_record_of_a_bare_list_is_an_event() {
    events(
        br#"[{"a":"]}\""},{"value":[{}]},[2],1]"#,
        Format::Records,
        &[(r#"{"a":"]}\""}"#, 1, 1), (r#"{"value":[{}]}"#, 14, 1), ("[2]", 29, 1), ("1", 33, 1)],
    );
    let pretty = " [\r\n  {\r\n    \"a\": 1\r\n  },\r\n  {}\r\n]\r\n[{\"b\":2}]{\"c\":3}\n[]";
    let expected =
        [("{\r\n    \"a\": 1\r\n  }", 6, 2), ("{}", 29, 5), ("{\"b\":2}", 37, 7), ("{\"c\":3}", 45, 7)];
    events(pretty.as_bytes(), Format::Records, &expected);
}

/// A bracket with no object behind it is a line like any other.
#[test]
fn a_list_of_anything_else_is_a_line() {
    let log = "[1,\n{\"a\":1}]\n[\n \n1,x\n[\r\n{\"b\":2}, \n[{\"c\":3}]\n[";
    let expected = [
        ("[1,", 0, 1),
        ("{\"a\":1}", 4, 2),
        ("]", 11, 2),
        // Of one that has nothing behind it in its line, all are events, as of a list within an object.
        ("1", 17, 5),
        ("x", 19, 5),
        ("{\"b\":2}", 24, 7),
        // As of any list that was never finished, the next document is taken for a record.
        ("[{\"c\":3}]", 34, 8),
        ("[", 44, 9),
    ];
    for pieces in [&[][..], &[1], &[5]] {
        let seen = lines_of(&given(Format::Records), &[log.into()], pieces);
        let found = seen.iter().map(|line| (str::from_utf8(&line.text).unwrap(), line.offset, line.number));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
    // By such a beginning no format is found.
    for log in ["[1,2]\n", "[{a,b}]\n", "[[{\"a\":1}]]\n"] {
        assert_eq!(lines_of(&LineSettings::default(), &[log.into()], &[])[0].format, Format::Plain);
    }
    let deep = format!("[{{}},{}\n{{\"x\":{{}}}}", "[".repeat(200));
    let seen = lines_of(&given(Format::Records), &[deep.into_bytes()], &[3]);
    assert_eq!(seen.iter().map(|line| line.text.len()).collect::<Vec<_>>(), [2, 200, 8]);
}

#[test]
fn a_broken_document_hides_one_other_at_most() {
    let log = "{\"Records\":[{\"a\":1},{\"b\":\"never ends\n{\"Records\":[{\"c\":3}]}\nno JSON\r\n{\"d\":4";
    events(
        log.as_bytes(),
        Format::Records,
        &[
            ("{\"a\":1}", 12, 1),
            ("{\"b\":\"never ends", 20, 1),
            ("{\"c\":3}", 49, 2),
            ("no JSON", 59, 3),
            ("{\"d\":4", 68, 4),
        ],
    );
    // One that ends between two records takes the next document for a record, and the one behind that for none.
    let log = "{\"Records\":[{\"a\":1},\n{\"Records\":[{\"b\":2}]}\n{\"Records\":[{\"c\":3}]}\n";
    let expected = [("{\"a\":1}", 12, 1), ("{\"Records\":[{\"b\":2}]}", 21, 2), ("{\"c\":3}", 55, 3)];
    events(log.as_bytes(), Format::Records, &expected);
    let deep = format!("{{\"Records\":[{{}},{}\n{{\"x\":{{}}}}", "[".repeat(200));
    let seen = lines_of(&given(Format::Records), &[deep.into_bytes()], &[3]);
    assert_eq!(seen.iter().map(|line| line.text.len()).collect::<Vec<_>>(), [2, 200, 8]);
}

/// A form feed is no blank between documents, also where nothing comes behind it.
#[test]
fn a_form_feed_is_text() {
    for log in [" \x0c", "\r\x0c\r", "{}\n\x0c \n", " \x0c\x0c"] {
        let seen = lines_of(&given(Format::Records), &[log.into()], &[]);
        assert!(seen.last().unwrap().text.starts_with(b"\x0c"), "{seen:?}");
    }
}

/// One line of megabytes is bounded events, and so is one endless record, or a list that begins and never comes.
#[test]
fn records_are_bounded() {
    for (start, end) in [("{\"Records\":[", "]}"), ("[", "]"), ("[", ",")] {
        let mut lines = Lines::new(given(Format::Records));
        lines.push(start.as_bytes());
        let mut without_end = |first: &str, piece: Vec<u8>| {
            lines.push(first.as_bytes());
            for _ in 0..64 {
                lines.push(&piece);
                assert!(lines.next_block().is_none());
            }
        };
        without_end("", vec![b' '; 1 << 20]);
        without_end("{\"a\":\"", vec![b'x'; 1 << 20]);
        lines.push(b"\"},");
        for _ in 0..100_000 {
            lines.push(b"{\"a\":\"0123456789\"},");
        }
        lines.push(b"{}");
        lines.push(end.as_bytes());
        lines.finish();
        let (mut seen, mut cut) = (0, 0);
        while let Some(block) = lines.next_block() {
            assert!(block.bytes.len() < 2 << 20, "{}", block.bytes.len());
            seen += block.lines.len();
            cut += block.lines.iter().filter(|line| line.cut).count();
        }
        assert_eq!((seen, cut), (100_002, 1));
    }
}

#[test]
fn an_entry_is_an_event() {
    let first = "__CURSOR=s=1\nMESSAGE\n\u{5}\0\0\0\0\0\0\0a\n\n\nb\n_PID=1";
    let log = format!("\n{first}\n\n\n__CURSOR=s=2\nMESSAGE=x\n");
    let second = 1 + first.len() as u64 + 3;
    events(log.as_bytes(), Format::Journal, &[(first, 1, 2), ("__CURSOR=s=2\nMESSAGE=x", second, 11)]);
}

/// What is brought together is whole, and what is brought next goes on with nothing of it.
#[test]
fn a_batch_hides_nothing_of_the_next() {
    let table = [
        (
            Format::Records,
            ["{\"Records\":[{\"a\":1},\n", "{\"Records\":[{\"b\":2}]}\n"],
            [("{\"a\":1}", 12, 1), ("{\"b\":2}", 33, 2)],
        ),
        (
            Format::Records,
            ["{\"Records\":[{\"a\":1\n", "{\"Records\":[{\"b\":2}]}\n"],
            [("{\"a\":1", 12, 1), ("{\"b\":2}", 31, 2)],
        ),
        (
            Format::Records,
            ["{\"Records\":[{\"a\":1}],\n", "{\"Records\":[{\"b\":2}]}\n"],
            [("{\"a\":1}", 12, 1), ("{\"b\":2}", 34, 2)],
        ),
        (Format::Records, ["[{\"a\":1},\n", "[{\"b\":2}]\n"], [("{\"a\":1}", 1, 1), ("{\"b\":2}", 11, 2)]),
        (Format::Records, ["[\n", "{\"b\":2}]\n"], [("{\"b\":2}", 2, 2), ("]", 9, 2)]),
        (Format::Journal, ["A=1\nB=2\n", "C=3\n\n"], [("A=1\nB=2", 0, 1), ("C=3", 8, 3)]),
        (
            Format::Journal,
            ["A\n\u{9}\0\0\0\0\0\0\0a\n", "C=3\n\n"],
            [("A\n\u{9}\0\0\0\0\0\0\0a\n", 0, 1), ("C=3", 12, 3)],
        ),
    ];
    for (format, batches, expected) in table {
        let (mut lines, mut seen) = (Lines::new(given(format)), Vec::new());
        for batch in batches {
            lines.push(batch.as_bytes());
            lines.end_of_batch();
            super::take(&mut lines, &mut seen);
            assert_eq!(lines.mark().format, None);
        }
        let found = seen.iter().map(|line| (str::from_utf8(&line.text).unwrap(), line.offset, line.number));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}

/// A length that cannot be is none, and hides nothing behind the entry that it is in.
#[test]
fn a_length_that_lies_is_none() {
    let log = [
        &b"A=1\nB\n\xff\xff\xff\xff\xff\xff\xff\xffMESSAGE=x\n\nC=3\nMESSAGE\n"[..],
        &[9, 0, 0, 3, 0, 0, 0, 0],
        b"y\n\n",
    ]
    .concat();
    let seen = lines_of(&given(Format::Journal), &[log], &[]);
    assert_eq!(seen.len(), 2);
    assert!(seen[0].text.ends_with(b"MESSAGE=x") && seen[1].text.starts_with(b"C=3"));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\\[\\]{}\", \\\\\n\u{e9}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"]{0,4}|value|events", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn written(value: &Value, pretty: bool) -> String {
    if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() }
}

fn field() -> impl Strategy<Value = (String, Vec<u8>)> {
    let value = prop_oneof![
        "[a-z =]{0,9}".prop_map(String::into_bytes),
        prop::collection::vec(prop::sample::select(&b"\n\n\n\0a=\xff"[..]), 0..12),
    ];
    ("[A-Z_][A-Z0-9_]{0,5}", value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Each record of each document is an event, and a document without a list is one.
    #[test]
    fn records_are_what_serde_says(
        documents in prop::collection::vec((
            prop::sample::select(&["Records", "records", "Findings", "logEvents", "value", "entries", "Events", "events", "none", "bare"][..]),
            prop::collection::vec(json_value(), 0..5), any::<bool>(), prop::option::of("[a-z]{0,3}"),
        ), 1..4),
        ends in prop::sample::select(&["", "\n", "\r\n\r\n", " "][..]),
        pieces in prop::collection::vec(1usize..40, 1..6),
        block_bytes in 1usize..200,
    ) {
        let (mut log, mut expected) = (String::new(), Vec::new());
        for (name, records, pretty, before) in &documents {
            let mut document = serde_json::Map::new();
            if let Some(before) = before {
                // In order of their names: some stand before the list and some behind it.
                document.insert(format!("_{before}"), json!({ "value": [before] }));
                document.insert(format!("z{before}"), json!([[before]]));
            }
            document.insert((*name).into(), json!(records));
            let mut document = Value::from(document);
            let mut records = records.clone();
            if *name == "bare" {
                // By an object at its beginning it is known.
                records.splice(..0, (!records.is_empty()).then(|| json!({ "value": records })));
                document = json!(records);
            }
            log += &written(&document, *pretty);
            log += ends;
            if *name == "none" { expected.push(document) } else { expected.extend(records) }
        }
        let settings = LineSettings { block_bytes, ..given(Format::Records) };
        let seen = lines_of(&settings, &[log.clone().into_bytes()], &pieces);
        for line in &seen {
            let at = line.offset as usize;
            prop_assert_eq!(&line.text[..], &log.as_bytes()[at..at + line.text.len()]);
            prop_assert_eq!(line.number as usize, 1 + log[..at].matches('\n').count());
        }
        let texts: Vec<Value> = seen.iter().map(|line| serde_json::from_slice(&line.text).unwrap()).collect();
        prop_assert_eq!(texts, expected);
    }

    /// Each entry of a journal has its fields, each value unchanged and in its place.
    #[test]
    fn entries_have_their_fields(
        entries in prop::collection::vec(prop::collection::vec(field(), 1..6), 0..5),
        pieces in prop::collection::vec(1usize..40, 1..6),
        block_bytes in 1usize..200,
    ) {
        let mut log = Vec::new();
        for entry in &entries {
            for (name, value) in entry {
                log.extend_from_slice(name.as_bytes());
                if value.contains(&b'\n') {
                    log.push(b'\n');
                    log.extend_from_slice(&(value.len() as u64).to_le_bytes());
                } else {
                    log.push(b'=');
                }
                log.extend_from_slice(value);
                log.push(b'\n');
            }
            log.push(b'\n');
        }
        let mut lines = Lines::new(LineSettings { block_bytes, ..given(Format::Journal) });
        let (mut found, mut rest, mut sizes) = (Vec::new(), &log[..], pieces.iter().cycle());
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            lines.push(piece);
            rest = more;
        }
        lines.finish();
        while let Some(block) = lines.next_block() {
            for line in &block.lines {
                let (text, mut event) = (block.text(line), Event::default());
                block.decoder.decode(text, line.year, &mut event);
                prop_assert!(event.arena.is_empty());
                let own = event.fields.iter().filter(|field| matches!(field.name, Name::Place(_)));
                let pair = |name: &[u8], value: &[u8]| (String::from_utf8(name.to_vec()).unwrap(), value.to_vec());
                found.push(own.map(|field| pair(event.name(text, field.name), event.text(text, field.value))).collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(found, entries);
    }

    /// What is kept of a layout as text is that layout again.
    #[test]
    fn a_layout_is_its_text(name in prop::sample::select(&Format::ALL[..]), more in "[a-z() -]{0,20}|list|next|rest|bare|bare next") {
        let layout: Layout = format!("{name} {more}").parse().unwrap();
        prop_assert_eq!(layout.to_string().parse::<Layout>().unwrap(), layout);
    }
}

const IIS: &str = "#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Fields: date time c-ip
2024-01-01 00:00:01 192.0.2.1
#Fields: date time c-ip
2024-01-01 00:00:02 192.0.2.2
#Fields: c-ip date time cs-method
192.0.2.3 2024-01-01 00:00:03 GET
#Fields: \u{e9}
192.0.2.4 2024-01-01 00:00:04 GET
";

/// Columns may change in the middle of a file, and are known again wherever it is read on.
#[test]
fn columns_are_those_named_last() {
    let columns = |seen: &[Seen]| seen.iter().map(|line| line.columns.clone()).collect::<Vec<_>>();
    let first = Some("date time c-ip".to_owned());
    let second = Some("c-ip date time cs-method".to_owned());
    let expected = [None, None].into_iter().chain(vec![first; 4]).chain(vec![second; 2]).chain([None, None]);
    let expected: Vec<_> = expected.collect();
    for settings in [LineSettings::default(), given(Format::W3c)] {
        for block_bytes in [1, 1 << 20] {
            let settings = LineSettings { block_bytes, ..settings.clone() };
            let whole = lines_of(&settings, &[IIS.into()], &[5]);
            assert!(whole.iter().all(|line| line.format == Format::W3c));
            assert_eq!(columns(&whole), expected);
        }
        for cut in 0..=IIS.len() {
            let mut lines = Lines::new(settings.clone());
            lines.push(&IIS.as_bytes()[..cut]);
            lines.settle();
            let mut count = 0;
            while let Some(block) = lines.next_block() {
                count += block.lines.len();
            }
            // As it is kept between two runs.
            let mark = lines.mark();
            let format = mark.format.as_ref().map(|layout| layout.to_string().parse().unwrap());
            let mark = Mark { format, ..mark };
            let rest = super::lines_from(&settings, &[IIS.into()], &mark);
            assert_eq!(columns(&rest), expected[count..], "cut at {cut}");
        }
    }
}

#[test]
fn lines_without_columns_are_told_from_a_log_with_none() {
    let lacks = |pieces: &[&str]| {
        let mut lines = Lines::new(given(Format::W3c));
        pieces.iter().for_each(|piece| lines.push(piece.as_bytes()));
        lines.lacks_columns()
    };
    assert!(lacks(&["2024-01-01 12:00:00 /\n"]));
    assert!(lacks(&["#Software: IIS\r\n2024-01-01 12:0", "0:00 /\r\n"]));
    assert!(!lacks(&[]));
    assert!(!lacks(&["/\n#Fields: cs-uri-stem\n", "/\n"]));
    let mut lines = Lines::new(given(Format::W3c));
    lines.push(b"#Fields: cs-uri-stem\n/a\n");
    lines.end_of_file();
    lines.push(b"/b\n");
    // The next file of a family begins as the one before has ended.
    assert!(!lines.lacks_columns());
    let mut other = Lines::new(given(Format::Plain));
    other.push(b"a\n");
    assert!(!other.lacks_columns());
}

/// Whoever writes other columns on each line costs no more than a bounded part of what they sent.
#[test]
fn columns_that_change_all_the_time_take_little_room() {
    let log = "#Fields: a\nx\n#Fields: b\ny\n".repeat(2000);
    let mut lines = Lines::new(given(Format::W3c));
    lines.push(log.as_bytes());
    lines.finish();
    let (mut seen, mut room) = (0, 0);
    let mut blocks = Vec::new();
    while let Some(block) = lines.next_block() {
        (seen, room) = (seen + block.lines.len(), room + block.bytes.capacity());
        blocks.push(block);
    }
    assert_eq!(seen, 8000);
    assert!(room < 16 << 20, "{room} bytes for {}", log.len());
}
