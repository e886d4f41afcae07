use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::applying::Applying;
use super::due::{self, Due};
use super::log::Happenings;
use super::open::{self, InUse};
use super::readers::Readers;
use super::standing::{self, CommitTimes, Standing};
use super::telling::Work;
use super::told::{self, OutboxStatus, Told};
use super::writer::Writer;
use super::{
    batches, evidence, exceptions, files, incidents, log, outbox, pages, silences, states, timeline, tokens,
};
use crate::commit::{
    CheckerLock, Commit, Committed, FileIdentity, KnownSource, PackState, Store, StoreError, Tenant,
};
use crate::incidents::{
    Act, ActError, Actor, Cursor, Entry, Evidence, Exception, Filter, Incident, NewException, NewSilence,
    Page, Policy, Report, Silence, State,
};
use crate::notices::{DelivererLock, End, Next, Outbox, Reason};
use crate::security_log::{Head, Record, Records};
use crate::token::{NewToken, Token, TokenHash};
use crate::wall_clock::WallClock;

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseOptions {
    /// How long a lock of another program is waited for. 5 s.
    pub patience: Duration,
    /// Bytes that it may have; `None`: as the disk allows.
    pub max_bytes: Option<u64>,
}

impl Default for DatabaseOptions {
    fn default() -> DatabaseOptions {
        DatabaseOptions { patience: open::PATIENCE, max_bytes: None }
    }
}

/// A database that is open. Dropped, it finishes what was asked for and closes.
pub struct Database {
    path: PathBuf,
    // Dropped in this order: the lock is held until all connections are closed.
    writer: Writer,
    readers: Readers,
    policy: Arc<Mutex<Arc<Policy>>>,
    clock: Arc<dyn WallClock>,
    patience: Duration,
    installation: [u8; 16],
    _in_use: InUse,
}

