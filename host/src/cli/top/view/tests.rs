use anstream::adapter::strip_str;
use serde_json::{Value, json};

use super::*;
use crate::report::columns;

fn rates(lines: Option<f64>, [events, matching, cpu]: [f64; 3]) -> Value {
    json!({
        "lines": lines, "bytes": lines, "match_seconds": matching, "events": events, "decisions": 0.0,
        "faults": 0.0, "cpu_seconds": cpu,
    })
}

fn pack(name: Option<&str>, figures: [f64; 3], faults: u64, out: bool) -> Value {
    json!({
        "type": "pack_usage", "pack": name, "version": name, "own": true, "out": out, "events": 1_234_567,
        "matches": 0, "decisions": 0, "faults": faults, "cpu_seconds": 12.3, "match_seconds": 0.5, "compile_seconds": 0.0,
        "memory": 1_114_112, "state_bytes": 34_567, "rates": rates(None, figures),
    })
}

fn tenant(name: &str, figures: (f64, [f64; 3]), over: Option<bool>, packs: Vec<Value>) -> Value {
    let (lines, figures) = figures;
    json!({
        "type": "tenant_usage", "tenant": name, "sources": 3, "lines": 1_000, "bytes": 1, "match_seconds": 1.0,
        "events": 1, "matches": 1, "decisions": 1, "faults": 1, "cpu_seconds": 1234.0, "memory": 23_000_000,
        "compile_seconds": 0.0, "state_bytes": 34_567, "stored_bytes": over.map(|_| 8_123_456_789_u64), "mails": 1, "scans": 1,
        "over_quota": over, "rates": rates(Some(lines), figures), "packs": packs,
    })
}

fn usage() -> UsageShape {
    let long = "a-tenant-whose-name-has-as-many-letters-as-a-name-may-have-64-xx";
    let packs = |scale: f64, names: &[Option<&str>]| -> Vec<Value> {
        let each = names.iter().enumerate();
        each.map(|(n, name)| pack(*name, [3.4 * scale, 0.02 * scale, 0.1 * scale], n as u64, n == 1))
            .collect()
    };
    let tenants = json!([
        tenant(
            "plant",
            (123_456.7, [17_000.0, 1.234, 0.75]),
            Some(true),
            packs(20.0, &[Some("web-attacks"), Some("door")])
        ),
        tenant(long, (12.3, [3.4, 0.02, 0.01]), Some(false), packs(1.0, &[Some(long), None])),
        tenant("quiet", (0.0, [0.0; 3]), None, packs(0.0, &[Some("sshd"), Some("evil\u{1b}[31m")])),
    ]);
    serde_json::from_value(json!({ "window_seconds": 10.0, "tenants": tenants, "left_out": 1_197 })).unwrap()
}

/// The page as it is read, without its styles.
fn page(height: Option<usize>, trouble: Option<&str>) -> String {
    let usage = usage();
    let view = View::new("https://tripline.example:8480", &usage, ByWord::Cpu);
    let page = strip_str(&view.page(&Place { width: 80, height }, trouble)).to_string();
    assert!(page.lines().all(|line| columns(line) <= 80), "{page}");
    assert!(height.is_none_or(|height| page.lines().count() <= height), "{page}");
    page
}

/// The words of the row that begins so.
#[track_caller]
fn row<'p>(page: &'p str, begin: &str) -> Vec<&'p str> {
    let line = page.lines().find(|line| line.starts_with(begin));
    line.unwrap_or_else(|| panic!("{begin}: {page}")).split_whitespace().collect()
}

#[test]
fn it_reads_well_in_80_columns() {
    let page = page(None, None);
    assert!(page.starts_with("tripline top  1,200 tenants, 1,197 not shown  by cpu  https://"), "{page}");
    assert_eq!(row(&page, "plant").join(" "), "plant 123,457 75.0 123 1234 s 23 MB 8.1 GB over quota");
    assert_eq!(row(&page, "quiet").join(" "), "quiet - - - 1234 s 23 MB ?");
    assert_eq!(row(&page, "door").join(" "), "door plant 68 200 40.0 1.1 MB 35 kB 1 out");
    assert!(page.contains("(everybody's)") && page.contains("evil"), "{page}");
    // Whatever a pack is called.
    assert!(!page.contains('\u{1b}'), "{page:?}");
}

#[test]
fn what_has_no_room_is_left_out_and_trouble_is_told() {
    let small = page(Some(11), None);
    assert!(small.contains("plant") && !small.contains("quiet") && small.contains("q ends"), "{small}");
    let troubled = page(Some(24), Some(&*"it is gone ".repeat(20)));
    assert!(troubled.starts_with("no answer: it is gone"), "{troubled}");
    assert_eq!(row(&troubled, "quiet").len(), 9, "what was told last stays");
}

#[test]
fn packs_of_all_tenants_are_sorted_together() {
    let usage = usage();
    let first = |by| View::new("", &usage, by).packs.iter().map(|(tenant, _)| *tenant).collect::<Vec<_>>();
    assert_eq!(first(ByWord::Cpu)[..2], ["plant", "plant"]);
    assert_eq!(first(ByWord::Memory)[..], first(ByWord::Stored)[..], "equal ones stay as they come");
    assert_eq!(b"cmesl".iter().filter_map(sorted_by).count(), 5);
}
