//! Whose signatures are demanded, for which tenant's packs.

use std::collections::BTreeMap;

use super::{KeyId, PublicKey, Signature, Statement, Unsigned};
use crate::commit::Tenant;

/// What a configuration demands of packs that tenants push. A list that is empty demands nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Who may sign for tenants of which nothing is said.
    pub everybody: Vec<PublicKey>,
    /// Who may sign for these.
    pub tenants: BTreeMap<Tenant, Vec<PublicKey>>,
}

/// How a module stands to what is demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Nothing is demanded, and nobody has signed it.
    No,
    /// Nothing is demanded; somebody says that they have signed it, and nobody can tell.
    Unchecked(KeyId),
    /// One who may has signed it.
    By(KeyId),
    /// It is not signed as is demanded.
    Refused(Unsigned),
}

impl Demands {
    /// Keys of one tenant, at most: each is tried in its turn by whoever reads them.
    pub const MOST: usize = 64;

    /// Who may sign for this tenant, which was added with these keys: what the configuration says of it goes before them, and
    /// they before what it says of everybody.
    pub fn of<'k>(&'k self, tenant: &Tenant, added: &'k [PublicKey]) -> &'k [PublicKey] {
        match self.tenants.get(tenant) {
            Some(keys) => keys,
            None if added.is_empty() => &self.everybody,
            None => added,
        }
    }
}

impl Signed {
    /// How a module stands to a demand of these keys.
    pub fn of(keys: &[PublicKey], signature: Option<&Signature>, there: &Statement) -> Signed {
        match (keys, signature) {
            ([], None) => Signed::No,
            (keys, None) => Signed::Refused(Unsigned::Missing(keys.iter().map(PublicKey::id).collect())),
            (keys, Some(one)) => {
                // What is kept of another module counts for none, whether or not anybody asks.
                let holds = if keys.is_empty() { Ok(()) } else { one.holds(keys) };
                match holds.and_then(|()| one.is_of(there)) {
                    Err(why) => Signed::Refused(why),
                    Ok(()) if keys.is_empty() => Signed::Unchecked(one.key()),
                    Ok(()) => Signed::By(one.key()),
                }
            }
        }
    }

    /// Whether it may judge.
    ///
    /// # Errors
    /// It may not.
    pub fn may_judge(self) -> Result<Signed, Unsigned> {
        match self {
            Signed::Refused(why) => Err(why),
            other => Ok(other),
        }
    }

    /// Its word, as `FORMAT.md` has it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Signed::No => "none",
            Signed::Unchecked(_) => "unchecked",
            Signed::By(_) => "valid",
            Signed::Refused(_) => "refused",
        }
    }
}
