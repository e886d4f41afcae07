//! Findings as lines, for rules: read while they are judged.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use serde_json::Value;

use crate::check::HeldLines;
use crate::cli::Failure;
use crate::commit::{StoreError, Tenant};
use crate::report::scans::Findings;
use crate::scans::{ScanStore, Scanned};
use crate::store::Database;

/// Findings that are read at once.
const PIECE: u32 = 1_000;

/// Those of a run that was kept.
pub(super) struct Kept {
    pub(super) database: Arc<Database>,
    pub(super) tenant: Tenant,
    pub(super) run: u64,
}

impl HeldLines for Kept {
    fn open(&self) -> Box<dyn Read + Send> {
        let Kept { database, tenant, run } = self;
        let (database, tenant, run) = (Arc::clone(database), tenant.clone(), *run);
        let mut after = 0;
        Box::new(Pieces::of(move || {
            let lines = database.findings(&tenant, run, after, PIECE)?;
            after = lines.last().map_or(after, |(number, _)| *number);
            Ok(lines.into_iter().map(|(_, line)| line).collect())
        }))
    }
}

/// Those of a run of which nothing is kept.
pub(super) struct Unkept(pub(super) Scanned);

impl HeldLines for Unkept {
    fn open(&self) -> Box<dyn Read + Send> {
        let (origin, mut findings) = (self.0.origin.clone(), self.0.findings());
        Box::new(Pieces::of(move || {
            Ok(findings.by_ref().take(PIECE as usize).map(|finding| finding.line(&origin)).collect())
        }))
    }
}

/// Findings that were just made, as rules read them.
pub(super) struct Lines {
    lines: Arc<dyn HeldLines>,
    /// Why they could not be read on.
    failed: RefCell<Option<io::Error>>,
}

impl Lines {
    pub(super) fn of(lines: Arc<dyn HeldLines>) -> Lines {
        Lines { lines, failed: RefCell::default() }
    }

    /// All of them, one by one; none behind a failure, which [`Lines::whole`] tells.
    pub(super) fn all(&self) -> Box<dyn Iterator<Item = Value> + '_> {
        let lines = BufReader::new(self.lines.open()).lines();
        let read = lines.map_while(|line| line.map_err(|error| self.failed.replace(Some(error))).ok());
        Box::new(read.filter_map(|line| serde_json::from_str(&line).ok()))
    }

    /// The same, from the first on each time.
    pub(super) fn again(&self) -> Box<Findings<'_>> {
        Box::new(|| self.all())
    }

    /// Whether all could be read.
    pub(super) fn whole(&self) -> Result<(), Failure> {
        let failed = self.failed.take();
        failed.map_or(Ok(()), |error| Err(Failure::new(format!("cannot read what the scan found: {error}"))))
    }
}

/// Reads pieces, of which an empty one is the end.
struct Pieces<F> {
    next: F,
    ready: Cursor<Vec<u8>>,
}

impl<F: FnMut() -> Result<Vec<String>, StoreError>> Pieces<F> {
    fn of(next: F) -> Pieces<F> {
        Pieces { next, ready: Cursor::default() }
    }
}

impl<F: FnMut() -> Result<Vec<String>, StoreError>> Read for Pieces<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.fill_buf()?.is_empty() {
            let mut text = Vec::new();
            for line in (self.next)().map_err(io::Error::other)? {
                text.extend(line.into_bytes());
                text.push(b'\n');
            }
            self.ready = Cursor::new(text);
        }
        self.ready.read(buffer)
    }
}
