use regex::bytes::Regex;
use tripline_abi::manifest::{
    Comparison, List, Manifest, Network, Pattern, PatternKind, SourceFilter, WakesOn, address, regex_builder,
};

use super::line::{Captures, Line, Seen};

/// All patterns of a pack, each tried alone.
pub(super) struct Patterns {
    each: Vec<Matcher>,
    wakes_on: WakesOn,
    sources: Vec<SourceFilter>,
}

struct Matcher {
    field: Option<(String, u32)>,
    kind: Kind,
    case_insensitive: bool,
}

enum Kind {
    Regex(Regex),
    List(fn(&[u8], &[u8]) -> bool, Vec<Vec<u8>>),
    Networks(Vec<Network>),
    Compare(Comparison),
    Exists(bool),
}

impl Patterns {
    /// `setting` answers the texts of a list that is a setting.
    pub(super) fn new(manifest: &Manifest, setting: impl Fn(&str) -> Vec<String>) -> Result<Self, String> {
        let fields = manifest.field_names();
        let number = |name: &str| fields.iter().position(|field| *field == name).unwrap_or_default();
        let each = manifest.patterns.iter().map(|pattern| {
            let field = pattern.field.as_deref().map(|name| (name.to_string(), number(name) as u32));
            let case_insensitive = pattern.case_insensitive;
            Ok(Matcher { field, kind: kind(pattern, &setting)?, case_insensitive })
        });
        let (wakes_on, sources) = (manifest.wakes_on.clone(), manifest.sources.clone());
        Ok(Patterns { each: each.collect::<Result<_, String>>()?, wakes_on, sources })
    }

    /// What matches a line; `None` if the pack is not woken by it.
    pub(super) fn seen(&self, line: &Line) -> Option<Vec<Seen>> {
        let kind = if line.finding { "scan" } else { "log" };
        let is_for = |source: &SourceFilter| {
            let service =
                line.service.is_none() || source.service.is_none() || line.service == source.service;
            source.kind.as_deref().unwrap_or("log") == kind && service
        };
        if !self.sources.is_empty() && !self.sources.iter().any(is_for) {
            return None;
        }
        let numbered = self.each.iter().enumerate();
        let seen: Vec<Seen> = numbered.filter_map(|(i, one)| one.seen(line, i as u32)).collect();
        let has = |number: &u32| seen.iter().any(|(pattern, ..)| pattern == number);
        let wakes = match &self.wakes_on {
            WakesOn::EveryEvent => true,
            WakesOn::Any(wakes) => wakes.iter().any(|w| w.all.iter().all(has) && !w.none.iter().any(has)),
        };
        wakes.then_some(seen)
    }
}

impl Matcher {
    fn seen(&self, line: &Line, pattern: u32) -> Option<Seen> {
        let (value, text) = match &self.field {
            None => (line.message.as_deref(), 1),
            Some((name, number)) => (line.value(name), 2 + number),
        };
        if let Kind::Exists(exists) = self.kind {
            return (value.is_some() == exists).then(|| (pattern, None, Vec::new()));
        }
        let value = value?;
        match &self.kind {
            Kind::Regex(regex) => Some((pattern, None, captures(regex, value, text)?)),
            Kind::List(holds, entries) => {
                let value = folded(value, self.case_insensitive);
                let entry = entries.iter().position(|entry| holds(&value, entry))?;
                Some((pattern, Some(entry as u32), Vec::new()))
            }
            Kind::Networks(networks) => {
                let address = address(value)?;
                let entry = networks.iter().position(|network| network.contains(address))?;
                Some((pattern, Some(entry as u32), Vec::new()))
            }
            Kind::Compare(comparison) => comparison.holds(value).then(|| (pattern, None, Vec::new())),
            Kind::Exists(_) => None,
        }
    }
}

fn kind(pattern: &Pattern, setting: &impl Fn(&str) -> Vec<String>) -> Result<Kind, String> {
    let texts = |list: &List| match list {
        List::Given(texts) => texts.clone(),
        List::Setting(name) => setting(name),
    };
    let list = |list: &List| {
        texts(list).iter().map(|text| folded(text.as_bytes(), pattern.case_insensitive)).collect()
    };
    Ok(match &pattern.kind {
        PatternKind::Regex { regex, unicode } => {
            let built = regex_builder(regex, *unicode, pattern.case_insensitive).build();
            Kind::Regex(built.map_err(|error| error.to_string())?)
        }
        PatternKind::Contains(entries) => Kind::List(
            |value, entry| value.windows(entry.len().max(1)).any(|part| part == entry),
            list(entries),
        ),
        PatternKind::Equals(entries) => Kind::List(|value, entry| value == entry, list(entries)),
        PatternKind::StartsWith(entries) => {
            Kind::List(|value, entry| value.starts_with(entry), list(entries))
        }
        PatternKind::EndsWith(entries) => Kind::List(|value, entry| value.ends_with(entry), list(entries)),
        PatternKind::Cidr(entries) => {
            let network =
                |text: String| Network::parse(&text).ok_or_else(|| format!("{text:?} is no network"));
            Kind::Networks(texts(entries).into_iter().map(network).collect::<Result<_, _>>()?)
        }
        PatternKind::Compare(comparison) => Kind::Compare(comparison.clone()),
        PatternKind::Exists(exists) => Kind::Exists(*exists),
    })
}

fn captures(regex: &Regex, value: &[u8], text: u32) -> Option<Captures> {
    let found = regex.captures(value)?;
    let named = regex.capture_names().enumerate().filter(|(_, name)| name.is_some());
    let place = |group: usize| found.get(group).map(|part| (text, part.start() as u32, part.len() as u32));
    Some(named.map(|(group, _)| place(group)).collect())
}

fn folded(text: &[u8], fold: bool) -> Vec<u8> {
    if fold { text.to_ascii_lowercase() } else { text.to_vec() }
}
