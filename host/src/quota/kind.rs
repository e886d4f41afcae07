//! Of what a tenant may use only so much, and how that is written.

/// Of what a tenant may use only so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaKind {
    /// Lines a second. What is more waits, is refused, or is lost over UDP.
    Lines,
    /// Percent of one core that its judging and its patterns' matching take on average. Over it, lines wait.
    Cpu,
    /// Bytes that it has stored. Over it no more evidence is kept, and incidents are counted on.
    Stored,
    /// Packs of its own.
    Packs,
    /// Bytes of one module of its own.
    Module,
    /// Patterns of its own packs that judge.
    Patterns,
    /// Literals that these patterns are found by.
    Literals,
    /// Bytes of the index that all its packs have together, also those that everybody has.
    Index,
    /// Bytes that its own packs remember, all together.
    State,
    /// Bytes of memory of one instance of a pack of its own.
    Memory,
    /// Mails a day. What is over it goes the next day, as one where it can.
    Mails,
    /// Scans a day.
    Scans,
}

/// How a number of a kind is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// Bytes, like `64 MiB`.
    Bytes,
    /// Hundredths of a core.
    Percent,
}

/// Why a quota cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is no `KEY=VALUE`.
    #[error("expected KEY=VALUE, found `{0}`")]
    Shape(String),
    /// There is no such quota.
    #[error("expected one of {known}, found `{0}`", known = names())]
    Kind(String),
    /// It is not as much as may be said.
    #[error("{}: expected {}, found `{found}`", .kind.as_str(), .kind.expected())]
    Value {
        /// Of what.
        kind: QuotaKind,
        /// What came.
        found: String,
    },
}

fn names() -> String {
    QuotaKind::ALL.map(QuotaKind::as_str).join(", ")
}

impl QuotaKind {
    /// All of them.
    pub const ALL: [QuotaKind; 12] = {
        use QuotaKind::*;
        [Lines, Cpu, Stored, Packs, Module, Patterns, Literals, Index, State, Memory, Mails, Scans]
    };

