use std::ops::{Range, RangeInclusive};

use jiff::{Span, SpanRelativeTo};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::{ConfigurationError, Problem};

type Wrong = ConfigurationError;

/// A table that has known keys and no others.
///
/// Its keys are looked at before any is read: who writes `form` for `from` should hear of that, not that `from` is
/// missing.
pub(super) struct Table<'t> {
    document: &'t Document,
    /// Keys with dots; empty for the file.
    name: String,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
    known: Keys,
}

/// What a table may have.
pub(super) type Keys = &'static [&'static str];

/// A value, what its key is, and where it stands.
#[derive(Clone)]
pub(super) struct Given<'t, T> {
    document: &'t Document,
    pub(super) key: String,
    pub(super) span: Range<usize>,
    pub(super) value: T,
}

/// What something is called by its name: a text, or a table with more.
pub(super) enum Named<'t> {
    Text(Given<'t, &'t str>),
    Table(Table<'t>),
}

impl<T> Given<'_, T> {
    pub(super) fn wrong(&self, problem: Problem) -> Wrong {
        self.document.wrong(problem, self.span.clone())
    }

    /// As `wrong`, for a value that nobody should see.
    pub(super) fn hiding(&self, problem: Problem) -> Wrong {
        self.document.hiding(problem, self.span.clone(), self.span.clone())
    }

    /// From here on the value is never shown.
    pub(super) fn hide(&self) {
        self.document.hide(&(0..0), self.span.clone());
    }

    pub(super) fn expected(&self, expected: impl Into<String>, found: impl ToString) -> Wrong {
        self.wrong(Problem::Value {
            key: self.key.clone(),
            expected: expected.into(),
            found: found.to_string(),
        })
    }
}