impl Database {
    /// Opens it; it is made if it is not there, and brought to the newest version.
    pub fn open(
        path: &Path,
        policy: Policy,
        clock: Arc<dyn WallClock>,
        options: DatabaseOptions,
    ) -> Result<Database, StoreError> {
        let (in_use, alone) = InUse::take(path)?;
        let connection = open::writing(path, options.patience, options.max_bytes, alone)?;
        let installation = connection.query_row("SELECT id FROM installation", [], |row| row.get(0))?;
        in_use.share()?;
        Ok(Database {
            path: path.into(),
            writer: Writer::start(connection)?,
            readers: Readers::new(path.into(), options.patience),
            policy: Arc::new(Mutex::new(Arc::new(policy))),
            clock,
            patience: options.patience,
            installation,
            _in_use: in_use,
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How incidents are kept and told.
    pub fn policy(&self) -> Arc<Policy> {
        current(&self.policy)
    }

    /// From here on, incidents are kept and told like this.
    ///
    /// What has begun ends as it began; what has not, also what waits for a lock, is done by the new policy. It is for
    /// this `Database`: nothing of it is stored, and nobody else who has the file open learns of it. As after a start
    /// with a changed configuration, what is queued goes to whom it was queued for.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// Does what is due; answers what that was.
    pub fn due(&self) -> Result<Due, StoreError> {
        let mut all = Due::default();
        loop {
            let done = self.write(|db, this| due::apply(db, &this.policy, &this.installation, this.now))?;
            all.expired += done.expired;
            all.resolved += done.resolved;
            all.repeated += done.repeated;
            all.unsilenced += done.unsilenced;
            all.deleted += done.deleted;
            all.swept += done.swept;
            if !done.more {
                break;
            }
        }
        if all.deleted + all.swept > 0 {
            self.scrub()?;
        }
        Ok(all)
    }

    /// Somebody does something to an incident; `version`: only if nobody has changed it since.
    pub fn act(
        &self,
        tenant: &Tenant,
        id: i64,
        version: Option<i64>,
        act: Act,
        actor: Actor,
    ) -> Result<Result<Incident, ActError>, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| {
            let Some(mut incident) = incidents::get(db, &tenant, id)? else {
                return Ok(Err(ActError::Unknown { id }));
            };
            if let Some(expected) = version.filter(|version| *version != incident.version) {
                return Ok(Err(ActError::Changed { id, expected, found: incident.version }));
            }
            if matches!(act, Act::Reopen { .. }) && incident.state == State::Resolved {
                let latest =
                    incidents::latest(db, &tenant, &incident.pack, &incident.rule, &incident.fingerprint)?;
                if let Some(latest) = latest.filter(|latest| latest.id != id) {
                    return Ok(Err(ActError::Superseded { id, latest: latest.id }));
                }
            }
            let happening = match incident.act(&act, &this.policy.limits, this.now) {
                Ok(happening) => happening,
                Err(error) => return Ok(Err(error)),
            };
            if let Act::Reopen { .. } = act {
                // While it was resolved, nothing was told again.
                this.policy.routes.wind(&mut incident, this.now);
            }
            incidents::update(db, &incident)?;
            let reason = match act {
                Act::Resolve { .. } => Some(Reason::Resolved),
                Act::Reopen { .. } => Some(Reason::Reopened),
                _ => None,
            };
            this.work(db, &tenant).happened(&incident, &actor, happening, reason)?;
            Ok(Ok(incidents::get(db, &tenant, id)?.unwrap_or(incident)))
        })
    }

    /// A person or a program reports an incident; answers its number. What an exception covers has none: 0.
    pub fn report(&self, tenant: &Tenant, report: Report) -> Result<i64, StoreError> {
        let decisions = vec![report.decision(self.clock.now())];
        let committed = self.commit(tenant, Commit { decisions, ..Commit::default() })?;
        Ok(committed.opened.first().or(committed.grown.first()).copied().unwrap_or(0))
    }

    /// The incident with this number.
    pub fn incident(&self, tenant: &Tenant, id: i64) -> Result<Option<Incident>, StoreError> {
        self.readers.read(|db| incidents::get(db, tenant, id))
    }

    /// An incident's evidence.
    pub fn evidence(&self, tenant: &Tenant, id: i64) -> Result<Vec<Evidence>, StoreError> {
        self.readers.read(|db| evidence::of(db, tenant, id))
    }

    /// An incident's timeline.
    pub fn timeline(&self, tenant: &Tenant, id: i64) -> Result<Vec<Entry>, StoreError> {
        self.readers.read(|db| timeline::of(db, tenant, id))
    }

    /// A page of incidents, the latest change first.
    pub fn page(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: Option<Cursor>,
        most: u32,
    ) -> Result<Page, StoreError> {
        self.readers.read(|db| pages::page(db, tenant, filter, after, most))
    }

    /// Adds a silence; answers its number.
    pub fn silence(&self, tenant: &Tenant, new: NewSilence, author: Actor) -> Result<i64, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| silences::add(&this.work(db, &tenant), &new, &author))
    }

    /// Ends a silence early; answers whether there was one to end.
    pub fn end_silence(&self, tenant: &Tenant, id: i64, actor: Actor) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| silences::end(&this.work(db, &tenant), id, &actor))
    }

    /// Silences that are not over, or all there were.
    pub fn silences(&self, tenant: &Tenant, past: bool) -> Result<Vec<Silence>, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| silences::all(db, tenant, now, past))
    }

    /// Adds an exception; answers its number.
    pub fn except(&self, tenant: &Tenant, new: NewException, author: Actor) -> Result<i64, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| exceptions::add(&this.work(db, &tenant), &new, &author))
    }

    /// Ends an exception; answers whether there was one to end.
    pub fn end_exception(&self, tenant: &Tenant, id: i64, actor: Actor) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| exceptions::end(&this.work(db, &tenant), id, &actor))
    }

    /// Exceptions that hold, or all there were.
    pub fn exceptions(&self, tenant: &Tenant, past: bool) -> Result<Vec<Exception>, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| exceptions::all(db, tenant, now, past))
    }

    /// Decisions that an exception has taken out, the last first: when, pack, rule, title.
    pub fn excepted(
        &self,
        tenant: &Tenant,
        exception: i64,
        most: u32,
    ) -> Result<Vec<(i64, String, String, String)>, StoreError> {
        self.readers.read(|db| exceptions::taken(db, tenant, exception, most))
    }

    /// What was told of an incident, and what was not.
    pub fn told(&self, tenant: &Tenant, incident: i64) -> Result<Vec<Told>, StoreError> {
        self.readers.read(|db| told::of(db, tenant, incident))
    }

    /// Notices that wait, the next first.
    pub fn waiting(&self, tenant: &Tenant, most: u32) -> Result<Vec<Told>, StoreError> {
        self.readers.read(|db| told::waiting(db, tenant, most))
    }

    /// How many notices wait.
    pub fn waits(&self, tenant: &Tenant) -> Result<u64, StoreError> {
        self.readers.read(|db| told::count(db, tenant))
    }

    /// How the outbox stands. It counts all that was ever sent.
    pub fn outbox(&self, tenant: &Tenant, most: u32) -> Result<OutboxStatus, StoreError> {
        self.readers.read(|db| told::status(db, tenant, most))
    }

    /// How a tenant's incidents and notices stand, in figures.
    pub fn standing(&self, tenant: &Tenant) -> Result<Standing, StoreError> {
        self.readers.read(|db| standing::standing(db, tenant))
    }

    /// How long commits have taken since it was opened.
    pub fn commit_times(&self) -> CommitTimes {
        self.writer.times()
    }

    /// Lets everything that failed go again at once; answers how many.
    pub fn flush(&self) -> Result<u64, StoreError> {
        self.write(|db, this| told::flush(db, this.now))
    }

    /// Tenants whose packs remember something.
    pub fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let names = self.readers.read(states::tenants)?;
        Ok(names.iter().filter_map(|name| Tenant::new(name)).collect())
    }

    /// What the batch with this key came with, as SHA-256; `None`: no such batch was committed of late.
    pub fn batch(&self, tenant: &Tenant, key: &[u8; 32]) -> Result<Option<[u8; 32]>, StoreError> {
        self.readers.read(|db| batches::body(db, tenant, key))
    }

    /// Queues what was given up again: one notice, or all; answers how many.
    pub fn retry(&self, tenant: &Tenant, notice: Option<i64>) -> Result<u64, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| told::retry(db, &tenant, notice, this.now))
    }

    /// Adds a token, of whose secret only this is kept; answers its number.
    pub fn add_token(&self, new: NewToken, hash: TokenHash, author: Actor) -> Result<i64, StoreError> {
        self.write(move |db, this| tokens::add(&this.work(db, &new.tenant), &new, &hash, &author))
    }

    /// Adds the first token; `None`: there is or was another.
    pub fn add_first_token(
        &self,
        new: NewToken,
        hash: TokenHash,
        author: Actor,
    ) -> Result<Option<i64>, StoreError> {
        self.write(move |db, this| match tokens::any(db)? {
            true => Ok(None),
            false => tokens::add(&this.work(db, &new.tenant), &new, &hash, &author).map(Some),
        })
    }

    /// Whether there is or ever was a token.
    pub fn has_tokens(&self) -> Result<bool, StoreError> {
        self.readers.read(tokens::any)
    }

    /// The token whose secret has this hash, also if it is over.
    pub fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
        self.readers.read(|db| tokens::find(db, hash))
    }

    /// All tokens of a tenant, also those that are over.
    pub fn tokens(&self, tenant: &Tenant) -> Result<Vec<Token>, StoreError> {
        self.readers.read(|db| tokens::all(db, tenant))
    }

    /// Revokes a token; answers whether there was one to revoke.
    pub fn revoke_token(&self, tenant: &Tenant, id: i64, actor: Actor) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| tokens::revoke(&this.work(db, &tenant), id, &actor))
    }

    /// What happened to a tenant's incidents, as security.log has it, after this record.
    pub fn happenings(&self, tenant: &Tenant, seq: i64, most: u32) -> Result<Happenings, StoreError> {
        self.readers.read(|db| log::of_incidents(db, tenant, seq, most))
    }

    /// Makes deleted rows be gone from the log of changes, too.
    fn scrub(&self) -> Result<(), StoreError> {
        // Not within a transaction: a connection of its own. A reader may hold it up; the next one catches up.
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(open::PATIENCE)?;
        Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &Writing) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (policy, installation, now) = (Arc::clone(&self.policy), self.installation, self.clock.now());
        // The policy of when it begins: it may have waited for others, or for a lock.
        self.writer.write(move |db| work(db, &Writing { policy: current(&policy), installation, now }))
    }
}