    /// Its key, in a configuration and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            QuotaKind::Lines => "lines",
            QuotaKind::Cpu => "cpu_percent",
            QuotaKind::Stored => "stored",
            QuotaKind::Packs => "packs",
            QuotaKind::Module => "module",
            QuotaKind::Patterns => "patterns",
            QuotaKind::Literals => "literals",
            QuotaKind::Index => "index",
            QuotaKind::State => "state",
            QuotaKind::Memory => "memory",
            QuotaKind::Mails => "mails_per_day",
            QuotaKind::Scans => "scans_per_day",
        }
    }

    /// Whether one who uses so much may have no more: what is counted by the day is used up, what is a size is exceeded.
    pub fn is_over(self, used: u64, most: u64) -> bool {
        match self {
            QuotaKind::Mails | QuotaKind::Scans => used >= most,
            _ => used > most,
        }
    }

    /// By its key.
    pub fn of(name: &str) -> Option<QuotaKind> {
        QuotaKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// How its numbers are written.
    pub fn unit(self) -> Unit {
        match self {
            QuotaKind::Cpu => Unit::Percent,
            QuotaKind::Stored
            | QuotaKind::Module
            | QuotaKind::Index
            | QuotaKind::State
            | QuotaKind::Memory => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// What it is a number of, for a sentence: `1000 lines a second`.
    pub fn words(self) -> &'static str {
        match self {
            QuotaKind::Lines => "lines a second",
            QuotaKind::Cpu => "of a core",
            QuotaKind::Stored => "stored",
            QuotaKind::Packs => "packs of its own",
            QuotaKind::Module => "in a module",
            QuotaKind::Patterns => "patterns of its own packs",
            QuotaKind::Literals => "literals of its own packs' patterns",
            QuotaKind::Index => "in its packs' index",
            QuotaKind::State => "remembered by its own packs",
            QuotaKind::Memory => "in an instance of its own packs",
            QuotaKind::Mails => "mails a day",
            QuotaKind::Scans => "scans a day",
        }
    }

    /// The least and the most that may be said. What is less than the least would let nothing at all come.
    pub fn range(self) -> (u64, u64) {
        match self {
            QuotaKind::Lines => (1, 1_000_000_000),
            QuotaKind::Cpu => (1, 100_000),
            QuotaKind::Packs => (1, 1_000_000),
            QuotaKind::Patterns | QuotaKind::Literals => (1, 1_000_000_000),
            QuotaKind::Mails | QuotaKind::Scans => (1, 1_000_000_000),
            QuotaKind::Stored => (1 << 20, 1 << 47),
            // A page of WebAssembly.
            QuotaKind::Memory => (64 << 10, 1 << 32),
            QuotaKind::Module | QuotaKind::Index | QuotaKind::State => (1 << 10, 1 << 47),
        }
    }

    /// What may be said, in words.
    pub fn expected(self) -> String {
        let (least, most) = self.range();
        let unit = self.unit();
        let what = match unit {
            Unit::Bytes => "a size like 64 MiB",
            Unit::Count | Unit::Percent => "a whole number",
        };
        format!("{what}, from {} to {}", unit.show(least), unit.show(most))
    }

    /// A number of it, if that may be said.
    pub fn checked(self, most: u64) -> Option<u64> {
        let (least, greatest) = self.range();
        (least..=greatest).contains(&most).then_some(most)
    }

    /// As somebody writes it.
    pub fn read(self, text: &str) -> Option<u64> {
        let number = match self.unit() {
            Unit::Bytes => size(text),
            Unit::Count => text.parse().ok(),
            Unit::Percent => text.strip_suffix('%').unwrap_or(text).trim_end().parse().ok(),
        };
        number.and_then(|number| self.checked(number))
    }

    /// `KEY=VALUE`; a value that is `none` takes the bound away.
    ///
    /// # Errors
    /// It is none.
    pub fn assigned(text: &str) -> Result<(QuotaKind, Option<u64>), Unread> {
        let (name, value) = text.split_once('=').ok_or_else(|| Unread::Shape(text.into()))?;
        let kind = QuotaKind::of(name.trim()).ok_or_else(|| Unread::Kind(name.into()))?;
        let value = value.trim();
        if value == "none" {
            return Ok((kind, None));
        }
        let most = kind.read(value).ok_or_else(|| Unread::Value { kind, found: value.into() })?;
        Ok((kind, Some(most)))
    }
}

impl Unit {
    /// A number, as it is read again.
    pub fn show(self, number: u64) -> String {
        match self {
            Unit::Count => number.to_string(),
            Unit::Percent => format!("{number}%"),
            Unit::Bytes => {
                let whole =
                    UNITS.iter().rev().find(|(_, factor)| number.is_multiple_of(*factor) && number > 0);
                whole.map_or_else(|| "0B".into(), |(unit, factor)| format!("{}{unit}", number / factor))
            }
        }
    }
}

const UNITS: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Bytes, of `64 MiB` and the like.
fn size(text: &str) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let factor = match text[digits..].trim_start() {
        "" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again() {
        for kind in QuotaKind::ALL {
            assert_eq!(QuotaKind::of(kind.as_str()), Some(kind));
            let (least, most) = kind.range();
            for number in [least, least + 1, (least + most) / 2, most] {
                let text = format!("{}={}", kind.as_str(), kind.unit().show(number));
                assert_eq!(QuotaKind::assigned(&text), Ok((kind, Some(number))), "{text}");
            }
            for number in [least - 1, most + 1] {
                let text = format!("{}={}", kind.as_str(), kind.unit().show(number));
                assert!(QuotaKind::assigned(&text).is_err(), "{text}");
            }
            assert_eq!(QuotaKind::assigned(&format!("{}=none", kind.as_str())), Ok((kind, None)));
        }
        assert_eq!(QuotaKind::assigned("stored=2 GiB"), Ok((QuotaKind::Stored, Some(2 << 30))));
        assert_eq!(QuotaKind::assigned("module=2MB"), Ok((QuotaKind::Module, Some(2_000_000))));
    }

    #[test]
    fn what_is_none_is_refused_by_its_name() {
        for (text, expected) in [
            ("lines", "expected KEY=VALUE, found `lines`"),
            ("stored=much", "stored: expected a size like 64 MiB, from 1MiB to 128TiB, found `much`"),
            (
                "stored=99999999999999 TiB",
                "stored: expected a size like 64 MiB, from 1MiB to 128TiB, found `99999999999999 TiB`",
            ),
            ("lines=-1", "lines: expected a whole number, from 1 to 1000000000, found `-1`"),
            ("cpu_percent=0", "cpu_percent: expected a whole number, from 1% to 100000%, found `0`"),
        ] {
            assert_eq!(QuotaKind::assigned(text).unwrap_err().to_string(), expected);
        }
        assert!(
            QuotaKind::assigned("cores=1")
                .unwrap_err()
                .to_string()
                .starts_with("expected one of lines, cpu_percent")
        );
    }
}