impl<'t> Table<'t> {
    /// The file.
    pub(super) fn root(
        document: &'t Document,
        parsed: &'t Spanned<DeTable<'t>>,
        known: Keys,
    ) -> Result<Table<'t>, Wrong> {
        let (span, entries) = (parsed.span(), parsed.get_ref());
        Table { document, name: String::new(), span, entries, known }.checked()
    }

    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.into() } else { format!("{}.{key}", self.name) }
    }

    /// What a key is given, as it is.
    pub(super) fn value(&self, key: &'static str) -> Option<Given<'t, &'t DeValue<'t>>> {
        debug_assert!(self.known.contains(&key), "{key} is not known in {}", self.shown());
        self.document.ask(self.key(key));
        let (_, value) = self.entries.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(self.given(self.key(key), value))
    }

    fn given(&self, key: String, value: &'t Spanned<DeValue<'t>>) -> Given<'t, &'t DeValue<'t>> {
        Given { document: self.document, key, span: value.span(), value: value.get_ref() }
    }

    fn of<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
    ) -> Result<Option<Given<'t, T>>, Wrong> {
        self.value(key).map(|given| typed(given, expected, read)).transpose()
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<Given<'t, &'t str>>, Wrong> {
        self.of(key, "a text", DeValue::as_str)
    }

    pub(super) fn boolean(&self, key: &'static str) -> Result<Option<bool>, Wrong> {
        Ok(self.of(key, "true or false", DeValue::as_bool)?.map(|given| given.value))
    }

    pub(super) fn integer(
        &self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Wrong> {
        let Some(given) = self.of(key, "a whole number", DeValue::as_integer)? else { return Ok(None) };
        let number = i64::from_str_radix(given.value.as_str(), given.value.radix()).ok();
        let expected = || format!("a whole number from {} to {}", range.start(), range.end());
        let fits = number.filter(|number| range.contains(number));
        fits.map(Some).ok_or_else(|| given.expected(expected(), given.value))
    }

    /// A text that means something.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<Given<'t, T>>, Wrong> {
        let Some(given) = self.text(key)? else { return Ok(None) };
        let Some(value) = parse(given.value) else { return Err(given.expected(expected, given.value)) };
        Ok(Some(Given { document: given.document, key: given.key, span: given.span, value }))
    }

    /// A duration of at least a second, in nanoseconds.
    pub(super) fn duration(&self, key: &'static str) -> Result<Option<i64>, Wrong> {
        Ok(self.parsed(key, DURATION, duration)?.map(|given| given.value))
    }

    /// A duration, or `off`.
    pub(super) fn duration_or_off(&self, key: &'static str) -> Result<Option<Option<i64>>, Wrong> {
        let expected = format!("{DURATION}, or off");
        let parse = |text: &str| if text == "off" { Some(None) } else { duration(text).map(Some) };
        Ok(self.parsed(key, &expected, parse)?.map(|given| given.value))
    }

    /// A list of at least one text.
    pub(super) fn texts(&self, key: &'static str) -> Result<Option<Vec<Given<'t, &'t str>>>, Wrong> {
        let Some(list) = self.of(key, "a list of texts", DeValue::as_array)? else { return Ok(None) };
        if list.value.is_empty() {
            return Err(list.expected("at least one text", "[]"));
        }
        let item =
            |(i, item)| typed(self.given(format!("{}[{i}]", list.key), item), "a text", DeValue::as_str);
        list.value.iter().enumerate().map(item).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn table(&self, key: &'static str, known: Keys) -> Result<Option<Table<'t>>, Wrong> {
        let given = self.of(key, "a table", DeValue::as_table)?;
        given.map(|given| Table::inner(given, known).checked()).transpose()
    }

    /// A table that has names of things, which are not looked at, beside these keys.
    pub(super) fn names_and(&self, key: &'static str, known: Keys) -> Result<Option<Table<'t>>, Wrong> {
        Ok(self.of(key, "a table", DeValue::as_table)?.map(|given| Table::inner(given, known)))
    }

    pub(super) fn tables(&self, key: &'static str, known: Keys) -> Result<Vec<Table<'t>>, Wrong> {
        let Some(list) = self.of(key, TABLES, DeValue::as_array)? else { return Ok(Vec::new()) };
        let item = |item| typed(self.given(list.key.clone(), item), "a table", DeValue::as_table);
        list.value.iter().map(|table| Table::inner(item(table)?, known).checked()).collect()
    }

    fn inner(given: Given<'t, &'t DeTable<'t>>, known: Keys) -> Table<'t> {
        let Given { document, key, span, value } = given;
        Table { document, name: key, span, entries: value, known }
    }

    /// A table that names things: it has any keys, each with a text or a table of these.
    pub(super) fn names(&self, key: &'static str, known: Keys) -> Result<Vec<(String, Named<'t>)>, Wrong> {
        let Some(given) = self.of(key, "a table", DeValue::as_table)? else { return Ok(Vec::new()) };
        let table = Table::inner(given, &[]);
        let one = |(name, value): (&'t Spanned<_>, &'t Spanned<DeValue<'t>>)| {
            let name: &std::borrow::Cow<'_, str> = name.get_ref();
            let given = match value.get_ref().as_table() {
                // The keys of one are those of all: an error says where it stands.
                Some(inner) => {
                    let Given { document, key, span, .. } = table.given(table.name.clone(), value);
                    Named::Table(Table::inner(Given { document, key, span, value: inner }, known).checked()?)
                }
                None => Named::Text(typed(table.given(table.key(name), value), "a text", DeValue::as_str)?),
            };
            Ok((name.to_string(), given))
        };
        table.entries.iter().map(one).collect()
    }

    /// What a key must be given.
    pub(super) fn required<T>(&self, key: &'static str, value: Option<T>) -> Result<T, Wrong> {
        value.ok_or_else(|| {
            self.document.wrong(Problem::Missing { table: self.shown(), key }, self.span.clone())
        })
    }

    /// An error of the table as a whole.
    pub(super) fn wrong(&self, problem: Problem) -> Wrong {
        self.document.wrong(problem, self.span.clone())
    }

    fn shown(&self) -> String {
        if self.name.is_empty() { "the file".into() } else { format!("[{}]", self.name) }
    }

    /// Refuses the first key that is not known. What is given to any of them is never shown: it may be a password
    /// under a misspelt key.
    fn checked(self) -> Result<Table<'t>, Wrong> {
        let strangers = self.entries.iter().filter(|(key, _)| !self.known.contains(&&**key.get_ref()));
        let strangers = strangers.inspect(|(key, value)| self.document.hide(&key.span(), value.span()));
        let Some((key, value)) = strangers.min_by_key(|(key, _)| key.span().start) else { return Ok(self) };
        let problem = Problem::Key {
            table: self.shown(),
            nearest: nearest(key.get_ref(), self.known.iter().copied()),
            known: self.known.iter().map(|key| key.to_string()).collect(),
            key: key.get_ref().to_string(),
        };
        Err(self.document.hiding(problem, key.span(), value.span()))
    }
}

const DURATION: &str = "a duration like 30m, 4h or 90 days";
/// What `[[x]]` makes.
const TABLES: &str = "a list of tables, each under a head of its own in double brackets";

fn typed<'t, T>(
    given: Given<'t, &'t DeValue<'t>>,
    expected: &'static str,
    read: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
) -> Result<Given<'t, T>, Wrong> {
    let Given { document, key, span, value } = given;
    match read(value) {
        Some(value) => Ok(Given { document, key, span, value }),
        None => {
            let problem = Problem::Type { key, expected, found: value.type_str() };
            Err(document.hiding(problem, span.clone(), span))
        }
    }
}

/// Of these the one that was probably meant.
pub(super) fn nearest<'k>(found: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    let close =
        known.map(|known| (strsim::jaro_winkler(found, known), known)).filter(|(near, _)| *near > 0.75);
    close.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known.to_string())
}

/// Days have 24 hours here; at least a second, at most a hundred years.
pub(super) fn duration(text: &str) -> Option<i64> {
    const SECOND: i128 = 1_000_000_000;
    let span: Span = jiff::fmt::friendly::SpanParser::new().parse_span(text).ok()?;
    let nanoseconds = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.as_nanos();
    let fits = (SECOND..=36_500 * 86_400 * SECOND).contains(&nanoseconds);
    fits.then(|| i64::try_from(nanoseconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations() {
        const SECOND: i64 = 1_000_000_000;
        for (text, seconds) in [("15s", 15), ("4h", 14_400), ("90 days", 7_776_000), ("1h 30m", 5400)] {
            assert_eq!(duration(text), Some(seconds * SECOND), "{text}");
        }
        for text in ["", "off", "4", "-4h", "4h ago", "0s", "3 months", "200 years", "9999999 days"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
