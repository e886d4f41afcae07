use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::open;
use crate::commit::StoreError;

/// Connections kept for the next who reads.
const KEPT: usize = 4;

/// Connections that read beside the writer; each sees what was committed when it began.
pub(super) struct Readers {
    path: PathBuf,
    patience: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, patience: Duration) -> Readers {
        Readers { path, patience, idle: Mutex::default() }
    }

    /// Reads in one transaction: all of one state.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open::reading(&self.path, self.patience)?,
        };
        let transaction = connection.transaction()?;
        let found = read(&transaction);
        transaction.finish()?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        found
    }
}
