use std::fmt;
use std::str::FromStr;

/// How far an incident has been worked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Nobody has said that they look at it.
    Open,
    /// Somebody looks at it, for a while.
    Acknowledged,
    /// It is done; an equal decision opens a new generation.
    Resolved,
}

/// What an incident turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It was what the rule says, and did harm.
    TruePositiveImpact,
    /// It was what the rule says, without harm.
    TruePositive,
    /// It was something else.
    FalsePositive,
    /// Another incident tells of the same.
    Duplicate,
    /// It was meant to happen: a test, a planned change.
    Expected,
    /// Nobody knows; also what resolves itself.
    Unknown,
}

impl State {
    /// All of them.
    pub const ALL: [State; 3] = [State::Open, State::Acknowledged, State::Resolved];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Acknowledged => "acknowledged",
            State::Resolved => "resolved",
        }
    }
}

impl Resolution {
    /// All of them.
    pub const ALL: [Resolution; 6] = [
        Resolution::TruePositiveImpact,
        Resolution::TruePositive,
        Resolution::FalsePositive,
        Resolution::Duplicate,
        Resolution::Expected,
        Resolution::Unknown,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Resolution::TruePositiveImpact => "true-positive-impact",
            Resolution::TruePositive => "true-positive",
            Resolution::FalsePositive => "false-positive",
            Resolution::Duplicate => "duplicate",
            Resolution::Expected => "expected",
            Resolution::Unknown => "unknown",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(word: &str) -> Result<State, ()> {
        State::ALL.into_iter().find(|state| state.as_str() == word).ok_or(())
    }
}

impl FromStr for Resolution {
    type Err = ();

    fn from_str(word: &str) -> Result<Resolution, ()> {
        Resolution::ALL.into_iter().find(|resolution| resolution.as_str() == word).ok_or(())
    }
}
