use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::looking::{self, Found};
use super::open;
use crate::commit::StoreError;

/// Connections kept for the next who reads.
const KEPT: usize = 4;

/// Connections that read; each sees what was committed when it began.
pub(super) struct Readers {
    path: PathBuf,
    patience: Duration,
    /// Whether nothing may be written, not even a file beside the database.
    looking: bool,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// They read beside a writer of ours.
    pub(super) fn beside(path: PathBuf, patience: Duration) -> Readers {
        Readers { path, patience, looking: false, idle: Mutex::default() }
    }

    /// They read a database that is only looked at.
    pub(super) fn looking(path: PathBuf, patience: Duration) -> Readers {
        Readers { path, patience, looking: true, idle: Mutex::default() }
    }

    /// Reads in one transaction: all of one state. What is read may be read again, if it changed meanwhile.
    pub(super) fn read<T>(
        &self,
        read: impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None if self.looking => match looking::read(&self.path, self.patience, &read)? {
                Found::Read(found) => return Ok(found),
                Found::InUse(connection) => connection,
            },
            None => open::reading(&self.path, self.patience)?,
        };
        let found = transact(&mut connection, &read);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        found
    }
}

/// Reads in one transaction.
pub(super) fn transact<T>(
    connection: &mut Connection,
    read: impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction()?;
    let found = read(&transaction);
    transaction.finish()?;
    found
}
