//! A pattern, ready to be tried on one value.

use regex_automata::meta::Cache;
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::Hir;
use tripline_abi::SettingValue;
use tripline_abi::manifest::{Comparison, List, Pattern, PatternKind};

use super::expression::{self, Expression};
use super::list::{Entries, Where};
use super::literals::{self, Necessary};
use super::networks::Networks;
use super::rarity::Rarity;
use super::steps::Walk;

/// A literal of fewer bytes stands in most lines.
const RARE: usize = 2;

/// A pattern with its settings filled in.
pub struct Compiled {
    /// The field it looks at; `None` is the message.
    pub field: Option<String>,
    kind: Kind,
    literals: Necessary,
    /// Whether every match begins where one of the literals does.
    leads: bool,
}

enum Kind {
    Regex(Box<Expression>),
    List {
        entries: Entries,
        place: Where,
    },
    Networks(Networks),
    Compare(Comparison),
    /// Whether there has to be a value.
    Exists(bool),
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
    pub(super) caches: Vec<Option<Box<Cache>>>,
    pub(super) slots: Vec<Option<NonMaxUsize>>,
    folded: Vec<u8>,
    pub(super) walk: Walk,
    /// The captures of the last match, or of all since they were cleared, in the order of each pattern's named groups.
    pub captures: Vec<Captured>,
}

impl Scratch {
    /// Forgets what it knows of patterns by their numbers: others have them now.
    pub(super) fn forget(&mut self) {
        self.caches.clear();
    }
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
    /// What a list of networks has is none.
    #[error("pattern `{pattern}` needs networks like 192.0.2.0/24, found {found:?}")]
    Network {
        /// Its name.
        pattern: String,
        /// What is none.
        found: String,
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
        Compiled::parsed(pattern, expression::parsed(pattern).as_ref(), settings, rarity)
    }

    /// The same of one that was [`parsed`](expression::parsed) before.
    pub(crate) fn parsed(
        pattern: &Pattern,
        hir: Option<&Hir>,
        settings: &[(String, SettingValue)],
        rarity: &Rarity,
    ) -> Result<Compiled, PatternError> {
        let (kind, (literals, leads)) = match &pattern.kind {
            PatternKind::Regex { regex, unicode } => regex_kind(pattern, regex, *unicode, hir, rarity)?,
            PatternKind::Contains(list) => list_kind(pattern, list, settings, Where::Anywhere)?,
            PatternKind::Equals(list) => list_kind(pattern, list, settings, Where::Whole)?,
            PatternKind::StartsWith(list) => list_kind(pattern, list, settings, Where::Head)?,
            PatternKind::EndsWith(list) => list_kind(pattern, list, settings, Where::Tail)?,
            PatternKind::Cidr(list) => network_kind(pattern, list, settings)?,
            PatternKind::Compare(comparison) => (Kind::Compare(comparison.clone()), (None, false)),
            PatternKind::Exists(exists) => (Kind::Exists(*exists), (None, false)),
        };
        let texts = match &kind {
            Kind::List { entries, .. } => Some(entries.texts()),
            _ => None,
        };
        let literals = match &pattern.field {
            // No line has to have what a line must not have.
            _ if matches!(kind, Kind::Exists(false)) => None,
            Some(field) => literals::of_field(field, texts, literals, rarity),
            None => literals,
        };
        // A field's name may stand for it, which does not lead.
        let leads = leads && pattern.field.is_none();
        Ok(Compiled { field: pattern.field.clone(), kind, literals, leads })
    }

    /// Literals for the index. A list that a setting left empty never matches: an empty set.
    pub fn necessary(&self) -> Necessary {
        self.literals.clone()
    }

    /// Whether it is a regex of messages that no literal stands for, or one that most lines have.
    pub(super) fn needs_a_pass(&self) -> bool {
        let is_common = |texts: &Vec<Vec<u8>>| texts.iter().any(|text| text.len() < RARE);
        self.field.is_none()
            && matches!(self.kind, Kind::Regex(_))
            && self.literals.as_ref().is_none_or(is_common)
    }

    /// The regex, parsed anew; `None`: it is none.
    pub(super) fn hir(&self) -> Option<Hir> {
        match &self.kind {
            Kind::Regex(regex) => regex.hir(),
            _ => None,
        }
    }

