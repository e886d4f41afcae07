//! How many bytes each tenant has stored: kept up to date by the database itself, with each row that comes and goes, so that
//! it can be asked at any time. `migrations/14.sql` says what counts.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::database::Database;
use crate::commit::{StoreError, Tenant};

/// Of what a tenant has stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoredKind {
    /// Incidents with their occurrences and timelines, exceptions and silences.
    Incidents,
    /// Lines that incidents keep.
    Evidence,
    /// What is to be told, and what was.
    Notices,
    /// What packs remember.
    States,
    /// Scans, their findings, and what is known from them.
    Scans,
    /// Modules of its own packs.
    Packs,
    /// Names of sources and files, positions in them, and keys of batches.
    Sources,
}

impl StoredKind {
    /// All of them.
    pub const ALL: [StoredKind; 7] = {
        use StoredKind::*;
        [Incidents, Evidence, Notices, States, Scans, Packs, Sources]
    };

    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            StoredKind::Incidents => "incidents",
            StoredKind::Evidence => "evidence",
            StoredKind::Notices => "notices",
            StoredKind::States => "states",
            StoredKind::Scans => "scans",
            StoredKind::Packs => "packs",
            StoredKind::Sources => "sources",
        }
    }
}

/// Bytes that a tenant has stored: lengths of what is in its rows, without pages and indices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored([u64; StoredKind::ALL.len()]);

impl Stored {
    /// Of one kind.
    pub fn of(&self, kind: StoredKind) -> u64 {
        self.0[kind as usize]
    }

    /// Of all kinds.
    pub fn all(&self) -> u64 {
        self.0.iter().fold(0, |all, one| all.saturating_add(*one))
    }

    /// A kind that this program does not know is not counted.
    fn put(&mut self, kind: &str, bytes: i64) {
        if let Some(kind) = StoredKind::ALL.into_iter().find(|one| one.as_str() == kind) {
            self.0[kind as usize] = u64::try_from(bytes).unwrap_or(0);
        }
    }
}

impl Database {
    /// Bytes that each tenant has stored; who is not among them has none. It reads a few rows for each tenant.
    pub fn stored(&self) -> Result<BTreeMap<Tenant, Stored>, StoreError> {
        self.readers.read(|db| {
            let mut statement = db.prepare_cached("SELECT tenant, kind, bytes FROM stored")?;
            let mut rows = statement.query([])?;
            let mut all = BTreeMap::<Tenant, Stored>::new();
            while let Some(row) = rows.next()? {
                let Some(tenant) = Tenant::new(row.get_ref(0)?.as_str().unwrap_or_default()) else {
                    continue;
                };
                let kind = row.get::<_, String>(1)?;
                all.entry(tenant).or_default().put(&kind, row.get(2)?);
            }
            Ok(all)
        })
    }

    /// Bytes that one tenant has stored.
    pub fn stored_of(&self, tenant: &Tenant) -> Result<Stored, StoreError> {
        self.readers.read(|db| of(db, tenant))
    }
}

/// Bytes that a tenant has stored, by the transaction that asks.
pub(super) fn of(db: &Connection, tenant: &Tenant) -> Result<Stored, StoreError> {
    let mut statement = db.prepare_cached("SELECT kind, bytes FROM stored WHERE tenant = ?1")?;
    let mut rows = statement.query(params![tenant.as_str()])?;
    let mut stored = Stored::default();
    while let Some(row) = rows.next()? {
        stored.put(&row.get::<_, String>(0)?, row.get(1)?);
    }
    Ok(stored)
}
