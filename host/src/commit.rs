//! What a barrier commits, and whom it is handed to.
//!
//! ```text
//!   all packs have judged the same prefix of all sources
//!        │
//!        ├─ positions   where to read on
//!        ├─ states      what each pack remembers of that prefix      ── one transaction ──►  database
//!        └─ decisions   what was decided in it
//! ```
//!
//! After a crash reading goes on at the last barrier; what is judged again has the same occurrence ids and finds its
//! own rows.

mod refused;

use std::fmt;
use std::sync::Arc;

use tripline_engine::abi::Severity;
use tripline_engine::decision::Decision;
use tripline_engine::decode::Layout;

pub use self::refused::StoreError;
pub use crate::actor::Actor;
use crate::quota::QuotaKind;

/// Whose data it is; every row has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(String);

impl Tenant {
    /// The tenant of an installation that has only one.
    pub const DEFAULT: &str = "default";

    /// A tenant's name: 1 to 64 lower case letters, digits and hyphens.
    pub fn new(name: &str) -> Option<Tenant> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ((1..=64).contains(&name.len()) && name.bytes().all(plain)).then(|| Tenant(name.into()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a command about its incidents needs behind a number: ` --tenant plant`; nothing for the one that commands
    /// mean anyway.
    pub fn flag(&self) -> String {
        if self.0 == Tenant::DEFAULT { String::new() } else { format!(" --tenant {self}") }
    }
}

impl Default for Tenant {
    fn default() -> Tenant {
        Tenant(Tenant::DEFAULT.into())
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a file is known again after it was renamed or packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The device it lies on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
    /// SHA-256 of its first bytes, unpacked.
    pub head: [u8; 32],
    /// How many bytes that is: at most 1,024.
    pub head_length: u32,
    /// How often the same inode began anew: cut to nothing and written again.
    pub generation: u32,
    /// Of a packed file the checksum and length at its end; `None`: it is not packed, or nobody has looked.
    pub seal: Option<u64>,
}

/// A file that was read before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its number among all files of the tenant; positions of events have it.
    pub number: u32,
    /// How it is known.
    pub identity: FileIdentity,
    /// What it was called then.
    pub path: String,
    /// How far it was read; `None`: not at all.
    pub position: Option<FilePosition>,
}

/// A source and what is known of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSource {
    /// Its number among all sources of the tenant.
    pub number: u32,
    /// Its files, as they were found, oldest first.
    pub files: Vec<KnownFile>,
}

/// Where a file can be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePosition {
    /// The file's number.
    pub file: u32,
    /// First byte to read, unpacked: a line begins there.
    pub offset: u64,
    /// Number of that line, from 1.
    pub line: u64,
    /// Events that begin before this byte have been judged; more than `offset` if a block was judged in part.
    pub judged: u64,
    /// The source's format, if it was found, and what else its lines are read by.
    pub format: Option<Layout>,
    /// Year, month and day of the line before, where stamps say no year.
    pub year: Option<(i16, u8, u8)>,
    /// The source's latest time up to there, nanoseconds since 1970: its lines without a time are merged by it.
    pub latest: Option<i64>,
    /// SHA-256 of the last bytes before `offset`, unpacked, at most 1,024: of logs that begin alike each is known by
    /// them. `None`: nobody has looked.
    pub foot: Option<[u8; 32]>,
}

/// What a pack remembers at a barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackState {
    /// The pack.
    pub pack: String,
    /// Its version when it saved.
    pub version: String,
    /// SHA-256 of its module.
    pub digest: [u8; 32],
    /// SHA-256 of its settings.
    pub settings: [u8; 32],
    /// What it saved; `None`: it saves nothing.
    pub state: Option<Vec<u8>>,
    /// What the host remembers for it: ticks, recent evidence.
    pub host: Vec<u8>,
}

impl PackState {
    /// Bytes that are remembered.
    pub fn bytes(&self) -> u64 {
        (self.state.as_ref().map_or(0, Vec::len) + self.host.len()) as u64
    }
}

/// By what lines that were brought are known if they come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchKey {
    /// SHA-256 of the sender's idempotency key.
    pub key: [u8; 32],
    /// SHA-256 of what it came with: the same key with something else is a mistake.
    pub body: [u8; 32],
}

/// What one barrier commits.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Of every file that was read on.
    pub positions: Vec<FilePosition>,
    /// Of every pack whose state changed.
    pub states: Vec<PackState>,
    /// In each pack's order.
    pub decisions: Vec<Decision>,
    /// The packs that judge; those of which nothing has changed, too. States of others are kept for a while only.
    pub packs: Vec<String>,
    /// Of batches all lines of which were judged.
    pub batches: Vec<BatchKey>,
    /// If the decisions are of what will be judged again, since more bytes may change it: the files whose positions are
    /// before that. They are known again for as long as it takes, whatever becomes of their incidents.
    pub tails: Option<Vec<u32>>,
    /// Who decided; `None`: rules.
    pub actor: Option<Actor>,
}

