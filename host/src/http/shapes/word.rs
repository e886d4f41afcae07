//! Words that are one of a few.

use serde::{Deserialize, Serialize};
use tripline_abi::Severity;
use utoipa::ToSchema;

use crate::incidents::{Resolution, State};
use crate::serve::By;
use crate::token::Scope;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident of $domain:ident: $($word:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        #[schema(as = $domain)]
        #[allow(missing_docs, reason = "each is a word of its own")]
        pub(crate) enum $name { $($word),* }

        impl From<$name> for $domain {
            fn from(word: $name) -> $domain {
                match word { $($name::$word => $domain::$word),* }
            }
        }

        impl From<$domain> for $name {
            fn from(word: $domain) -> $name {
                match word { $($domain::$word => $name::$word),* }
            }
        }
    };
}

words! {
    /// How bad it is.
    SeverityWord of Severity: Informational Low Medium High Critical
}

words! {
    /// How far an incident has been worked off.
    StateWord of State: Open Acknowledged Resolved
}

words! {
    /// What an incident turned out to be.
    ResolutionWord of Resolution:
    TruePositiveImpact TruePositive FalsePositive Duplicate Expected Unknown
}

words! {
    /// What a token may be used for.
    ScopeWord of Scope: Operator Admin Analyst Author Reader Ingest
}

words! {
    /// By what those that use most come first.
    ByWord of By: Cpu Match Memory Stored Lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<W: Serialize>(word: W, expected: &str) {
        assert_eq!(serde_json::to_value(word).unwrap(), expected);
    }

    #[test]
    fn words_are_as_the_reports_have_them() {
        Severity::ALL.into_iter().for_each(|one| check(SeverityWord::from(one), one.as_str()));
        State::ALL.into_iter().for_each(|one| check(StateWord::from(one), one.as_str()));
        Scope::ALL.into_iter().for_each(|one| check(ScopeWord::from(one), one.as_str()));
        Resolution::ALL.into_iter().for_each(|one| check(ResolutionWord::from(one), one.as_str()));
    }
}
