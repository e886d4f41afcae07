//! From what is written to what will be done: names, references, limits.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::raw::{Raw, RawCompare, RawList, RawPack, RawPattern, RawRule, RawWake};
use super::regex::captures;
use super::{
    Bound, Comparison, Limit, List, Manifest, ManifestError, Network, Number, Pack, Pattern, PatternKind,
    Problem, PropertyType, Rule, Scalar, Schema, SourceFilter, Wake, WakesOn,
};

type Checked<T> = Result<T, ManifestError>;

pub(super) fn check(raw: Raw) -> Checked<Manifest> {
    if !crate::ABI_VERSIONS_SERVED.contains(&raw.abi) {
        let served = format!("one of {:?}", crate::ABI_VERSIONS_SERVED);
        return Err(ManifestError::expected("abi", &served, raw.abi.to_string()));
    }
    if let Some(feature) = raw.requires.first() {
        let problem = Problem::Unserved { what: "feature", name: feature.clone() };
        return Err(ManifestError::new("requires[0]", problem));
    }
    let pack = pack(raw.pack)?;
    let settings = super::settings::schema(raw.settings)?;
    at_most("patterns", "patterns", Limit::PATTERNS, raw.patterns.len())?;
    let mut patterns = Vec::with_capacity(raw.patterns.len());
    for (i, one) in raw.patterns.into_iter().enumerate() {
        patterns.push(pattern(&format!("patterns[{i}]"), one, &settings)?);
    }
    unique("patterns", "name", patterns.iter().map(|pattern| &pattern.name))?;
    let wakes_on = wakes_on(raw.wakes_on, raw.every_event, &patterns)?;
    at_most("fields", "fields", Limit::FIELDS, raw.fields.len())?;
    for (i, field) in raw.fields.iter().enumerate() {
        line(&format!("fields[{i}]"), field, Limit::NAME)?;
    }
    unique("fields", "", raw.fields.iter())?;
    if raw.tick == Some(0) {
        return Err(ManifestError::expected("tick", "at least 1 second", "0"));
    }
    at_most("rules", "rules", Limit::RULES, raw.rules.len())?;
    if raw.rules.is_empty() {
        return Err(ManifestError::expected("rules", "at least one rule", "none"));
    }
    let mut rules = Vec::with_capacity(raw.rules.len());
    for (i, one) in raw.rules.into_iter().enumerate() {
        rules.push(rule(&format!("rules[{i}]"), one)?);
    }
    unique("rules", "id", rules.iter().map(|rule| &rule.id))?;
    let mut sources = Vec::with_capacity(raw.sources.len());
    for (i, source) in raw.sources.into_iter().enumerate() {
        let path = format!("sources[{i}]");
        for text in [&source.kind, &source.product, &source.service, &source.category].into_iter().flatten() {
            line(&path, text, Limit::NAME)?;
        }
        if let Some(kind) = source.kind.as_deref().filter(|kind| !["log", "scan"].contains(kind)) {
            return Err(ManifestError::expected(format!("{path}.kind"), "log or scan", format!("{kind:?}")));
        }
        sources.push(SourceFilter {
            kind: source.kind,
            product: source.product,
            service: source.service,
            category: source.category,
        });
    }
    Ok(Manifest {
        pack,
        sources,
        patterns,
        wakes_on,
        fields: raw.fields,
        raw: raw.raw,
        tick: raw.tick,
        rules,
        settings,
    })
}

fn pack(raw: RawPack) -> Checked<Pack> {
    name("pack.name", &raw.name)?;
    let version = semver::Version::parse(&raw.version).map_err(|error| {
        ManifestError::expected("pack.version", "a semantic version", format!("{:?} ({error})", raw.version))
    })?;
    text("pack.description", &raw.description)?;
    for (key, value) in [("licence", &raw.licence), ("homepage", &raw.homepage)] {
        line(&format!("pack.{key}"), value, Limit::LINE)?;
    }
    lines("pack.authors", &raw.authors)?;
    Ok(Pack {
        name: raw.name,
        version,
        description: raw.description,
        authors: raw.authors,
        licence: raw.licence,
        homepage: raw.homepage,
    })
}