fn current(policy: &Mutex<Arc<Policy>>) -> Arc<Policy> {
    Arc::clone(&policy.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What the writer is handed with each job.
struct Writing {
    policy: Arc<Policy>,
    installation: [u8; 16],
    now: i64,
}

impl Writing {
    fn work<'w>(&'w self, db: &'w Connection, tenant: &'w Tenant) -> Work<'w> {
        Work { db, tenant, policy: &self.policy, installation: &self.installation, now: self.now }
    }
}

/// Between two looks at a lock that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Store for Database {
    fn checker(&self) -> Result<CheckerLock, StoreError> {
        let started = Instant::now();
        loop {
            if let Some(lock) = open::lock_beside(&self.path, "-checker")? {
                return Ok(CheckerLock::new(lock));
            }
            // Looked at again and again: a blocking flock cannot be given a bound.
            if started.elapsed() >= self.patience {
                return Err(StoreError::Checking);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn source(&self, tenant: &Tenant, name: &str) -> Result<KnownSource, StoreError> {
        let (tenant, name) = (tenant.clone(), name.to_string());
        self.write(move |db, _| files::source(db, &tenant, &name))
    }

    fn file(
        &self,
        tenant: &Tenant,
        source: u32,
        known: Option<u32>,
        identity: &FileIdentity,
        path: &str,
    ) -> Result<u32, StoreError> {
        let (tenant, identity, path) = (tenant.clone(), identity.clone(), path.to_string());
        self.write(move |db, _| files::file(db, &tenant, source, known, &identity, &path))
    }

    fn states(&self, tenant: &Tenant) -> Result<Vec<PackState>, StoreError> {
        self.readers.read(|db| states::all(db, tenant))
    }

    fn commit(&self, tenant: &Tenant, commit: Commit) -> Result<Committed, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| Applying::new(&this.work(db, &tenant))?.apply(commit))
    }

    fn commit_all(&self, commits: Vec<(Tenant, Commit)>) -> Result<Vec<Committed>, StoreError> {
        self.write(move |db, this| {
            let each = commits.into_iter();
            each.map(|(tenant, commit)| Applying::new(&this.work(db, &tenant))?.apply(commit)).collect()
        })
    }
}

