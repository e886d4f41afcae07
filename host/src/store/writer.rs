//! The one that writes. What is asked for while a commit is on its way becomes the next commit together:
//!
//! ```text
//!   callers   a ──┐      b ──┐ c ──┐ d ──┐
//!   writer        BEGIN a COMMIT    BEGIN b c d COMMIT       those behind the first in a savepoint of their own:
//!                 ▲       └ sync: a is answered  └ sync      one that fails takes only itself back
//! ```
//!
//! What changes many pages goes first: within a savepoint, SQLite copies each of them, and goes over all copies after each
//! statement.
//!
//! A disk syncs some hundred times a second, whatever is in a commit; so the more is asked for, the more is in one.

use std::iter::Peekable;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::{Connection, TransactionBehavior};

use super::standing::CommitTimes;
use crate::commit::StoreError;
use crate::crash;

/// Callers that wait for room before they are heard.
const WAITING: usize = 256;
/// Jobs of one commit.
const TOGETHER: usize = 64;

/// How many pages a job changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Size {
    /// So many that it is never done in a savepoint.
    Large,
    /// A few.
    Small,
}

/// What is asked for.
struct Job {
    work: Work,
    size: Size,
}

/// Does its work in a transaction, if there is one; answers whether that failed, and how to tell its caller what
/// became of the transaction.
type Work = Box<dyn FnOnce(Option<&Connection>) -> (bool, Tell) + Send>;
type Tell = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Owns the connection that writes; dropped, it finishes what was asked for.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    times: Arc<Mutex<CommitTimes>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Writer, StoreError> {
        let (jobs, receiver) = bounded(WAITING);
        let times = Arc::new(Mutex::default());
        let counted = Arc::clone(&times);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || run(connection, &receiver, &counted))
            .map_err(|error| StoreError::Io(Arc::new(error)))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread), times })
    }

    /// How long commits have taken.
    pub(super) fn times(&self) -> CommitTimes {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work in a transaction; answers once it is on disk.
    pub(super) fn write<T: Send + 'static>(
        &self,
        size: Size,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = bounded(1);
        let work: Work = Box::new(move |connection| {
            let done = connection.map(work);
            let failed = !matches!(done, Some(Ok(_)));
            let tell: Tell = Box::new(move |committed| {
                let result = match done {
                    Some(Ok(value)) => committed.map(|()| value),
                    Some(Err(error)) => Err(error),
                    None => Err(committed.err().unwrap_or(StoreError::Closed)),
                };
                // Whoever asked may have gone.
                let _ = answer.send(result);
            });
            (failed, tell)
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(Job { work, size }).map_err(|_| StoreError::Closed)?;
        answered.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut connection: Connection, jobs: &Receiver<Job>, times: &Mutex<CommitTimes>) {
    while let Ok(first) = jobs.recv() {
        let mut waiting = vec![first];
        waiting.extend(jobs.try_iter().take(TOGETHER - 1));
        waiting.sort_by_key(|job| job.size);
        together(&mut connection, waiting, times);
    }
    // Nobody has to read the log of changes at the next start.
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Does these jobs, in one transaction if that can be, and tells each what became of it.
fn together(connection: &mut Connection, jobs: Vec<Job>, times: &Mutex<CommitTimes>) {
    let mut jobs = jobs.into_iter().peekable();
    while jobs.peek().is_some() {
        let mut tells = Vec::new();
        let began = Instant::now();
        let committed = transact(connection, &mut jobs, &mut tells);
        count(times, began.elapsed(), committed.is_ok());
        if committed.is_err() {
            // Those that were not reached.
            tells.extend(jobs.by_ref().map(|job| (job.work)(None).1));
        }
        for tell in tells {
            tell(committed.clone());
        }
    }
}

fn count(times: &Mutex<CommitTimes>, took: Duration, committed: bool) {
    let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
    times.times.count(took);
    times.sum += took;
    times.failed += u64::from(!committed);
}

fn transact(
    connection: &mut Connection,
    jobs: &mut Peekable<impl Iterator<Item = Job>>,
    tells: &mut Vec<Tell>,
) -> Result<(), StoreError> {
    // Immediate: who waits for a lock waits here, and not in the middle of its work.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut is_first = true;
    while let Some(job) = jobs.next_if(|job| is_first || job.size == Size::Small) {
        // The first needs none: what it takes back is all there is. SQLite copies each page that is changed within one.
        if !is_first {
            transaction.execute_batch("SAVEPOINT job")?;
        }
        let (failed, tell) = (job.work)(Some(&transaction));
        tells.push(tell);
        // A full disk may make SQLite take the whole transaction back.
        if transaction.is_autocommit() {
            return Err(StoreError::Full);
        }
        if failed && is_first {
            return Ok(transaction.rollback()?);
        }
        if failed {
            transaction.execute_batch("ROLLBACK TO job")?;
        }
        if !is_first {
            transaction.execute_batch("RELEASE job")?;
        }
        is_first = false;
    }
    crash::point("before_commit");
    transaction.commit()?;
    crash::point("after_commit");
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn what_changes_many_pages_goes_before_what_waits_with_it() {
        let writer = Writer::start(Connection::open_in_memory().unwrap()).unwrap();
        let (is_there, comes) = bounded::<()>(1);
        let (go_on, waits) = bounded::<()>(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let does = |size, name: &'static str| {
            let order = Arc::clone(&order);
            writer.write(size, move |db| {
                let in_savepoint = db.execute_batch("RELEASE job; SAVEPOINT job").is_ok();
                order.lock().unwrap().push((name, in_savepoint));
                Ok(())
            })
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                writer.write(Size::Small, move |_| {
                    is_there.send(()).unwrap();
                    waits.recv().unwrap();
                    Ok(())
                })
            });
            comes.recv().unwrap();
            let jobs = [(Size::Small, "a"), (Size::Large, "b"), (Size::Small, "c"), (Size::Large, "d")];
            for (waiting, (size, name)) in (1..).zip(jobs) {
                let does = &does;
                scope.spawn(move || does(size, name).unwrap());
                // Each waits behind the one that is underway before the next comes.
                while writer.jobs.as_ref().unwrap().len() < waiting {
                    std::thread::yield_now();
                }
            }
            go_on.send(()).unwrap();
        });
        assert_eq!(*order.lock().unwrap(), [("b", false), ("d", false), ("a", true), ("c", true)]);
    }
}
