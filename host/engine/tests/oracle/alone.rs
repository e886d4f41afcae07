//! The oracle: each pattern by itself, with nothing but the `regex` crate.

use tripline_abi::FieldType;
use tripline_abi::manifest::{Bound, List, Manifest, Number, PatternKind, WakesOn, regex_builder};
use tripline_engine::Configured;
use tripline_engine::event::Event;

use super::{Captures, Handed, VALUE_BYTES};

fn value<'a>(event: &'a Event, line: &'a [u8], field: &Option<String>) -> Option<&'a [u8]> {
    match field {
        None => event.message.map(|place| event.text(line, place)),
        Some(name) => {
            let field = event.field(line, name.as_bytes())?;
            (field.kind != FieldType::Null).then(|| event.text(line, field.value))
        }
    }
}

fn try_alone(
    configured: &Configured,
    number: usize,
    event: &Event,
    line: &[u8],
) -> Option<(Option<u32>, Captures)> {
    let pattern = &configured.pack.manifest().patterns[number];
    let value = value(event, line, &pattern.field);
    if let PatternKind::Exists(exists) = &pattern.kind {
        return (value.is_some() == *exists).then(|| (None, Vec::new()));
    }
    let value = value?;
    let searched = &value[..value.len().min(VALUE_BYTES)];
    let entries = |list: &List| match list {
        List::Given(entries) => entries.clone(),
        List::Setting(name) => {
            let (_, value) = configured.settings.iter().find(|(known, _)| known == name).unwrap();
            let tripline_abi::SettingValue::List(items) = value else { panic!("expected a list") };
            let text = |item: &tripline_abi::SettingValue| match item {
                tripline_abi::SettingValue::Text(text) => text.clone(),
                other => panic!("expected a text, found {other:?}"),
            };
            items.iter().map(text).collect()
        }
    };
    let fold = |bytes: &[u8]| match pattern.case_insensitive {
        true => bytes.to_ascii_lowercase(),
        false => bytes.to_vec(),
    };
    let first = |list: &List, holds: &dyn Fn(&[u8]) -> bool| {
        let entry = entries(list).iter().position(|entry| holds(&fold(entry.as_bytes())))?;
        Some((Some(entry as u32), Vec::new()))
    };
    match &pattern.kind {
        PatternKind::Regex { regex, unicode } => {
            let regex = regex_builder(regex, *unicode, pattern.case_insensitive).build().unwrap();
            let captures = regex.captures(searched)?;
            let named = regex.capture_names().flatten();
            Some((None, named.map(|name| captures.name(name).map(|m| m.as_bytes().to_vec())).collect()))
        }
        PatternKind::Contains(list) => {
            let value = fold(searched);
            first(list, &|entry| entry.is_empty() || value.windows(entry.len()).any(|part| part == entry))
        }
        PatternKind::Equals(list) => first(list, &|entry| fold(value) == entry),
        PatternKind::StartsWith(list) => first(list, &|entry| fold(value).starts_with(entry)),
        PatternKind::EndsWith(list) => first(list, &|entry| fold(value).ends_with(entry)),
        PatternKind::Cidr(list) => {
            let address: std::net::IpAddr = std::str::from_utf8(value).ok()?.parse().ok()?;
            let within = |entry: &String| entry.parse::<ipnet::IpNet>().unwrap().contains(&address);
            let entry = entries(list).iter().position(within)?;
            Some((Some(entry as u32), Vec::new()))
        }
        PatternKind::Compare(comparison) => {
            let number: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
            let holds = |(bound, other): &(Bound, Number)| match bound {
                Bound::Lt => number < other.float(),
                Bound::Le => number <= other.float(),
                Bound::Eq => number == other.float(),
                Bound::Ne => number != other.float(),
                Bound::Ge => number >= other.float(),
                Bound::Gt => number > other.float(),
            };
            comparison.0.iter().all(holds).then(|| (None, Vec::new()))
        }
        PatternKind::Exists(_) => None,
    }
}

/// Adds what packs are handed of an event: those that it wakes, with all of their patterns that match.
pub(super) fn oracle_event(
    packs: &[Configured],
    number: usize,
    event: &Event,
    line: &[u8],
    handed: &mut Handed,
) {
    for (pack, configured) in packs.iter().enumerate() {
        let manifest: &Manifest = configured.pack.manifest();
        let service = event.log_source.service.map(|name| event.name(line, name));
        let product = event.log_source.product.map(|name| event.name(line, name));
        let wanted = |wanted: &Option<String>, found: Option<&[u8]>| {
            wanted.is_none() || found.is_none() || found == wanted.as_deref().map(str::as_bytes)
        };
        let kind = if event.log_source.scan { "scan" } else { "log" };
        let takes = manifest.sources.is_empty()
            || manifest.sources.iter().any(|s| {
                let kind = s.kind.as_deref().unwrap_or("log") == kind;
                kind && wanted(&s.service, service) && wanted(&s.product, product)
            });
        if !takes {
            continue;
        }
        let found: Vec<_> =
            (0..manifest.patterns.len()).map(|p| try_alone(configured, p, event, line)).collect();
        let holds = |p: &u32| found[*p as usize].is_some();
        let woken = match &manifest.wakes_on {
            WakesOn::EveryEvent => true,
            WakesOn::Any(wakes) => wakes.iter().any(|w| w.all.iter().all(holds) && !w.none.iter().any(holds)),
        };
        if woken {
            let matches = found.into_iter().enumerate();
            let matches =
                matches.filter_map(|(p, found)| found.map(|(entry, captures)| (p as u32, entry, captures)));
            handed.push((number, pack, matches.collect()));
        }
    }
}
