//! Tokens and their rows: of a secret only its hash.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::database::Database;
use super::log;
use super::telling::Work;
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::token::{NewToken, Scope, Token, TokenHash};

/// Tokens that are kept of a tenant, also those that are over: their bytes are not counted, and who adds and revokes them
/// would have them kept without end.
const KEPT: u64 = 10_000;
const COLUMNS: &str = "id, tenant, name, scope, created, author, expires, revoked";

impl Database {
    /// Adds a token, of whose secret only this is kept; answers its number. `by`: the token with which it is made, which has
    /// to hold until then; `None`: it is made without one.
    pub fn add_token(
        &self,
        new: NewToken,
        hash: TokenHash,
        author: Actor,
        by: Option<i64>,
    ) -> Result<i64, StoreError> {
        let tenant = new.tenant.clone();
        self.grow_uncounted(&tenant, move |work| {
            // It held when whoever asks was let in; it may have been revoked while what they ask for was on its way.
            if let Some(by) = by
                && !one(work.db, work.tenant, by)?.is_some_and(|token| token.holds(work.now))
            {
                return Err(StoreError::Revoked(by));
            }
            let kept = "SELECT count(*) FROM (SELECT 1 FROM tokens WHERE tenant = ?1 LIMIT ?2)";
            let of = params![work.tenant.as_str(), KEPT as i64];
            if work.db.prepare_cached(kept)?.query_row(of, |row| row.get::<_, u64>(0))? >= KEPT {
                return Err(StoreError::Tokens(KEPT));
            }
            add(work, &new, &hash, &author)
        })
    }

    /// Adds the first token; `None`: there is or was another.
    pub fn add_first_token(
        &self,
        new: NewToken,
        hash: TokenHash,
        author: Actor,
    ) -> Result<Option<i64>, StoreError> {
        self.write(move |db, this| match any(db)? {
            true => Ok(None),
            false => add(&this.work(db, &new.tenant), &new, &hash, &author).map(Some),
        })
    }

    /// Whether there is or ever was a token.
    pub fn has_tokens(&self) -> Result<bool, StoreError> {
        self.readers.read(any)
    }

    /// The token whose secret has this hash, also if it is over.
    pub fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
        self.readers.read(|db| find(db, hash))
    }

    /// All tokens of a tenant, also those that are over.
    pub fn tokens(&self, tenant: &Tenant) -> Result<Vec<Token>, StoreError> {
        self.readers.read(|db| all(db, tenant, i64::MIN, (0, -1)))
    }

    /// One of a tenant, also if it is over.
    pub fn token_of(&self, tenant: &Tenant, id: i64) -> Result<Option<Token>, StoreError> {
        self.readers.read(|db| one(db, tenant, id))
    }

    /// So many at most of those that hold now, or of all, whose numbers are higher than this.
    pub fn tokens_after(
        &self,
        tenant: &Tenant,
        past: bool,
        after: i64,
        most: u32,
    ) -> Result<Vec<Token>, StoreError> {
        let from = if past { i64::MIN } else { self.clock.now() };
        self.readers.read(|db| all(db, tenant, from, (after, i64::from(most))))
    }

    /// Revokes a token; answers whether there was one to revoke.
    pub fn revoke_token(&self, tenant: &Tenant, id: i64, actor: Actor) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| revoke(&this.work(db, &tenant), id, &actor))
    }
}

/// Adds one; answers its number.
pub(super) fn add(
    work: &Work<'_>,
    new: &NewToken,
    hash: &TokenHash,
    author: &Actor,
) -> Result<i64, StoreError> {
    let sql = "INSERT INTO tokens (tenant, name, hash, scope, created, author, expires)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    work.db.prepare_cached(sql)?.execute(params![
        new.tenant.as_str(),
        new.name,
        hash.as_bytes(),
        new.scope.as_str(),
        work.now,
        author.id,
        new.expires
    ])?;
    let id = work.db.last_insert_rowid();
    record(work, "token.added", id, author, Some(new.scope))?;
    Ok(id)
}

/// Whether there is or ever was one.
pub(super) fn any(db: &Connection) -> Result<bool, StoreError> {
    // Also if it is deleted by now.
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'tokens' AND seq > 0)";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

/// The one with this hash, also if it is over.
pub(super) fn find(db: &Connection, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS}, hash FROM tokens WHERE hash = ?1"))?;
    let found = statement.query_row([hash.as_bytes()], |row| Ok((read(row)?, row.get::<_, [u8; 32]>(8)?)));
    // An index compares as fast as it can; who is let in is not left to it.
    Ok(found.optional()?.filter(|(_, kept)| hash.is(kept)).and_then(|(token, _)| token))
}

/// One of a tenant, also if it is over.
fn one(db: &Connection, tenant: &Tenant, id: i64) -> Result<Option<Token>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE tenant = ?1 AND id = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_row(params![tenant.as_str(), id], read).optional()?.flatten())
}

/// Those of a tenant that hold at this time; in the far past, all.
fn all(
    db: &Connection,
    tenant: &Tenant,
    at: i64,
    (after, most): (i64, i64),
) -> Result<Vec<Token>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tokens WHERE tenant = ?1 AND id > ?3
            AND (?2 = ?5 OR revoked IS NULL AND (expires IS NULL OR expires > ?2)) ORDER BY id LIMIT ?4"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params![tenant.as_str(), at, after, most, i64::MIN], read)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Revokes one of a tenant; answers whether there was one to revoke.
pub(super) fn revoke(work: &Work<'_>, id: i64, actor: &Actor) -> Result<bool, StoreError> {
    let sql = "UPDATE tokens SET revoked = ?3 WHERE tenant = ?1 AND id = ?2 AND revoked IS NULL";
    let revoked = work.db.prepare_cached(sql)?.execute(params![work.tenant.as_str(), id, work.now])?;
    if revoked > 0 {
        record(work, "token.revoked", id, actor, None)?;
    }
    Ok(revoked > 0)
}

fn record(
    work: &Work<'_>,
    event: &str,
    id: i64,
    actor: &Actor,
    scope: Option<Scope>,
) -> Result<(), StoreError> {
    let mut fields = log::of(actor);
    fields.insert("token".into(), Value::from(id));
    if let Some(scope) = scope {
        fields.insert("scope".into(), Value::from(scope.as_str()));
    }
    log::add(work.db, work.tenant, work.now, event, &fields)
}

/// `None`: a row that this program does not understand opens nothing.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Token>> {
    let (tenant, scope): (String, String) = (row.get(1)?, row.get(3)?);
    let Some((tenant, scope)) = Tenant::new(&tenant).zip(scope.parse().ok()) else { return Ok(None) };
    Ok(Some(Token {
        id: row.get(0)?,
        tenant,
        name: row.get(2)?,
        scope,
        created: row.get(4)?,
        author: row.get(5)?,
        expires: row.get(6)?,
        revoked: row.get(7)?,
    }))
}
