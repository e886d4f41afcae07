use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};

use super::scanner::Cancel;
use super::target::HostName;

/// Tells the addresses of names; handed in, so that tests need no network.
pub trait Resolver: Send + Sync {
    /// All addresses of each of them, in their order; it ends in a bounded time, however many they are.
    ///
    /// # Errors
    /// One of them leads nowhere.
    fn resolve(&self, names: &[HostName]) -> Result<Vec<Vec<IpAddr>>, ResolveError>;
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The system does not know it.
    #[error("{name}: expected the address of a host, found none: {error}")]
    Unknown {
        /// The name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// The system knows it, and no address of it.
    #[error("{0}: expected the address of a host, found none")]
    NoAddress(String),
    /// No answer came in time.
    #[error("{name}: expected its address within {} seconds, found none", .after.as_secs())]
    TimedOut {
        /// The name.
        name: String,
        /// So long.
        after: Duration,
    },
    /// Nobody wants to know any more.
    #[error("it was cancelled")]
    Cancelled,
}

/// Asks the system.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    /// How long all names of a scan may take together. 20 seconds.
    pub patience: Duration,
    /// Names that are asked for at once: each needs a thread. 16.
    pub at_once: usize,
    /// Breaks it off.
    pub cancel: Cancel,
}

impl Default for SystemResolver {
    fn default() -> SystemResolver {
        SystemResolver { patience: Duration::from_secs(20), at_once: 16, cancel: Cancel::default() }
    }
}

impl SystemResolver {
    /// One that this breaks off.
    pub fn cancelled_by(cancel: &Cancel) -> SystemResolver {
        SystemResolver { cancel: cancel.clone(), ..SystemResolver::default() }
    }
}

/// Between two looks at whether somebody has cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// The addresses of a name, by its place among all.
type Answer = (usize, io::Result<Vec<IpAddr>>);

/// Names that threads ask for, each the next one.
struct Asking {
    names: Vec<String>,
    next: AtomicUsize,
    /// Nobody waits any more.
    over: AtomicBool,
}

impl Resolver for SystemResolver {
    fn resolve(&self, names: &[HostName]) -> Result<Vec<Vec<IpAddr>>, ResolveError> {
        let name = |place: usize| names.get(place).map(HostName::as_str).unwrap_or_default().to_string();
        let until = Instant::now().checked_add(self.patience);
        let asking = Arc::new(Asking {
            names: names.iter().map(|name| name.as_str().into()).collect(),
            next: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let _over = Over(&asking);
        let (answer, answers) = unbounded();
        for _ in 0..names.len().min(self.at_once.max(1)) {
            let (asking, answer) = (Arc::clone(&asking), answer.clone());
            // The system's call cannot be broken off: a thread that nobody waits for ends with it.
            let thread = thread::Builder::new().name("resolve".into());
            let begun = thread.spawn(move || asking.run(&answer));
            begun.map_err(|error| ResolveError::Unknown { name: name(0), error })?;
        }
        drop(answer);
        let mut found: Vec<Option<Vec<IpAddr>>> = vec![None; names.len()];
        let mut left = names.len();
        while left > 0 {
            if self.cancel.is_cancelled() {
                return Err(ResolveError::Cancelled);
            }
            let missing = || name(found.iter().position(Option::is_none).unwrap_or_default());
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(ResolveError::TimedOut { name: missing(), after: self.patience });
            }
            match answers.recv_timeout(LOOK) {
                Ok((place, Ok(addresses))) if addresses.is_empty() => {
                    return Err(ResolveError::NoAddress(name(place)));
                }
                Ok((place, Ok(addresses))) => {
                    found[place] = Some(addresses);
                    left -= 1;
                }
                Ok((place, Err(error))) => return Err(ResolveError::Unknown { name: name(place), error }),
                Err(error) if error.is_timeout() => {}
                // A thread has ended without an answer.
                Err(_) => return Err(ResolveError::NoAddress(missing())),
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

impl Asking {
    /// Asks for one after the other, until none is left or nobody waits.
    fn run(&self, answer: &Sender<Answer>) {
        while !self.over.load(Relaxed) {
            let place = self.next.fetch_add(1, Relaxed);
            let Some(name) = self.names.get(place) else { return };
            let found = (name.as_str(), 0).to_socket_addrs();
            let _ = answer.send((place, found.map(|found| found.map(|at| at.ip()).collect())));
        }
    }
}

/// Dropped, nobody waits any more.
struct Over<'a>(&'a Asking);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scans::Target;

    fn names(count: usize) -> Vec<HostName> {
        let name = |n: usize| match format!("name-{n}.localhost").parse() {
            Ok(Target::Name(name)) => name,
            other => panic!("{other:?}"),
        };
        (0..count).map(name).collect()
    }

    #[test]
    fn however_many_names_there_are_there_is_an_end() {
        let cancelled = Cancel::default();
        cancelled.cancel();
        let resolver = SystemResolver::cancelled_by(&cancelled);
        assert!(matches!(resolver.resolve(&names(1_000)), Err(ResolveError::Cancelled)));
        let late = SystemResolver { patience: Duration::ZERO, ..SystemResolver::default() };
        let ResolveError::TimedOut { name, .. } = late.resolve(&names(1_000)).unwrap_err() else {
            panic!("it is late")
        };
        assert_eq!(name, "name-0.localhost");
        assert_eq!(late.resolve(&[]).unwrap(), Vec::<Vec<IpAddr>>::new());
    }

    #[test]
    fn the_system_knows_this_machine() {
        let Ok(Target::Name(own)) = "localhost".parse() else { panic!("it is a name") };
        let found = SystemResolver::default().resolve(&[own.clone(), own]).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|one| one.iter().all(IpAddr::is_loopback) && !one.is_empty()), "{found:?}");
    }
}
