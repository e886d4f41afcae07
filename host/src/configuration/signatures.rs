//! `signed_by`: whose signatures are demanded.

use super::table::{Keys, Table};
use super::{ConfigurationError, Problem};
use crate::signing::{Demands, KeyError, PublicKey};

type Wrong = ConfigurationError;

/// The keys of `[packs]`, beside names of packs, which have no such character.
pub(super) const PACKS: Keys = &["signed_by", "pushed_signed_by"];

/// Reads a list of public keys; without one nothing is demanded.
pub(super) fn keys(table: &Table<'_>, key: &'static str) -> Result<Vec<PublicKey>, Wrong> {
    let Some(texts) = table.texts(key)? else { return Ok(Vec::new()) };
    if let Some(one) = texts.get(Demands::MOST) {
        return Err(one.expected(format!("at most {} keys", Demands::MOST), "more"));
    }
    let read = texts.iter().map(|text| {
        text.value.parse().map_err(|error: KeyError| {
            let problem = Problem::Signer { key: text.key.clone(), error };
            // It may be the half of a key that nobody may see.
            text.hiding(problem)
        })
    });
    read.collect()
}
