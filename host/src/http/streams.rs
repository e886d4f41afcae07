//! How a source's lines are read: as its first request since the server began has said, until it ends; what that has not
//! said, as the configuration says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;
use tripline_engine::decode::Format;

use super::problem::Problem;
use super::sources::HttpSources;
use crate::commit::Tenant;
use crate::serve::StreamSettings;

/// Sources that are remembered; of more than these it is not known whether a request says something else.
const SOURCES: usize = 10_000;

/// What a request says of its lines; together with its source's name it is part of what an idempotency key stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) format: Option<Format>,
    pub(super) timezone: Option<TimeZone>,
    /// Whether a line may go on with the next.
    pub(super) join: bool,
}

/// What was said of which source.
pub(super) struct Streams {
    named: HttpSources,
    said: Mutex<HashMap<(Tenant, String), Said>>,
}

impl Streams {
    pub(super) fn new(named: HttpSources) -> Streams {
        Streams { named, said: Mutex::default() }
    }

    /// How these lines are read.
    pub(super) fn settings(&self, tenant: &Tenant, source: &str, said: &Said) -> StreamSettings {
        self.named.settings(tenant, source, said)
    }

    /// Refuses what would be read as something else than it says.
    pub(super) fn agree(&self, tenant: &Tenant, source: &str, said: &Said) -> Result<(), Problem> {
        let known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&(tenant.clone(), source.into())) {
            Some(known) if known != said => {
                let detail = "expected the Content-Type, format and timezone that the source's first request had; \
                              what is written differently is a source of its own";
                Err(Problem::conflict(detail))
            }
            _ => Ok(()),
        }
    }

    /// The source's lines were taken so.
    pub(super) fn taken(&self, tenant: &Tenant, source: &str, said: &Said) {
        let mut known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), source.into());
        if known.len() < SOURCES || known.contains_key(&key) {
            known.entry(key).or_insert_with(|| said.clone());
        }
    }
}
