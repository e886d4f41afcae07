//! What is tried: packs, and lines that they may match.

use proptest::prelude::*;
use serde_json::{Value, json};

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("error".to_string()),
        Just("Error: x".to_string()),
        Just("fail".to_string()),
        Just("42".to_string()),
        Just("ab".to_string()),
        Just("Failed password".to_string()),
        Just("tab\there".to_string()),
        Just("quote\"d".to_string()),
        "[abAB ]{1,6}",
        Just("é".to_string()),
    ]
}

fn regex() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => word().prop_map(|word| regex_syntax::escape(&word)),
        1 => Just(r"\d+".to_string()),
        1 => Just(r"\S*".to_string()),
        1 => Just(".".to_string()),
        1 => Just(".*".to_string()),
        1 => Just("[ab]".to_string()),
        1 => Just("[Ee]".to_string()),
        1 => Just("^".to_string()),
        1 => Just("$".to_string()),
        1 => Just(r"\b".to_string()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => inner.clone().prop_map(|part| format!("(?:{part})?")),
            1 => inner.clone().prop_map(|part| format!("(?:{part})+")),
            1 => inner.clone().prop_map(|part| format!("(?:{part}){{2,3}}")),
            1 => inner.prop_map(|part| format!("(?i:{part})")),
        ]
    })
}

/// Fields that formats of their own have.
const FORMATS: [&str; 11] = [
    "uri-decoded",
    "cs-uri-stem",
    "cs(User-Agent)",
    "c-ip",
    "name",
    "deviceProduct",
    "serial",
    "exe",
    "msg",
    "x-note",
    "MESSAGE",
];

fn pattern() -> impl Strategy<Value = Value> {
    let list = prop::collection::vec(prop_oneof![9 => word(), 1 => Just(String::new())], 1..12);
    let kind = prop_oneof![
        3 => (regex(), any::<bool>()).prop_map(|(regex, named)| match named {
            true => json!({ "regex": format!("(?P<a>{regex})(?P<b>x)?") }),
            false => json!({ "regex": regex }),
        }),
        1 => regex().prop_map(|regex| json!({ "regex": regex, "unicode": true })),
        1 => list.clone().prop_map(|list| json!({ "contains": list })),
        1 => list.clone().prop_map(|list| json!({ "equals": list })),
        1 => list.clone().prop_map(|list| json!({ "starts_with": list })),
        1 => list.prop_map(|list| json!({ "ends_with": list })),
        1 => Just(json!({ "contains": { "setting": "/words" } })),
        1 => Just(json!({ "equals": { "setting": "/words" } })),
        1 => Just(json!({ "cidr": ["10.0.0.0/8", "192.0.2.0/24", "192.0.2.7/32"] })),
        1 => (0..60, prop::sample::select(&["lt", "le", "eq", "ne", "ge", "gt"][..]))
            .prop_map(|(number, bound)| json!({ "compare": { bound: number, "lt": 450.5 } })),
        1 => any::<bool>().prop_map(|exists| json!({ "exists": exists })),
    ];
    let field = prop_oneof![3 => Just(None), 1 => Just(Some("user")), 1 => Just(Some("program")), 1 => Just(Some("level")), 1 => Just(Some("a")), 2 => prop::sample::select(&FORMATS[..]).prop_map(Some)];
    (kind, field, any::<bool>()).prop_map(|(mut kind, field, fold)| {
        kind["case_insensitive"] = json!(fold);
        if let Some(field) = field {
            kind["field"] = json!(field);
        }
        kind
    })
}