    /// How many named groups it has.
    pub fn captures(&self) -> usize {
        match &self.kind {
            Kind::Regex(regex) => regex.captures(),
            _ => 0,
        }
    }

    /// Tries it where there is no value.
    pub fn find_none(&self) -> Option<Found> {
        matches!(self.kind, Kind::Exists(false)).then_some(Found { entry: None, cut: false })
    }

    /// Tries it on a value, of which a search looks at no more than `limit` bytes. `number` is its place in the
    /// caller's list of patterns, by which `scratch` keeps its cache.
    pub fn find(&self, number: usize, value: &[u8], limit: usize, scratch: &mut Scratch) -> Option<Found> {
        scratch.captures.clear();
        self.find_from(number, value, 0, limit, scratch)
    }

    /// The same, where none of its [`necessary`](Compiled::necessary) literals is known to begin before `first`; the captures are
    /// added to those that there are.
    #[inline]
    pub fn find_from(
        &self,
        number: usize,
        value: &[u8],
        first: usize,
        limit: usize,
        scratch: &mut Scratch,
    ) -> Option<Found> {
        let first = if self.leads { first } else { 0 };
        let whole = |holds: bool, entry| holds.then_some(Found { entry, cut: false });
        let searched = &value[..value.len().min(limit)];
        let cut = searched.len() < value.len();
        match &self.kind {
            Kind::Regex(regex) => {
                regex.find(number, searched, first, scratch).then_some(Found { entry: None, cut })
            }
            Kind::List { entries, place } => {
                let (value, cut) = if *place == Where::Anywhere { (searched, cut) } else { (value, false) };
                let (entry, _) = entries.find(value, *place, first, &mut scratch.folded)?;
                Some(Found { entry: Some(entry), cut })
            }
            Kind::Networks(networks) => {
                let entry = networks.find(value)?;
                whole(true, Some(entry))
            }
            Kind::Compare(comparison) => whole(comparison.holds(value), None),
            Kind::Exists(exists) => whole(*exists, None),
        }
    }
}

fn regex_kind(
    pattern: &Pattern,
    regex: &str,
    unicode: bool,
    hir: Option<&Hir>,
    rarity: &Rarity,
) -> Result<(Kind, (Necessary, bool)), PatternError> {
    let syntax = expression::syntax(unicode, pattern.case_insensitive);
    let (regex, literals) = Expression::new(regex, hir, syntax, rarity)
        .map_err(|source| PatternError::Regex { pattern: pattern.name.clone(), source })?;
    Ok((Kind::Regex(Box::new(regex)), literals))
}

/// The texts of a list, in their order.
fn texts(
    pattern: &Pattern,
    list: &List,
    settings: &[(String, SettingValue)],
) -> Result<Vec<Vec<u8>>, PatternError> {
    let missing =
        |setting: &str| PatternError::Setting { pattern: pattern.name.clone(), setting: setting.into() };
    Ok(match list {
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
    })
}

fn network_kind(
    pattern: &Pattern,
    list: &List,
    settings: &[(String, SettingValue)],
) -> Result<(Kind, (Necessary, bool)), PatternError> {
    let texts = texts(pattern, list, settings)?;
    let networks = Networks::new(&texts)
        .map_err(|found| PatternError::Network { pattern: pattern.name.clone(), found })?;
    let literals = if texts.is_empty() { Some(Vec::new()) } else { None };
    Ok((Kind::Networks(networks), (literals, false)))
}

fn list_kind(
    pattern: &Pattern,
    list: &List,
    settings: &[(String, SettingValue)],
    place: Where,
) -> Result<(Kind, (Necessary, bool)), PatternError> {
    let texts = texts(pattern, list, settings)?;
    let empty = texts.is_empty();
    let entries = Entries::new(texts, pattern.case_insensitive, place)
        .map_err(|source| PatternError::List { pattern: pattern.name.clone(), source })?;
    let literals = if empty { Some(Vec::new()) } else { literals::of_list(entries.texts()) };
    Ok((Kind::List { entries, place }, (literals, place == Where::Anywhere)))
}
