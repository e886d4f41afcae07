//! What tenants and packs of a server use, as whoever asks it sees them.

use super::super::Failure;
use super::super::arguments::ServerArguments;
use super::server::Server;
use crate::commit::Tenant;
use crate::http::shapes::{ByWord, UsageShape};

/// Usage of a server.
pub(in crate::cli) struct UsageDesk {
    server: Server,
    url: String,
    tenant: Option<Tenant>,
}

impl UsageDesk {
    /// The server that is named; of this tenant alone, if one is.
    pub(in crate::cli) fn open(
        server: &ServerArguments,
        tenant: Option<Tenant>,
    ) -> Result<UsageDesk, Failure> {
        let named = || {
            let hint = "a server tells what is used while it runs: --server URL or $TRIPLINE_SERVER names it";
            Failure::new("expected a server, found none named").hint(Some(hint))
        };
        let url = server.named().ok_or_else(named)?;
        // Whose token it is says the server: an operator's sees all.
        let server = Server::new(&url, server.token_file.as_deref(), &Tenant::default())?;
        Ok(UsageDesk { server, url, tenant })
    }

    /// Which server it is.
    pub(in crate::cli) fn url(&self) -> &str {
        &self.url
    }

    /// What is used, by those first that use most; at most of so many tenants.
    pub(in crate::cli) fn usage(&self, by: ByWord, limit: usize) -> Result<UsageShape, Failure> {
        let word = serde_json::to_value(by).ok().and_then(|word| word.as_str().map(String::from));
        let mut query = vec![("limit", limit.to_string())];
        query.extend(word.map(|word| ("sort", word)));
        query.extend(self.tenant.as_ref().map(|tenant| ("tenant", tenant.to_string())));
        self.server.get("/usage", &query)?.map_err(|refused| self.server.failed(&refused))
    }
}
