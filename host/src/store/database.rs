use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::due::{self, Due};
use super::leaving::Departed;
use super::open::{self, InUse};
use super::own::Own;
use super::readers::Readers;
use super::standing::{self, CommitTimes, Standing};
use super::telling::{Installation, Work};
use super::writer::{Size, Writer};
use super::{batches, evidence, files, incidents, migrations, pages, scrubbing, states, timeline};
use crate::commit::{PackState, StoreError, Tenant};
use crate::files::{OwnFiles, OwnKind};
use crate::incidents::{Cursor, Entry, Evidence, Filter, Incident, Page, Policy};
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
    // Dropped in this order: the last connection that is closed takes the log of changes away, and a reader cannot; the
    // lock is held until all are closed.
    pub(super) readers: Readers,
    writer: Option<(Writer, Installation)>,
    policy: Arc<Mutex<Arc<Policy>>>,
    pub(super) own: Arc<Own>,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) departed_tenants: Departed,
    pub(super) patience: Duration,
    _in_use: Option<InUse>,
    /// Nobody in this program takes them for logs.
    _own: OwnFiles,
}

impl Database {
    /// Opens it to write and to read; it is made if it is not there, and brought to the newest version.
    pub fn open(
        path: &Path,
        policy: Policy,
        clock: Arc<dyn WallClock>,
        options: DatabaseOptions,
    ) -> Result<Database, StoreError> {
        let (in_use, alone) = InUse::take(path, options.patience)?;
        let connection = open::writing(path, options.patience, options.max_bytes, (&in_use, alone))?;
        let installation = Installation::read(&connection)?;
        in_use.share(options.patience)?;
        Ok(Database {
            path: path.into(),
            writer: Some((Writer::start(connection)?, installation)),
            readers: Readers::beside(path.into(), options.patience),
            policy: Arc::new(Mutex::new(Arc::new(policy))),
            own: Arc::default(),
            clock,
            departed_tenants: Departed::default(),
            patience: options.patience,
            _in_use: Some(in_use),
            _own: OwnFiles::claim(OwnKind::Database, open::files(path)),
        })
    }

    /// Opens one that is there to look at it: nothing is written, no file is made beside it, and all that would write
    /// is [`StoreError::OnlyLooking`]. One of an older version is refused, since reading it needs a migration.
    ///
    /// It may be on a disk that nobody can write to, or belong to somebody else.
    pub fn look(
        path: &Path,
        policy: Policy,
        clock: Arc<dyn WallClock>,
        options: DatabaseOptions,
    ) -> Result<Database, StoreError> {
        let in_use = InUse::glance(path, options.patience)?;
        let readers = Readers::looking(path.into(), options.patience);
        let (found, known) = (readers.read(migrations::version)? as u64, migrations::NEWEST as u64);
        match found {
            _ if found > known => return Err(StoreError::Newer { found, known }),
            _ if found < known => return Err(StoreError::Older { found, known }),
            _ => {}
        }
        Ok(Database {
            path: path.into(),
            writer: None,
            readers,
            policy: Arc::new(Mutex::new(Arc::new(policy))),
            own: Arc::default(),
            clock,
            departed_tenants: Departed::default(),
            patience: options.patience,
            _in_use: in_use,
            _own: OwnFiles::claim(OwnKind::Database, open::files(path)),
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What time it is by its clock, nanoseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now()
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
            let done = self.write_sized(Size::Large, |db, this| {
                due::apply(db, &this.policy, &this.installation, this.now)
            })?;
            all.expired += done.expired;
            all.resolved += done.resolved;
            all.repeated += done.repeated;
            all.unsilenced += done.unsilenced;
            all.deleted += done.deleted;
            all.swept += done.swept;
            all.blotted += done.blotted;
            if !done.more {
                break;
            }
        }
        self.scrub()?;
        Ok(all)
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

    /// How a tenant's incidents and notices stand, in figures.
    pub fn standing(&self, tenant: &Tenant) -> Result<Standing, StoreError> {
        self.readers.read(|db| standing::standing(db, tenant))
    }

    /// How long commits have taken since it was opened.
    pub fn commit_times(&self) -> CommitTimes {
        self.writer.as_ref().map(|(writer, _)| writer.times()).unwrap_or_default()
    }

    /// Tenants whose packs remember something, and which do. Not what: of thousands that is much.
    pub fn remembering(&self) -> Result<BTreeMap<Tenant, Vec<String>>, StoreError> {
        let mut by_tenant: BTreeMap<Tenant, Vec<String>> = BTreeMap::new();
        for (tenant, pack) in self.readers.read(states::remembering)? {
            if let Some(tenant) = Tenant::new(&tenant) {
                by_tenant.entry(tenant).or_default().push(pack);
            }
        }
        Ok(by_tenant)
    }

    /// What one pack of a tenant remembers, if it does.
    pub fn pack_state(&self, tenant: &Tenant, pack: &str) -> Result<Option<PackState>, StoreError> {
        self.readers.read(|db| states::one(db, tenant, pack))
    }

    /// Sources that were named by who sends their lines, of all tenants.
    pub fn named_by_senders(&self) -> Result<Vec<(Tenant, String)>, StoreError> {
        let names = self.readers.read(files::named_by_senders)?;
        Ok(names.into_iter().filter_map(|(tenant, name)| Some((Tenant::new(&tenant)?, name))).collect())
    }

    /// What the batch with this key came with, as SHA-256; `None`: no such batch was committed of late.
    pub fn batch(&self, tenant: &Tenant, key: &[u8; 32]) -> Result<Option<[u8; 32]>, StoreError> {
        self.readers.read(|db| batches::body(db, tenant, key))
    }

    /// Makes deleted rows be gone from the log of changes, too. What a reader holds up now is done by the next call, in
    /// this program or another.
    pub(super) fn scrub(&self) -> Result<(), StoreError> {
        let Some(deletions) = self.readers.read(scrubbing::deletions)? else { return Ok(()) };
        if scrubbing::take_back(&self.path)? {
            self.write(move |db, _| scrubbing::done(db, deletions))?;
        }
        Ok(())
    }

    /// That this may be written.
    pub(super) fn writes(&self) -> Result<&(Writer, Installation), StoreError> {
        self.writer.as_ref().ok_or(StoreError::OnlyLooking)
    }

    /// Does this in a transaction; answers once it is on disk.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &Writing) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_sized(Size::Small, work)
    }

    /// The same for what may change many pages.
    pub(super) fn write_sized<T: Send + 'static>(
        &self,
        size: Size,
        work: impl FnOnce(&Connection, &Writing) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (writer, installation) = self.writes()?;
        let (policy, installation, now) = (Arc::clone(&self.policy), *installation, self.clock.now());
        let own = Arc::clone(&self.own);
        // The policy of when it begins: it may have waited for others, or for a lock.
        writer.write(size, move |db| {
            own.of(db, || work(db, &Writing { policy: current(&policy), installation, now }))
        })
    }
}

fn current(policy: &Mutex<Arc<Policy>>) -> Arc<Policy> {
    Arc::clone(&policy.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What the writer is handed with each job.
pub(super) struct Writing {
    pub(super) policy: Arc<Policy>,
    pub(super) installation: Installation,
    pub(super) now: i64,
}

impl Writing {
    pub(super) fn work<'w>(&'w self, db: &'w Connection, tenant: &'w Tenant) -> Work<'w> {
        Work { db, tenant, policy: &self.policy, installation: &self.installation, now: self.now }
    }
}