prop_compose! {
    pub(super) fn pack()(
        patterns in prop::collection::vec(pattern(), 1..6),
        wakes in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any::<prop::sample::Index>()), prop::option::of(any::<prop::sample::Index>())), 1..5),
        every in prop::bool::weighted(0.1),
        sources in prop_oneof![
            6 => Just(json!([])),
            1 => Just(json!([{ "service": "sshd" }])),
            1 => Just(json!([{ "kind": "scan" }])),
            1 => Just(json!([{ "kind": "log" }])),
            1 => Just(json!([{ "kind": "scan", "product": "nmap" }, { "service": "sshd" }])),
        ],
        words in prop::collection::vec(word(), 0..4),
    ) -> (Value, Value) {
        let count = patterns.len();
        let name = |at: prop::sample::Index| format!("p{}", at.index(count));
        let wakes: Vec<Value> = wakes.into_iter().map(|(one, more, none)| match (more, none) {
            (None, None) => json!(name(one)),
            (more, none) => json!({
                "all": std::iter::once(one).chain(more).map(name).collect::<Vec<_>>(),
                "none": none.into_iter().map(name).collect::<Vec<_>>(),
            }),
        }).collect();
        let patterns: Vec<Value> = patterns.into_iter().enumerate().map(|(i, mut pattern)| {
            pattern["name"] = json!(format!("p{i}"));
            pattern
        }).collect();
        let mut manifest = json!({
            "abi": 1,
            "pack": { "name": "tried", "version": "1.0.0" },
            "patterns": patterns,
            "rules": [{ "id": "r", "title": "r", "severity": "low" }],
            "settings": { "type": "object", "properties": {
                "words": { "type": "array", "items": { "type": "string" }, "default": [] } } },
        });
        if every { manifest["every_event"] = json!(true) } else { manifest["wakes_on"] = json!(wakes) }
        manifest["sources"] = sources;
        (manifest, json!({ "words": words }))
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => word().prop_map(String::into_bytes),
        2 => word().prop_map(|word| word.to_ascii_uppercase().into_bytes()),
        1 => Just(b"\xff".to_vec()),
        1 => Just(b"\0".to_vec()),
        1 => Just(b" 42 ".to_vec()),
        1 => prop::collection::vec(any::<u8>().prop_filter("a line", |b| !b"\r\n".contains(b)), 0..4),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

pub(super) fn line() -> impl Strategy<Value = Vec<u8>> {
    let escaped = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let plain = serde_json::to_string(&text).unwrap();
        // Half of the letters as \u escapes: the raw bytes say nothing of them.
        plain.replace('e', "\\u0065").replace("A", "\\u0041")
    };
    prop_oneof![
        3 => text(),
        2 => text().prop_map(|text| [b"Dec 10 06:55:48 host sshd[42]: ", &text[..]].concat()),
        1 => text().prop_map(|text| [b"Dec 10 06:55:48 host error: ", &text[..]].concat()),
        2 => (text(), text()).prop_map(move |(message, user)| {
            format!("{{\"message\":{},\"user\":{},\"a\":null}}", escaped(&message), escaped(&user)).into_bytes()
        }),
        1 => text().prop_map(|text| {
            let text = String::from_utf8_lossy(&text).replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            format!("<34>1 2024-01-01T00:00:00Z host sshd 1 - [x user=\"{text}\"] {text}").into_bytes()
        }),
        1 => "(ERROR|error|fail|42) [ab]{0,3}".prop_map(|text| format!("2024-01-01 00:00:00 {text}").into_bytes()),
        1 => "(\"fail\"|42|\"error\"|true)".prop_map(|level| format!("{{\"l\\u0065vel\":{level}}}").into_bytes()),
        1 => "(\"fail\"|42|\"error\"|true)".prop_map(|level| format!("{{\"level\":{level}}}").into_bytes()),
        1 => (text(), prop::sample::select(&["nmap", "connect", "other", "nm\\u0061p"][..])).prop_map(move |(user, scanner)| {
            format!("{{\"scanner\":\"{scanner}\",\"us\\u0065r\":{},\"a\":42}}", escaped(&user)).into_bytes()
        }),
        1 => text().prop_map(|text| [b"\tat ", &text[..]].concat()),
        1 => Just(Vec::new()),
        4 => in_a_format(),
        1 => prop::sample::select(&COLUMNS[..]).prop_map(|names| format!("#Fields: {names}").into_bytes()),
        3 => prop::collection::vec(column(), 2..7).prop_map(|values| values.join(" ").into_bytes()),
        1 => (text(), text()).prop_map(|(one, two)| {
            let length = (two.len() as u64).to_le_bytes();
            [b"user=x\n_COMM=", &one[..], b"\nMESSAGE\n", &length, &two, b"\n\n"].concat()
        }),
        1 => (text(), text()).prop_map(move |(one, two)| {
            let (one, two) = (escaped(&one), escaped(&two));
            format!("{{\"value\":[{{\"user\":{one},\"a\":{{\"b\":{two}}}}},{{\"a\":null,\"message\":{two}}}]}}").into_bytes()
        }),
        2 => (text(), 0..5u8).prop_map(move |(text, kind)| {
            let text = escaped(&text);
            match kind {
                0 => format!("{{\"a\":{{\"b\":{text},\"c\":42}}}}"),
                1 => format!("{{\"x\":1,\"a\":{{\"y\":[{text}],\"b\":{{\"c\":{text}}}}}}}"),
                2 => format!("{{\"\\u0061\":{{\"\\u0062\":{text}}}}}"),
                3 => format!("{{\"a.b\":{text},\"a\":{{\"b\":42}}}}"),
                _ => format!("{{\"a\":[{text}],\"b\":{text}}}"),
            }.into_bytes()
        }),
    ]
}

