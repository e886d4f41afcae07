//! Lists by number, in pages.

use serde::Deserialize;
use utoipa::IntoParams;

use super::super::cursor;
use super::super::problem::Problem;
use crate::commit::Tenant;

/// Of a page, if nothing is said …
const USUAL: u32 = 50;
/// … and at most.
const MOST: u32 = 200;

/// Which ones, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Those that are over, too.
    #[serde(default)]
    #[param(required = false)]
    pub(super) all: bool,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended: its `next`. What else is asked must be the same.
    #[param(max_length = 64)]
    cursor: Option<String>,
}

/// A page that is asked for.
pub(super) struct Numbered {
    tenant: Tenant,
    /// What the cursor is for.
    list: String,
    pub(super) all: bool,
    /// Behind this number.
    pub(super) after: i64,
    limit: usize,
}

impl Which {
    /// The page of this list.
    pub(super) fn page(self, tenant: &Tenant, list: &str) -> Result<Numbered, Problem> {
        let Which { all, limit, cursor } = self;
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::invalid(format!("limit: expected 1 to {MOST}, found {limit}")));
        }
        let list = format!("{list} {all}");
        let none = || Problem::unknown("the cursor was not given for this list");
        let read = |text: String| cursor::read_number(tenant, &list, &text).ok_or_else(none);
        let after = cursor.map(read).transpose()?.unwrap_or(0);
        Ok(Numbered { tenant: tenant.clone(), list, all, after, limit: limit as usize })
    }
}

impl Numbered {
    /// How many to read: one more shows whether there is a next page.
    pub(super) fn most(&self) -> u32 {
        self.limit as u32 + 1
    }

    /// Cuts the page off; answers what the next one's cursor is.
    pub(super) fn cut<T>(&self, found: &mut Vec<T>, number: impl Fn(&T) -> i64) -> Option<String> {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let last = found.last().filter(|_| more)?;
        Some(cursor::write_number(&self.tenant, &self.list, number(last)))
    }
}
