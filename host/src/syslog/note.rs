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
        let of = |one: &str| if *count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        let (messages, connections) = (of("message"), of("connection"));
        let among = |peer: &SocketAddr| match *count {
            1 => format!("from {peer}"),
            _ => format!("one of them from {peer}"),
        };
        match trouble {
            Trouble::Full => write!(out, "{messages} lost: more comes than is judged"),
            Trouble::Dropped => write!(out, "{} lost: the system's buffer was full", of("datagram")),
            Trouble::Stopping => write!(out, "{messages} lost: the server stops"),
            Trouble::Sources => write!(out, "{messages} lost: its tenant has too many sources"),
            Trouble::Cut => write!(out, "{messages} cut: too long"),
            Trouble::Miscounted(peer, error) => write!(out, "{connections} closed, {}: {error}", among(peer)),
            Trouble::Unfinished(peer, error) => write!(out, "{messages} lost, {}: {error}", among(peer)),
            Trouble::Idle(peer) => write!(out, "{connections} closed, {}: nothing came", among(peer)),
            Trouble::GaveWay(peer) => {
                write!(out, "{connections} closed for new ones, {}: nothing came", among(peer))
            }
            Trouble::Crowded(peer) => {
                write!(out, "{connections} not taken, {}: there are too many", among(peer))
            }
            Trouble::System(error) => write!(out, "nothing can be taken now: {error}"),
            Trouble::Buffer { wanted, found } => {
                write!(out, "expected room for {wanted} bytes of datagrams, found {found}")
            }
        }
    }
}
