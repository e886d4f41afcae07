//! A pattern, ready to be tried on one value.

use regex_automata::Input;
use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use tripline_abi::SettingValue;
use tripline_abi::manifest::{List, Pattern, PatternKind, REGEX_BYTES};

use super::list::{Entries, Where};
use super::literals::{self, Necessary};
use super::rarity::Rarity;

/// A pattern with its settings filled in.
pub struct Compiled {
    /// The field it looks at; `None` is the message.
    pub field: Option<String>,
    kind: Kind,
    literals: Necessary,
}

enum Kind {
    Regex {
        regex: Regex,
        /// Group numbers of the named groups, in order.
        groups: Vec<usize>,
    },
    List {
        entries: Entries,
        place: Where,
    },
}

/// A match: the list's entry that holds, and where captures are in [`Scratch::captures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The lowest entry of the pattern's list that holds.
    pub entry: Option<u32>,
    /// Whether only the value's first bytes were searched.
    pub cut: bool,
}

/// A capture's place in the value, start and end; `None` if the group took no part.
pub type Captured = Option<(u32, u32)>;

/// Memory that one thread uses again for every search.
#[derive(Default)]
pub struct Scratch {
    caches: Vec<Option<Box<Cache>>>,
    slots: Vec<Option<NonMaxUsize>>,
    folded: Vec<u8>,
    /// The captures of the last match, in the order of the pattern's named groups.
    pub captures: Vec<Captured>,
}

/// Why a pattern cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// The regex compiler refused it.
    #[error("pattern `{pattern}` does not compile: {source}")]
    Regex {
        /// Its name.
        pattern: String,
        /// The compiler's error.
        source: Box<regex_automata::meta::BuildError>,
    },
    /// The list has too many bytes for an automaton.
    #[error("the list of pattern `{pattern}` is too large: {source}")]
    List {
        /// Its name.
        pattern: String,
        /// The automaton's error.
        source: aho_corasick::BuildError,
    },
    /// A list's setting is missing or no list of texts: settings were not validated against the manifest.
    #[error("pattern `{pattern}` needs setting `{setting}`, a text or a list of texts")]
    Setting {
        /// Its name.
        pattern: String,
        /// The setting.
        setting: String,
    },
}

impl Compiled {
    /// Compiles a checked pattern; `settings` are validated ones.
    pub fn new(
        pattern: &Pattern,
        settings: &[(String, SettingValue)],
        rarity: &Rarity,
    ) -> Result<Compiled, PatternError> {
        let (kind, literals) = match &pattern.kind {
            PatternKind::Regex { regex, unicode } => regex_kind(pattern, regex, *unicode, rarity)?,
            PatternKind::Contains(list) => list_kind(pattern, list, settings, Where::Anywhere)?,
            PatternKind::Equals(list) => list_kind(pattern, list, settings, Where::Whole)?,
            PatternKind::StartsWith(list) => list_kind(pattern, list, settings, Where::Head)?,
            PatternKind::EndsWith(list) => list_kind(pattern, list, settings, Where::Tail)?,
        };
        let texts = match &kind {
            Kind::Regex { .. } => None,
            Kind::List { entries, .. } => Some(entries.texts()),
        };
        let literals = match &pattern.field {
            Some(field) => literals::of_field(field, texts, literals, rarity),
            None => literals,
        };
        Ok(Compiled { field: pattern.field.clone(), kind, literals })
    }

    /// Literals for the index. A list that a setting left empty never matches: an empty set.
    pub fn necessary(&self) -> Necessary {
        self.literals.clone()
    }

    /// How many named groups it has.
    pub fn captures(&self) -> usize {
        match &self.kind {
            Kind::Regex { groups, .. } => groups.len(),
            Kind::List { .. } => 0,
        }
    }

