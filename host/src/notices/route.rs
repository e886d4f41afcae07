use std::time::Duration;

use tripline_engine::abi::Severity;

use super::{Pattern, QuietHours};
use crate::commit::Tenant;

/// Whom to tell of which incidents.
#[derive(Clone, Debug)]
pub struct Route {
    /// What it is called.
    pub name: String,
    /// Whose incidents: nobody is told of another's.
    pub tenant: Tenant,
    /// At least this.
    pub severity: Severity,
    /// Any of these `PACK/RULE`; empty: all.
    pub rules: Vec<Pattern>,
    /// Any of these; empty: all.
    pub tags: Vec<Pattern>,
    /// Any of these names of files; empty: all.
    pub sources: Vec<Pattern>,
    /// Addresses.
    pub to: Vec<String>,
    /// How often an open incident is told again; zero: never.
    pub repeat: Option<Duration>,
    /// When only critical ones are told.
    pub quiet: Option<QuietHours>,
    /// Whether it is told that an incident is resolved.
    pub resolved: bool,
}

impl Route {
    /// A route that tells this address of everything of the default tenant's.
    pub fn all(address: &str) -> Route {
        Route {
            name: "all".into(),
            tenant: Tenant::default(),
            severity: Severity::Informational,
            rules: Vec::new(),
            tags: Vec::new(),
            sources: Vec::new(),
            to: vec![address.into()],
            repeat: None,
            quiet: None,
            resolved: true,
        }
    }
}