/// Names of columns that lines of W3C's format may have.
const COLUMNS: [&str; 4] = [
    "user a",
    "date time level program user x-note",
    "c-ip name x-note",
    "a cs-uri-stem cs-uri-query cs(User-Agent) level",
];

/// Some of them, and lines with a value for each, most of them.
pub(super) fn table() -> impl Strategy<Value = String> {
    prop::sample::select(&COLUMNS[..]).prop_flat_map(|names| {
        let count = names.split(' ').count();
        let row = prop_oneof![9 => Just(count), 1 => 0..7usize]
            .prop_flat_map(|count| prop::collection::vec(column(), count))
            .prop_map(|values| values.join(" ") + "\n");
        prop::collection::vec(row, 0..8).prop_map(move |rows| format!("#Fields: {names}\n{}", rows.concat()))
    })
}

/// One of their values.
fn column() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => word().prop_map(|word| word.replace([' ', '\t'], "+")),
        2 => word().prop_map(|word| format!("\"{}\"", word.replace('"', "\"\""))),
        1 => word().prop_map(|word| word.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        1 => Just("-".to_string()),
        1 => Just("42".to_string()),
        1 => Just("fail".to_string()),
        1 => Just("2024-01-01".to_string()),
        1 => Just("12:00:00".to_string()),
    ]
}

/// Lines of formats that decode their values, alone and behind syslog's header.
fn in_a_format() -> impl Strategy<Value = Vec<u8>> {
    let percent = |text: &[u8]| text.iter().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let hex = |text: &[u8]| text.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let slashes = |text: &[u8]| {
        String::from_utf8_lossy(text).replace('\\', "\\\\").replace('"', "\\\"").replace('=', "\\=")
    };
    const HEADERS: [&str; 3] = ["", "Dec 10 06:55:48 host nginx: ", "<13>Dec 10 06:55:48 host sshd[42]: "];
    (text(), text(), 0..6u8, prop::sample::select(&HEADERS[..])).prop_map(move |(one, two, kind, header)| {
        let (lossy, agent) = (String::from_utf8_lossy(&one), slashes(&two));
        let body = match kind {
            0 => format!("192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] \"GET /{}?a=b+c HTTP/1.1\" 200 42 \"-\" \"{agent}\"", percent(&one)),
            1 => format!("192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] \"GET /{}\" 404 -", slashes(&one)),
            2 => format!("type=EXECVE msg=audit(1700000000.1:42): exe={} a0=\"x\" a1={}", hex(&one), hex(&two)),
            3 => format!("CEF:0|v|{}|1|42|{agent}|5|msg={agent} user={}", slashes(&one), slashes(&two)),
            4 => format!("level=error msg=\"{agent}\" user=ab"),
            _ => format!("2023/10/01 12:00:00 [error] 1#2: {lossy}, client: 192.0.2.7, request: \"GET /{}\"", percent(&two)),
        };
        format!("{header}{body}").replace(['\r', '\n'], " ").into_bytes()
    })
}