impl Outbox for Database {
    fn deliverer(&self) -> Result<Option<DelivererLock>, StoreError> {
        Ok(open::lock_beside(&self.path, "-deliverer")?.map(DelivererLock::new))
    }

    fn reclaim(&self) -> Result<u64, StoreError> {
        self.write(|db, this| outbox::reclaim(db, this.now))
    }

    fn next(&self, relay: &str) -> Result<Next, StoreError> {
        let relay = relay.to_string();
        let next =
            self.write(move |db, this| outbox::next(db, &this.policy, &this.installation, &relay, this.now))?;
        crate::crash::point("lease_taken");
        Ok(next)
    }

    fn finish(&self, relay: &str, notice: i64, end: &End) -> Result<(), StoreError> {
        let (relay, end) = (relay.to_string(), end.clone());
        self.write(move |db, this| {
            outbox::finish(db, &this.policy, &this.installation, &relay, notice, &end, this.now)
        })
    }
}

impl Records for Database {
    fn head(&self) -> Result<Option<Head>, StoreError> {
        self.readers.read(log::head)
    }

    fn after(&self, seq: i64, most: u32) -> Result<Vec<Record>, StoreError> {
        self.readers.read(|db| log::after(db, seq, most))
    }

    fn written(&self, head: &Head) -> Result<(), StoreError> {
        let head = *head;
        self.write(move |db, _| log::written(db, &head))
    }
}
