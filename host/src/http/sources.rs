//! What the configuration says of sources that come over HTTP.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::streams::Said;
use crate::commit::Tenant;
use crate::configuration::HttpSource;
use crate::serve::{Expected, StreamSettings};

/// What an operator says of sources that come over HTTP; it may be said anew at any time. Cloned, it is the same.
#[derive(Clone, Debug)]
pub struct HttpSources(Arc<Named>);

#[derive(Debug)]
struct Named {
    /// Of sources of which nothing is said.
    usual: StreamSettings,
    sources: RwLock<HashMap<(Tenant, String), HttpSource>>,
}

impl HttpSources {
    /// Sources that are read so, but for what is said of each.
    pub fn new(usual: StreamSettings, sources: &[HttpSource]) -> HttpSources {
        let named = HttpSources(Arc::new(Named { usual, sources: RwLock::default() }));
        named.set(sources);
        named
    }

    /// Says something else.
    pub fn set(&self, sources: &[HttpSource]) {
        let key = |source: &HttpSource| (source.tenant.clone(), format!("http/{}", source.source));
        let named = sources.iter().map(|source| (key(source), source.clone())).collect();
        *self.0.sources.write().unwrap_or_else(PoisonError::into_inner) = named;
    }

    /// Those that may not be silent for ever, also if nothing ever came.
    pub fn expected(&self) -> Vec<Expected> {
        let sources = self.0.sources.read().unwrap_or_else(PoisonError::into_inner);
        let expected = |((tenant, source), said): (&(Tenant, String), &HttpSource)| Expected {
            tenant: tenant.clone(),
            source: source.clone(),
            settings: self.0.usual.with(Some(said), None),
        };
        sources.iter().filter(|(_, said)| said.silent_after.is_some()).map(expected).collect()
    }

    /// How these lines are read.
    pub(super) fn settings(&self, tenant: &Tenant, source: &str, said: &Said) -> StreamSettings {
        let sources = self.0.sources.read().unwrap_or_else(PoisonError::into_inner);
        self.0.usual.with(sources.get(&(tenant.clone(), source.into())), Some(said))
    }
}

impl StreamSettings {
    /// What a request says of its lines goes before what the operator says of the source: it has written them.
    fn with(&self, given: Option<&HttpSource>, said: Option<&Said>) -> StreamSettings {
        let format = said.and_then(|said| said.format).or(given.and_then(|given| given.format));
        let zone = |given: &HttpSource| given.timezone.clone();
        let timezone = said.and_then(|said| said.timezone.clone()).or_else(|| given.and_then(zone));
        StreamSettings {
            format: format.or(self.format),
            timezone: timezone.unwrap_or_else(|| self.timezone.clone()),
            log_source: given.map_or_else(|| self.log_source.clone(), |given| given.log_source.clone()),
            join: said.is_none_or(|said| said.join) && self.join,
            silent_after: given.map_or(self.silent_after, |given| given.silent_after),
        }
    }
}
