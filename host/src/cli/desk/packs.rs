//! A server's packs, as whoever may change them sees them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::Failure;
use super::super::arguments::AtServer;
use super::server::{JSON, Refused, Server};
use crate::http::SIGNATURE;
use crate::http::shapes::{OwnPackShape, PackFaultShape, PackShape, RuleOutcomeShape};
use crate::signing::Signature;

/// Packs of a server.
pub(in crate::cli) struct PackDesk(Server);

/// What a list has.
#[derive(Deserialize)]
pub(in crate::cli) struct Packs {
    /// What everybody has.
    pub(in crate::cli) packs: Vec<PackShape>,
    /// The tenant's own.
    pub(in crate::cli) own: Vec<OwnPackShape>,
}

/// What went wrong with one, what it has cost, and what became of its incidents.
#[derive(Deserialize, Serialize)]
pub(in crate::cli) struct Faults {
    pub(in crate::cli) faults: Vec<PackFaultShape>,
    pub(in crate::cli) cost: Option<PackShape>,
    pub(in crate::cli) rules: Vec<RuleOutcomeShape>,
}

impl PackDesk {
    /// The server that is named.
    pub(in crate::cli) fn open(at: &AtServer) -> Result<PackDesk, Failure> {
        let named = || {
            let hint =
                "packs are pushed to a server while it runs: --server URL or $TRIPLINE_SERVER names it";
            Failure::new("expected a server, found none named").hint(Some(hint))
        };
        let url = at.server.named().ok_or_else(named)?;
        Server::new(&url, at.server.token_file.as_deref(), &at.tenant).map(PackDesk)
    }

    /// All packs.
    pub(in crate::cli) fn all(&self) -> Result<Packs, Failure> {
        self.known(self.0.get("/packs", &[])?)
    }

    /// Brings a module, and who vouches for it.
    pub(in crate::cli) fn push(
        &self,
        name: &str,
        wasm: &[u8],
        signature: Option<&Signature>,
    ) -> Result<OwnPackShape, Failure> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let packed = packed.write_all(wasm).and_then(|()| packed.finish()).map_err(Failure::new)?;
        let signature = signature.map(Signature::to_string);
        let mut headers = vec![("Content-Type", "application/wasm"), ("Content-Encoding", "gzip")];
        headers.extend(signature.as_deref().map(|line| (SIGNATURE, line)));
        self.known(self.0.put(&path(name, ""), &headers, &packed)?)
    }

    /// Gives one other settings.
    pub(in crate::cli) fn set(
        &self,
        name: &str,
        settings: &Map<String, Value>,
    ) -> Result<OwnPackShape, Failure> {
        let body = json!({ "settings": settings }).to_string();
        self.known(self.0.put(&path(name, "/settings"), &JSON, body.as_bytes())?)
    }

    /// Rolls one back, enables or disables it.
    pub(in crate::cli) fn act(&self, name: &str, act: &str) -> Result<OwnPackShape, Failure> {
        self.known(self.0.post(&path(name, &format!("/{act}")), &json!({}))?)
    }

    /// What went wrong with one.
    pub(in crate::cli) fn faults(&self, name: &str) -> Result<Faults, Failure> {
        self.known(self.0.get(&path(name, "/faults"), &[])?)
    }

    fn known<T>(&self, answer: Result<T, Refused>) -> Result<T, Failure> {
        answer.map_err(|refused| self.0.failed(&refused))
    }
}

/// A name that is none must not become another path.
fn path(name: &str, below: &str) -> String {
    let is_plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
    let name: String = name.chars().map(|one| if is_plain(one) { one } else { '_' }).collect();
    format!("/packs/{name}{below}")
}
