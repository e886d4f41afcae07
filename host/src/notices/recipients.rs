use std::collections::BTreeSet;

use super::Route;
use crate::commit::Tenant;

/// Who may be written to. Whom a notice is for is settled when it is queued; whether it still goes there is asked again
/// when it would go, since somebody may have been taken out of the list meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recipients {
    /// Nobody has said, as flags know nothing of a configuration: whomever a notice was queued for.
    #[default]
    Whoever,
    /// Those of a configuration.
    Listed(Listed),
}

/// Addresses, each of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed(BTreeSet<(Tenant, String)>);

impl Recipients {
    /// Whether notices of this tenant go to this address, if no flag has named it.
    pub fn has(&self, tenant: &Tenant, address: &str) -> bool {
        match self {
            Recipients::Whoever => true,
            Recipients::Listed(Listed(all)) => all.contains(&(tenant.clone(), address.to_ascii_lowercase())),
        }
    }
}

impl FromIterator<(Tenant, String)> for Recipients {
    fn from_iter<T: IntoIterator<Item = (Tenant, String)>>(all: T) -> Recipients {
        let one = |(tenant, address): (Tenant, String)| (tenant, address.to_ascii_lowercase());
        Recipients::Listed(Listed(all.into_iter().map(one).collect()))
    }
}

impl Route {
    /// What the route of a flag is called. Whom it names is told by whoever delivers, whatever a configuration lists: no
    /// configuration has a route of this name.
    pub const FLAG: &str = "--mail-to";
    /// What the route of a tenant's own recipients is called, who were added with it.
    pub const TENANT: &str = "tripline tenant";
}

#[cfg(test)]
mod tests {
    use super::{Recipients, Tenant};

    #[test]
    fn each_is_of_one_tenant() {
        let plant = Tenant::new("plant").unwrap_or_default();
        let listed: Recipients = [(plant.clone(), "Ada@example.org".to_string())].into_iter().collect();
        assert!(listed.has(&plant, "ada@EXAMPLE.org"));
        assert!(!listed.has(&Tenant::default(), "ada@example.org"));
        assert!(!listed.has(&plant, "bob@example.org"));
        assert!(Recipients::Whoever.has(&plant, "bob@example.org"));
    }
}
