//! Which incidents are meant, as lists and exports are asked.

use super::super::given;
use super::super::problem::Problem;
use crate::http::shapes::SeverityWord;
use crate::incidents::{Filter, State};
use crate::notices::Pattern;

/// A query that says which incidents are meant; all that is given must hold. What a route asks besides stands behind:
/// types of queries that refuse what nobody knows cannot be put together otherwise.
macro_rules! which {
    ($(#[$doc:meta])* struct $name:ident { $($more:tt)* }) => {
        $(#[$doc])*
        #[derive(serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        struct $name {
            /// In one of these states, with commas between; open and acknowledged, if nothing is said.
            #[param(style = Form, explode = false, value_type = Option<Vec<$crate::http::shapes::StateWord>>)]
            state: Option<String>,
            /// At least this severe.
            #[param(inline)]
            severity: Option<$crate::http::shapes::SeverityWord>,
            /// `PACK/RULE`, with `*`.
            #[param(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[/*][^\x00-\x1f\x7f-\x9f]*$")]
            rule: Option<String>,
            /// With lines of a source of this name, with `*`.
            #[param(
                max_length = 200,
                pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
                example = "http/web"
            )]
            source: Option<String>,
            /// Somebody's.
            #[param(
                max_length = 200,
                pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
            )]
            assignee: Option<String>,
            /// Changed at this time or later.
            #[param(format = DateTime)]
            since: Option<String>,
            /// Changed before this time.
            #[param(format = DateTime)]
            before: Option<String>,
            /// With this in title, summary, fingerprint or values.
            #[param(
                max_length = 200,
                pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
            )]
            search: Option<String>,
            $($more)*
        }

        impl $name {
            fn filter(&self) -> Result<$crate::incidents::Filter, $crate::http::problem::Problem> {
                $crate::http::routes::which::Given {
                    state: self.state.as_deref(),
                    severity: self.severity,
                    rule: self.rule.as_deref(),
                    source: self.source.as_deref(),
                    assignee: self.assignee.as_deref(),
                    since: self.since.as_deref(),
                    before: self.before.as_deref(),
                    search: self.search.as_deref(),
                }
                .filter()
            }
        }
    };
}

pub(super) use which;

/// The same as it was given.
pub(super) struct Given<'a> {
    pub(super) state: Option<&'a str>,
    pub(super) severity: Option<SeverityWord>,
    pub(super) rule: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    pub(super) assignee: Option<&'a str>,
    pub(super) since: Option<&'a str>,
    pub(super) before: Option<&'a str>,
    pub(super) search: Option<&'a str>,
}

impl Given<'_> {
    pub(super) fn filter(self) -> Result<Filter, Problem> {
        let line =
            |key, text: Option<&str>| text.map(|text| given::line(key, text.into(), given::NAME)).transpose();
        let time = |key, text: Option<&str>| text.map(|text| given::time(key, text)).transpose();
        Ok(Filter {
            states: self.state.map_or(Ok(vec![State::Open, State::Acknowledged]), states)?,
            severity: self.severity.map(Into::into),
            rule: self.rule.map(|rule| given::rule(rule.into())).transpose()?,
            source: line("source", self.source)?.map(Pattern::new),
            assignee: line("assignee", self.assignee)?,
            since: time("since", self.since)?,
            before: time("before", self.before)?,
            text: line("search", self.search)?,
        })
    }
}

fn states(text: &str) -> Result<Vec<State>, Problem> {
    let wrong = |_| Problem::invalid("state: expected open, acknowledged or resolved, with commas between");
    let mut states: Vec<State> = Vec::new();
    for word in text.split(',') {
        let state = word.parse().map_err(wrong)?;
        if !states.contains(&state) {
            states.push(state);
        }
    }
    Ok(states)
}
