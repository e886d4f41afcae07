use core::fmt;
use core::str::FromStr;

/// How bad it is: the five levels of Sigma, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "manifest",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[repr(u32)]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Informational = 0,
    /// Worth a look when there is time.
    Low = 1,
    /// Worth a look today.
    Medium = 2,
    /// Worth a look now.
    High = 3,
    /// Wake somebody.
    Critical = 4,
}

impl Severity {
    /// All levels, lowest first.
    pub const ALL: [Severity; 5] =
        [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The level's word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The level with this number in a frame.
    pub fn from_number(number: u32) -> Option<Severity> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(word: &str) -> Result<Self, UnknownSeverity> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word).ok_or(UnknownSeverity)
    }
}

/// A word that names no severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSeverity;

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected informational, low, medium, high or critical")
    }
}

impl core::error::Error for UnknownSeverity {}
