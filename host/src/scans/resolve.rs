use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::target::HostName;

/// Tells the addresses of a name; handed in, so that tests need no network.
pub trait Resolver: Send + Sync {
    /// All of its addresses.
    fn resolve(&self, name: &HostName) -> Result<Vec<IpAddr>, ResolveError>;
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
}

/// Asks the system, and waits for it no longer than so long.
#[derive(Clone, Copy, Debug)]
pub struct SystemResolver {
    /// Five seconds by default.
    pub patience: Duration,
}

impl Default for SystemResolver {
    fn default() -> SystemResolver {
        SystemResolver { patience: Duration::from_secs(5) }
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, name: &HostName) -> Result<Vec<IpAddr>, ResolveError> {
        let asked = name.as_str().to_string();
        let unknown = |error| ResolveError::Unknown { name: name.as_str().into(), error };
        let (answer, answered) = bounded(1);
        // The system's call cannot be broken off: a thread that nobody waits for ends with it.
        let asking = thread::Builder::new().name("resolve".into()).spawn(move || {
            let found = (asked.as_str(), 0).to_socket_addrs();
            let _ = answer.send(found.map(|found| found.map(|at| at.ip()).collect::<Vec<_>>()));
        });
        asking.map_err(unknown)?;
        match answered.recv_timeout(self.patience) {
            Ok(Ok(found)) if found.is_empty() => Err(ResolveError::NoAddress(name.as_str().into())),
            Ok(found) => found.map_err(unknown),
            Err(RecvTimeoutError::Timeout) => {
                Err(ResolveError::TimedOut { name: name.as_str().into(), after: self.patience })
            }
            Err(RecvTimeoutError::Disconnected) => Err(ResolveError::NoAddress(name.as_str().into())),
        }
    }
}