    /// Tries it on a value, of which a search looks at no more than `limit` bytes. `number` is its place in the
    /// caller's list of patterns, by which `scratch` keeps its cache.
    pub fn find(&self, number: usize, value: &[u8], limit: usize, scratch: &mut Scratch) -> Option<Found> {
        scratch.captures.clear();
        let searched = &value[..value.len().min(limit)];
        let cut = searched.len() < value.len();
        let (regex, groups) = match &self.kind {
            Kind::Regex { regex, groups } => (regex, groups),
            Kind::List { entries, place } => {
                let (value, cut) = if *place == Where::Anywhere { (searched, cut) } else { (value, false) };
                let (entry, _) = entries.find(value, *place, &mut scratch.folded)?;
                return Some(Found { entry: Some(entry), cut });
            }
        };
        if scratch.caches.len() <= number {
            scratch.caches.resize_with(number + 1, || None);
        }
        let cache = scratch.caches[number].get_or_insert_with(|| Box::new(regex.create_cache()));
        let slots = groups.last().map_or(0, |last| (last + 1) * 2);
        scratch.slots.clear();
        scratch.slots.resize(slots, None);
        regex.search_slots_with(cache, &Input::new(searched), &mut scratch.slots)?;
        let slot = |at: usize| scratch.slots.get(at).copied().flatten().map(|at| at.get() as u32);
        scratch.captures.extend(groups.iter().map(|group| slot(group * 2).zip(slot(group * 2 + 1))));
        Some(Found { entry: None, cut })
    }
}

fn regex_kind(
    pattern: &Pattern,
    regex: &str,
    unicode: bool,
    rarity: &Rarity,
) -> Result<(Kind, Necessary), PatternError> {
    let failed = |source| PatternError::Regex { pattern: pattern.name.clone(), source: Box::new(source) };
    let syntax = syntax::Config::new()
        .unicode(unicode)
        .utf8(false)
        .case_insensitive(pattern.case_insensitive)
        .nest_limit(100);
    let config = Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(REGEX_BYTES))
        // Ten thousand patterns on every thread: the default of 2 MiB each is too dear.
        .hybrid_cache_capacity(256 * 1024);
    let compiled = Regex::builder().configure(config).syntax(syntax).build(regex).map_err(failed)?;
    let names = compiled.group_info().pattern_names(regex_automata::PatternID::ZERO);
    let groups = names.enumerate().filter_map(|(group, name)| name.map(|_| group)).collect();
    // What the builder has just parsed parses again; were it not so, the pattern would go without literals.
    let literals = syntax::parse_with(regex, &syntax).ok().and_then(|hir| literals::of_regex(&hir, rarity));
    Ok((Kind::Regex { regex: compiled, groups }, literals))
}

fn list_kind(
    pattern: &Pattern,
    list: &List,
    settings: &[(String, SettingValue)],
    place: Where,
) -> Result<(Kind, Necessary), PatternError> {
    let missing =
        |setting: &str| PatternError::Setting { pattern: pattern.name.clone(), setting: setting.into() };
    let texts: Vec<Vec<u8>> = match list {
        List::Given(entries) => entries.iter().map(|entry| entry.clone().into_bytes()).collect(),
        List::Setting(name) => {
            let value = settings.iter().find(|(known, _)| known == name).map(|(_, value)| value);
            match value.ok_or_else(|| missing(name))? {
                SettingValue::Text(text) => vec![text.clone().into_bytes()],
                SettingValue::List(items) => {
                    let text = |item: &SettingValue| match item {
                        SettingValue::Text(text) => Ok(text.clone().into_bytes()),
                        _ => Err(missing(name)),
                    };
                    items.iter().map(text).collect::<Result<_, _>>()?
                }
                _ => return Err(missing(name)),
            }
        }
    };
    let empty = texts.is_empty();
    let entries = Entries::new(texts, pattern.case_insensitive, place)
        .map_err(|source| PatternError::List { pattern: pattern.name.clone(), source })?;
    let literals = if empty { Some(Vec::new()) } else { literals::of_list(entries.texts()) };
    Ok((Kind::List { entries, place }, literals))
}
