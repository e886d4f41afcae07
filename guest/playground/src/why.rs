//! Why a line woke a pack or did not, and what was found in it: as JSON for the page.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tripline_abi::FieldType;
use tripline_abi::manifest::{Manifest, Pattern, Wake, WakesOn};
use tripline_engine::Pack;
use tripline_engine::event::{Event, EventField, Name, Place};
use tripline_engine::line::{Block, Line};
use tripline_engine::matcher::{Explained, MatchScratch, Matcher, PackExplained, PatternExplained};
use tripline_notice::visible_bytes;

use crate::segments::{Mark, segments};

/// Bytes of a text that are shown.
const TEXT: usize = 16 * 1024;
/// Literals that are shown of a pattern.
const LITERALS: usize = 8;

/// RFC 3339 in UTC; null for what no calendar has.
pub(crate) fn time(nanoseconds: Option<i64>) -> Value {
    let at = nanoseconds.and_then(|time| Timestamp::from_nanosecond(i128::from(time)).ok());
    at.map_or(Value::Null, |at| at.to_string().into())
}

/// What stands in a line, as marks: each capture of each pattern that matches.
pub(crate) fn marks(explained: &Explained, packs: &[Arc<Pack>]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (told, pack) in explained.packs.iter().zip(packs).filter(|(told, _)| told.takes) {
        let patterns = told.patterns.iter().zip(&pack.manifest().patterns);
        for (colour, (told, pattern)) in patterns.enumerate() {
            let PatternExplained::Matches { value: Some(value), captures, .. } = told else { continue };
            // Values that decoding changed stand nowhere in the line.
            if value.in_arena {
                continue;
            }
            for (name, place) in pattern.captures.iter().zip(captures) {
                let Some((start, end)) = place else { continue };
                let at = |place: u32| (value.start + place) as usize;
                let label = format!("{}: {} {name}", pack.name(), pattern.name);
                marks.push(Mark { start: at(*start), end: at(*end), label, colour });
            }
        }
    }
    marks
}

/// All that is known of a line.
pub(crate) fn why(
    matcher: &Matcher,
    packs: &[Arc<Pack>],
    block: &Block,
    line: &Line,
    scratch: &mut MatchScratch,
) -> Value {
    let explained = matcher.explain(block, line, scratch);
    let text = block.text(line);
    let event = &explained.event;
    let name = |name: Option<Name>| name.map(|name| visible_bytes(event.name(text, name), 200));
    json!({
        "lines": physical(text, &marks(&explained, packs)),
        "cut": line.cut || text.len() > TEXT,
        "time": time(event.time),
        "format": block.decoder.format().name(),
        "source": {
            "kind": if event.log_source.scan { "scan" } else { "log" },
            "product": name(event.log_source.product),
            "service": name(event.log_source.service),
            "category": name(event.log_source.category),
        },
        "message": event.message.map(|place| shown(event, text, place)),
        "fields": fields(event, text),
        "packs": explained.packs.iter().zip(packs).map(|(told, pack)| pack_why(told, pack, event, text)).collect::<Vec<_>>(),
    })
}

/// The lines of an event, each in pieces.
fn physical(text: &[u8], marks: &[Mark]) -> Vec<Value> {
    let (mut lines, mut start) = (Vec::new(), 0);
    for line in text[..text.len().min(TEXT)].split(|&byte| byte == b'\n') {
        let end = start + line.len();
        let here = marks.iter().filter(|mark| mark.start < end && mark.end > start);
        let here = here.map(|mark| Mark {
            start: mark.start.max(start) - start,
            end: mark.end.min(end) - start,
            ..mark.clone()
        });
        lines.push(segments(line, &here.collect::<Vec<_>>(), TEXT).0.into());
        start = end + 1;
    }
    lines
}

fn fields(event: &Event, line: &[u8]) -> Vec<Value> {
    let field = |field: &EventField| {
        json!({
            "name": visible_bytes(event.name(line, field.name), 200),
            "type": match field.kind {
                FieldType::Absent | FieldType::Null => "null",
                FieldType::Text => "text",
                FieldType::Number => "number",
                FieldType::Bool => "bool",
                FieldType::Json => "json",
            },
            "value": shown(event, line, field.value),
        })
    };
    event.fields.iter().take(200).map(field).collect()
}

fn shown(event: &Event, line: &[u8], place: Place) -> String {
    visible_bytes(event.text(line, place), 2_000)
}

fn pack_why(told: &PackExplained, pack: &Pack, event: &Event, line: &[u8]) -> Value {
    let manifest = pack.manifest();
    let patterns = told.patterns.iter().zip(&manifest.patterns);
    let pattern = |(colour, (told, pattern)): (usize, (&PatternExplained, &Pattern))| {
        let mut shown = json!({ "name": pattern.name, "field": pattern.field, "colour": colour });
        let (state, more) = match told {
            PatternExplained::Matches { value, found, captures } => {
                let value = value.map_or(&[][..], |value| event.text(line, value));
                let capture = |(name, place): (&String, &Option<(u32, u32)>)| {
                    let text = place.map(|(start, end)| {
                        visible_bytes(value.get(start as usize..end as usize).unwrap_or_default(), 500)
                    });
                    json!([name, text])
                };
                let captures: Vec<Value> = pattern.captures.iter().zip(captures).map(capture).collect();
                let entry = found.entry.map(|entry| entry + 1);
                ("matches", json!({ "captures": captures, "entry": entry, "cut": found.cut }))
            }
            PatternExplained::NoLiteral(literals) => {
                let few: Vec<String> =
                    literals.iter().take(LITERALS).map(|literal| visible_bytes(literal, 80)).collect();
                ("no-literal", json!({ "literals": few, "more": literals.len().saturating_sub(LITERALS) }))
            }
            PatternExplained::NoValue => ("no-value", json!({})),
            PatternExplained::Differs { .. } => ("differs", json!({})),
        };
        shown["state"] = state.into();
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    };
    json!({
        "pack": pack.name(),
        "takes": told.takes,
        "suspended": told.suspended,
        "woken": told.woken,
        "every_event": manifest.wakes_on == WakesOn::EveryEvent,
        "patterns": patterns.enumerate().map(pattern).collect::<Vec<_>>(),
        "wakes": wakes(told, manifest),
    })
}

/// Each entry of `wakes_on`: what had to match and what must not, and whether it did.
fn wakes(told: &PackExplained, manifest: &Manifest) -> Vec<Value> {
    let WakesOn::Any(entries) = &manifest.wakes_on else { return Vec::new() };
    let names = |numbers: &[u32]| -> Vec<Value> {
        let one = |&number: &u32| {
            let name = manifest.patterns.get(number as usize).map(|pattern| pattern.name.as_str());
            json!([name, told.patterns.get(number as usize).is_some_and(PatternExplained::matches)])
        };
        numbers.iter().map(one).collect()
    };
    let entry = |(entry, holds): (&Wake, &bool)| json!({ "holds": holds, "all": names(&entry.all), "none": names(&entry.none) });
    entries.iter().zip(&told.wakes).map(entry).collect()
}