impl Commit {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
            && self.states.is_empty()
            && self.decisions.is_empty()
            && self.batches.is_empty()
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Incidents that were opened, by id.
    pub opened: Vec<i64>,
    /// Incidents that were there and have new occurrences.
    pub grown: Vec<i64>,
    /// Occurrences that are new.
    pub occurrences: u64,
    /// Decisions that were known already.
    pub known: u64,
    /// Decisions that an exception covers.
    pub excepted: u64,
    /// The highest severity of what was opened or has grown; `None`: there is no such incident.
    pub worst: Option<Severity>,
    /// What was not kept of it, though it is counted, since the tenant may have no more than this.
    pub over: Option<(QuotaKind, u64)>,
}

impl Committed {
    /// Adds what a later barrier came to. An incident that was opened since stays one that was opened.
    pub fn add(&mut self, later: Committed) {
        self.opened.extend(later.opened);
        self.grown.extend(later.grown);
        self.opened.sort_unstable();
        self.opened.dedup();
        self.grown.sort_unstable();
        self.grown.dedup();
        self.grown.retain(|id| self.opened.binary_search(id).is_err());
        self.occurrences += later.occurrences;
        self.known += later.known;
        self.excepted += later.excepted;
        self.worst = self.worst.max(later.worst);
        self.over = later.over.or(self.over);
    }
}

/// Held by the only one that checks; gone with its holder, however that ends.
#[must_use = "dropped, it lets the next one check"]
pub struct CheckerLock(
    #[expect(dead_code, reason = "what it holds is let go when it is dropped")] Box<dyn Send>,
);

impl CheckerLock {
    /// What is held, and let go when it is dropped.
    pub fn new(held: impl Send + 'static) -> CheckerLock {
        CheckerLock(Box::new(held))
    }
}

/// A file that another tenant has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OthersFile {
    /// Whose it was.
    pub tenant: Tenant,
    /// That tenant's source.
    pub source: String,
    /// What is known of it.
    pub file: KnownFile,
}

/// Files that go over to a source, to be read on there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// Whose they were.
    pub from: Tenant,
    /// By their numbers among that tenant's files; oldest first.
    pub files: Vec<u32>,
    /// What is read on, by its name.
    pub name: String,
}

/// Where barriers are committed.
pub trait Store: Send + Sync {
    /// Makes its holder the only one that checks, in this and any other process; [`StoreError::Checking`] if somebody
    /// else still does after a bounded wait. It is taken before anything else is asked and held until the last
    /// commit: of two that overlap, each would commit positions and states that know nothing of the other's.
    fn checker(&self) -> Result<CheckerLock, StoreError>;

    /// The source of this name; it is added if it is new.
    fn source(&self, tenant: &Tenant, name: &str) -> Result<KnownSource, StoreError>;

    /// Adds a file of a source, or knows it by a longer head or another path from now on; answers its number.
    fn file(
        &self,
        tenant: &Tenant,
        source: u32,
        known: Option<u32>,
        identity: &FileIdentity,
        path: &str,
    ) -> Result<u32, StoreError>;

    /// Files of all sources that were read at a place on disk, with their sources' names. A store of one source has none.
    fn at(&self, _: &Tenant, _device: u64, _inode: u64) -> Result<Vec<(String, KnownFile)>, StoreError> {
        Ok(Vec::new())
    }

    /// Files of the sources of this name that other tenants have read. A store of one tenant has none.
    fn of_others(&self, _: &Tenant, _name: &str) -> Result<Vec<OthersFile>, StoreError> {
        Ok(Vec::new())
    }

    /// Files that other tenants have read at a place on disk.
    fn at_others(&self, _: &Tenant, _device: u64, _inode: u64) -> Result<Vec<OthersFile>, StoreError> {
        Ok(Vec::new())
    }

    /// Files go over to a source of this tenant, each at its position; the tenant that had them knows them no more.
    fn take(&self, _: &Tenant, _source: u32, _: TakenOver) -> Result<(), StoreError> {
        Ok(())
    }

    /// What packs remember.
    fn states(&self, tenant: &Tenant) -> Result<Vec<PackState>, StoreError>;

    /// Everything of a barrier, or nothing.
    fn commit(&self, tenant: &Tenant, commit: Commit) -> Result<Committed, StoreError>;

    /// A barrier of several tenants, or nothing of it; answers in their order. It is lent: whoever hands it in tries again
    /// with the same.
    fn commit_all(&self, commits: &Arc<Vec<(Tenant, Commit)>>) -> Result<Vec<Committed>, StoreError>;
}
