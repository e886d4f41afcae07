//! From an empty file, or an older program's, to what this program reads: each step in a transaction of its own, so
//! that one that was interrupted goes on where it stopped.

use rusqlite::Connection;
use rusqlite_migration::{Error, M, MigrationDefinitionError, Migrations};

use crate::commit::StoreError;
use crate::crash;

/// `TRIP`: marks the file as ours.
const APPLICATION: i32 = 0x5452_4950;
const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/1.sql")),
    M::up(include_str!("migrations/2.sql")),
    M::up(include_str!("migrations/3.sql")),
    M::up(include_str!("migrations/4.sql")),
    M::up(include_str!("migrations/5.sql")),
    M::up(include_str!("migrations/6.sql")),
    M::up(include_str!("migrations/7.sql")),
    M::up(include_str!("migrations/8.sql")),
    M::up(include_str!("migrations/9.sql")),
    M::up(include_str!("migrations/10.sql")),
    M::up(include_str!("migrations/11.sql")),
    M::up(include_str!("migrations/12.sql")),
    M::up(include_str!("migrations/13.sql")),
    M::up(include_str!("migrations/14.sql")),
    M::up(include_str!("migrations/15.sql")),
];

/// The newest version that this program knows.
pub(super) const NEWEST: usize = STEPS.len();
/// The first version that keeps records for security.log.
pub(super) const LOGGED: usize = 3;
/// The first version that has tokens.
pub(super) const TOKENS: usize = 6;
/// The first version that notes which file that is.
pub(super) const PLACED: usize = 8;

/// The version that a database has; a stranger's file is refused.
pub(super) fn version(connection: &Connection) -> Result<usize, StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (pragma("user_version")?, pragma("application_id")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (application != 0 || version != 0 || tables != 0) && application != i64::from(APPLICATION) {
        return Err(StoreError::Damaged("the database of another program".into()));
    }
    usize::try_from(version).map_err(|_| StoreError::Damaged(format!("version {version}")))
}

/// Whether it is ours by its own word: an empty file is nobody's.
pub(super) fn is_ours(connection: &Connection) -> Result<bool, StoreError> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(application == i64::from(APPLICATION))
}

/// Brings the database to the newest version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    if found > NEWEST {
        return Err(StoreError::Newer { found: found as u64, known: NEWEST as u64 });
    }
    if found == NEWEST {
        return Ok(());
    }
    connection.pragma_update(None, "application_id", APPLICATION)?;
    let migrations = Migrations::from_slice(STEPS);
    for step in found + 1..=NEWEST {
        crash::point(&format!("migration_{step}"));
        migrations.to_version(connection, step).map_err(|error| match error {
            Error::RusqliteError { err, .. } => StoreError::from(err),
            Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                StoreError::Newer { found: found as u64, known: NEWEST as u64 }
            }
            other => StoreError::Damaged(other.to_string()),
        })?;
    }
    Ok(())
}
