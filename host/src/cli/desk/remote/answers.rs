//! What a server answers, and a list's pages.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::shapes::{ExceptionShape, IncidentShape, NoticeShape, SilenceShape, TokenShape};
use crate::report::answer::Answer;

/// Things of a page: what the API gives at most.
pub(super) const PAGE: u32 = 200;

#[derive(Deserialize)]
pub(super) struct Incidents {
    pub(super) incidents: Vec<IncidentShape>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ReportedShape {
    pub(super) outcome: String,
    pub(super) incident: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Silences {
    pub(super) silences: Vec<SilenceShape>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Exceptions {
    pub(super) exceptions: Vec<ExceptionShape>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) tokens: Vec<TokenShape>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Added {
    #[serde(flatten)]
    pub(super) token: TokenShape,
    pub(super) secret: String,
}

#[derive(Deserialize)]
pub(super) struct Decisions {
    pub(super) decisions: Vec<Decision>,
}

#[derive(Deserialize)]
pub(super) struct Decision {
    pub(super) at: String,
    pub(super) pack: String,
    pub(super) rule: String,
    pub(super) title: String,
}

#[derive(Deserialize)]
pub(super) struct Outbox {
    pub(super) states: Map<String, Value>,
    pub(super) next: Option<String>,
    pub(super) relays: Vec<Relay>,
    pub(super) notices: Vec<NoticeShape>,
}

#[derive(Deserialize)]
pub(super) struct Relay {
    pub(super) relay: String,
    pub(super) failures: u32,
    pub(super) next: String,
    pub(super) words: String,
}

#[derive(Deserialize)]
pub(super) struct Notices {
    pub(super) notices: Vec<NoticeShape>,
    pub(super) why: Answer,
}

#[derive(Deserialize)]
pub(super) struct Tried {
    pub(super) notices: u64,
}

#[derive(Deserialize)]
pub(super) struct Numbered {
    pub(super) id: i64,
}

/// The pages of a list by number.
pub(super) struct Pages {
    pub(super) all: bool,
    /// `None`: the last one was read.
    pub(super) cursor: Option<Option<String>>,
}

impl Pages {
    pub(super) fn of(all: bool) -> Pages {
        Pages { all, cursor: Some(None) }
    }

    /// What the next one is asked for by.
    pub(super) fn query(&self) -> Option<Vec<(&'static str, String)>> {
        let cursor = self.cursor.clone()?;
        let query = [("all", self.all.to_string()), ("limit", PAGE.to_string())];
        Some(query.into_iter().chain(cursor.map(|cursor| ("cursor", cursor))).collect())
    }

    /// One was read; an empty page that goes on would go on for ever.
    pub(super) fn turn(&mut self, next: Option<String>, is_empty: bool) {
        self.cursor = next.filter(|_| !is_empty).map(Some);
    }
}