fn pattern(path: &str, raw: RawPattern, settings: &Schema) -> Checked<Pattern> {
    pattern_name(&format!("{path}.name"), &raw.name)?;
    if let Some(field) = &raw.field {
        line(&format!("{path}.field"), field, Limit::NAME)?;
    }
    if raw.list.is_some() {
        let problem = Problem::Unserved { what: "kind of pattern", name: "list".into() };
        return Err(ManifestError::new(format!("{path}.list"), problem));
    }
    if raw.unicode && raw.regex.is_none() {
        return Err(ManifestError::expected(format!("{path}.unicode"), "a regex beside it", "none"));
    }
    let mut kinds = Vec::new();
    let mut names = Vec::new();
    if let Some(regex) = raw.regex {
        names = captures(&format!("{path}.regex"), &regex, raw.unicode, raw.case_insensitive)?;
        kinds.push(PatternKind::Regex { regex, unicode: raw.unicode });
    }
    type Kind = fn(List) -> PatternKind;
    let lists: [(&str, Kind, Option<RawList>); 5] = [
        ("contains", PatternKind::Contains, raw.contains),
        ("equals", PatternKind::Equals, raw.equals),
        ("starts_with", PatternKind::StartsWith, raw.starts_with),
        ("ends_with", PatternKind::EndsWith, raw.ends_with),
        ("cidr", PatternKind::Cidr, raw.cidr),
    ];
    for (key, kind, entries) in lists {
        if let Some(entries) = entries {
            kinds.push(kind(list(&format!("{path}.{key}"), entries, settings)?));
        }
    }
    if let Some(compare) = raw.compare {
        kinds.push(PatternKind::Compare(comparison(&format!("{path}.compare"), compare)?));
    }
    kinds.extend(raw.exists.map(PatternKind::Exists));
    if let [PatternKind::Cidr(List::Given(entries))] = &kinds[..] {
        for (i, entry) in entries.iter().enumerate() {
            if Network::parse(entry).is_none() {
                let expected =
                    "a network like \"192.0.2.0/24\", with no bit set behind its prefix, or an address";
                return Err(ManifestError::expected(
                    format!("{path}.cidr[{i}]"),
                    expected,
                    format!("{entry:?}"),
                ));
            }
        }
    }
    match kinds.len() {
        1 => Ok(Pattern {
            name: raw.name,
            field: raw.field,
            case_insensitive: raw.case_insensitive,
            kind: kinds.remove(0),
            captures: names,
        }),
        found => {
            let expected = "one of regex, contains, equals, starts_with, ends_with, cidr, compare, exists";
            Err(ManifestError::expected(path, expected, format!("{found} of them")))
        }
    }
}

fn comparison(path: &str, raw: RawCompare) -> Checked<Comparison> {
    use Bound::*;
    let each = [(Lt, raw.lt), (Le, raw.le), (Eq, raw.eq), (Ne, raw.ne), (Ge, raw.ge), (Gt, raw.gt)];
    let mut bounds = Vec::new();
    for (bound, number) in each {
        let Some(number) = number.map(|number| number.to_string()) else { continue };
        let parsed = Number::parse(number.as_bytes());
        let wrong = || ManifestError::expected(format!("{path}.{}", bound.key()), "a number", number.clone());
        bounds.push((bound, parsed.ok_or_else(wrong)?));
    }
    match bounds.is_empty() {
        true => Err(ManifestError::expected(path, "at least one of lt, le, eq, ne, ge, gt", "none")),
        false => Ok(Comparison(bounds)),
    }
}

fn list(path: &str, raw: RawList, settings: &Schema) -> Checked<List> {
    match raw {
        RawList::Given(entries) => {
            at_most(path, "entries", Limit::LIST_ENTRIES, entries.len())?;
            let bytes = entries.iter().map(String::len).sum();
            at_most(path, "bytes of entries", Limit::LIST_BYTES, bytes)?;
            match entries.is_empty() {
                true => Err(ManifestError::expected(path, "at least one entry", "none")),
                false => Ok(List::Given(entries)),
            }
        }
        RawList::Setting(raw) => {
            let path = format!("{path}.setting");
            let Some(name) = raw.setting.strip_prefix('/') else {
                let found = format!("{:?}", raw.setting);
                return Err(ManifestError::expected(path, "a pointer to a setting, like \"/words\"", found));
            };
            let Some(property) = settings.property(name) else {
                return Err(ManifestError::new(
                    path,
                    Problem::Unknown { what: "setting", name: name.into() },
                ));
            };
            match property.kind {
                PropertyType::List { items: Scalar::Text { .. }, .. }
                | PropertyType::One(Scalar::Text { .. }) => Ok(List::Setting(name.into())),
                _ => Err(ManifestError::expected(path, "a setting that is a text or a list of texts", name)),
            }
        }
    }
}

