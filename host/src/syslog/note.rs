use std::fmt;
use std::io;
use std::net::SocketAddr;

use tripline_engine::line::{Miscounted, Unfinished};

use crate::commit::Tenant;

/// Something that an operator should know of a listener.
#[derive(Debug)]
pub struct SyslogNote {
    /// Whose lines it takes.
    pub tenant: Tenant,
    /// The source's name.
    pub source: String,
    /// What it is; the latest one of this kind.
    pub trouble: Trouble,
    /// How often it came since it was told last.
    pub count: u64,
}

/// What can go wrong at a listener.
#[derive(Debug)]
pub enum Trouble {
    /// Messages were lost: more comes than is judged.
    Full,
    /// Datagrams were lost: the system's buffer was full.
    Dropped,
    /// Messages were lost: the server stops.
    Stopping,
    /// Messages were lost: the tenant has too many sources.
    Sources,
    /// Messages were cut, and are marked.
    Cut,
    /// A connection was closed: sender and reader are out of step.
    Miscounted(SocketAddr, Miscounted),
    /// A message was lost: its connection ended within it.
    Unfinished(SocketAddr, Unfinished),
    /// A connection was closed: nothing came.
    Idle(SocketAddr),
    /// A connection on which nothing came gave way to a new one.
    GaveWay(SocketAddr),
    /// A connection was not taken: there are too many, of all or of its address.
    Crowded(SocketAddr),
    /// The system gives no connections or datagrams.
    System(io::Error),
    /// The system keeps fewer bytes of datagrams than it was asked to.
    Buffer {
        /// Bytes that were asked for.
        wanted: usize,
        /// Bytes that it keeps.
        found: usize,
    },
}

impl SyslogNote {
    /// How many messages were lost, as far as that is known.
    pub fn lost(&self) -> u64 {
        match self.trouble {
            Trouble::Full
            | Trouble::Dropped
            | Trouble::Stopping
            | Trouble::Sources
            | Trouble::Unfinished(..) => self.count,
            _ => 0,
        }
    }
}

impl fmt::Display for SyslogNote {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SyslogNote { source, trouble, count, .. } = self;
        write!(out, "{source}: ")?;
        match trouble {
            Trouble::Full => write!(out, "{count} messages lost: more comes than is judged"),
            Trouble::Dropped => write!(out, "{count} datagrams lost: the system's buffer was full"),
            Trouble::Stopping => write!(out, "{count} messages lost: the server stops"),
            Trouble::Sources => write!(out, "{count} messages lost: its tenant has too many sources"),
            Trouble::Cut => write!(out, "{count} messages were too long, and were cut"),
            Trouble::Miscounted(peer, error) => {
                write!(out, "{count} connections closed, one of them from {peer}: {error}")
            }
            Trouble::Unfinished(peer, error) => {
                write!(out, "{count} messages lost, one of them from {peer}: {error}")
            }
            Trouble::Idle(peer) => {
                write!(out, "{count} connections closed on which nothing came, one of them from {peer}")
            }
            Trouble::GaveWay(peer) => {
                write!(out, "{count} connections closed for new ones, one of them from {peer}: nothing came")
            }
            Trouble::Crowded(peer) => {
                write!(out, "{count} connections not taken, one of them from {peer}: there are too many")
            }
            Trouble::System(error) => write!(out, "nothing can be taken now: {error}"),
            Trouble::Buffer { wanted, found } => {
                write!(out, "expected room for {wanted} bytes of datagrams, found {found}")
            }
        }
    }
}