fn wakes_on(raw: Option<Vec<RawWake>>, every_event: bool, patterns: &[Pattern]) -> Checked<WakesOn> {
    let raw = match (raw, every_event) {
        (None, true) => return Ok(WakesOn::EveryEvent),
        (Some(_), true) => {
            return Err(ManifestError::expected("wakes_on", "nothing beside every_event", "both"));
        }
        (None, false) => {
            return Err(ManifestError::expected("wakes_on", "patterns, or every_event: true", "neither"));
        }
        (Some(raw), false) => raw,
    };
    at_most("wakes_on", "entries", Limit::WAKES, raw.len())?;
    let known: BTreeMap<&str, u32> = (0..).zip(patterns).map(|(i, pattern)| (&*pattern.name, i)).collect();
    let number = |path: String, name: &str| {
        let unknown = || ManifestError::new(path, Problem::Unknown { what: "pattern", name: name.into() });
        known.get(name).copied().ok_or_else(unknown)
    };
    let mut wakes = Vec::with_capacity(raw.len());
    for (i, entry) in raw.into_iter().enumerate() {
        let path = format!("wakes_on[{i}]");
        wakes.push(match entry {
            RawWake::One(name) => {
                let all = Vec::from([number(path, &name)?]);
                Wake { all, none: Vec::new() }
            }
            RawWake::Group(group) => {
                if group.all.is_empty() {
                    return Err(ManifestError::expected(
                        format!("{path}.all"),
                        "at least one pattern",
                        "none",
                    ));
                }
                let numbers = |key: &str, names: &[String]| {
                    let one = |(j, name): (usize, &String)| number(format!("{path}.{key}[{j}]"), name);
                    names.iter().enumerate().map(one).collect::<Checked<Vec<u32>>>()
                };
                Wake { all: numbers("all", &group.all)?, none: numbers("none", &group.none)? }
            }
        });
    }
    Ok(WakesOn::Any(wakes))
}

fn rule(path: &str, raw: RawRule) -> Checked<Rule> {
    name(&format!("{path}.id"), &raw.id)?;
    line(&format!("{path}.title"), &raw.title, Limit::LINE)?;
    if raw.title.is_empty() {
        return Err(ManifestError::expected(format!("{path}.title"), "a line of text", "nothing"));
    }
    text(&format!("{path}.description"), &raw.description)?;
    for (key, values) in
        [("tags", &raw.tags), ("references", &raw.references), ("false_positives", &raw.false_positives)]
    {
        lines(&format!("{path}.{key}"), values)?;
    }
    Ok(Rule {
        id: raw.id,
        title: raw.title,
        description: raw.description,
        severity: raw.severity,
        tags: raw.tags,
        references: raw.references,
        false_positives: raw.false_positives,
        status: raw.status,
        dedupe_window: raw.dedupe_window,
        resolve_after: raw.resolve_after,
    })
}

/// `[a-z0-9-]+`: it becomes a file name, a metric's label and a part of a message id.
fn name(path: &str, name: &str) -> Checked<()> {
    named(
        path,
        name,
        "lower case letters, digits and hyphens",
        |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-'),
    )
}

fn pattern_name(path: &str, name: &str) -> Checked<()> {
    let expected = "lower case letters, digits, hyphens and underscores";
    named(path, name, expected, |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

pub(super) fn named(path: &str, name: &str, expected: &str, allowed: fn(u8) -> bool) -> Checked<()> {
    at_most(path, "bytes of a name", Limit::NAME, name.len())?;
    match !name.is_empty() && name.bytes().all(allowed) {
        true => Ok(()),
        false => Err(ManifestError::expected(path, expected, format!("{name:?}"))),
    }
}

fn lines(path: &str, values: &[String]) -> Checked<()> {
    at_most(path, "entries", 100, values.len())?;
    values.iter().enumerate().try_for_each(|(i, value)| line(&format!("{path}[{i}]"), value, Limit::LINE))
}

/// One line of visible text: it is printed, mailed and shown.
fn line(path: &str, value: &str, limit: usize) -> Checked<()> {
    at_most(path, "bytes", limit, value.len())?;
    match value.chars().any(char::is_control) {
        true => Err(ManifestError::expected(path, "text without control characters", format!("{value:?}"))),
        false => Ok(()),
    }
}

pub(super) fn text(path: &str, value: &str) -> Checked<()> {
    at_most(path, "bytes", Limit::TEXT, value.len())?;
    match value.chars().any(|c| c.is_control() && c != '\n') {
        true => Err(ManifestError::expected(path, "text without control characters", format!("{value:?}"))),
        false => Ok(()),
    }
}

pub(super) fn at_most(path: &str, what: &'static str, limit: usize, found: usize) -> Checked<()> {
    if found > limit { Err(ManifestError::limit(path, what, limit, found)) } else { Ok(()) }
}

fn unique<'a>(path: &str, key: &str, names: impl Iterator<Item = &'a String>) -> Checked<()> {
    let mut seen = alloc::collections::BTreeSet::new();
    for (i, name) in names.enumerate() {
        if !seen.insert(name) {
            let dot = if key.is_empty() { "" } else { "." };
            return Err(ManifestError::new(format!("{path}[{i}]{dot}{key}"), Problem::Twice(name.clone())));
        }
    }
    Ok(())
}
