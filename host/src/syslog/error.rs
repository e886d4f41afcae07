use std::io;
use std::net::SocketAddr;

use crate::configuration::Transport;

/// Why syslog cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum SyslogError {
    /// Its address cannot be listened at.
    #[error("expected to listen for syslog at {}/{listen}: {error}", .transport.as_str())]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// How it was to come.
        transport: Transport,
        /// What the system says.
        error: io::Error,
    },
    /// No thread can be started.
    #[error("expected to start a thread that takes syslog: {0}")]
    Thread(io::Error),
}

impl SyslogError {
    /// What helps, where that is clear.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SyslogError::Listen { error, .. } => match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    Some("ports below 1024 need CAP_NET_BIND_SERVICE; systemd's AmbientCapabilities gives it")
                }
                io::ErrorKind::AddrInUse => Some("another program listens there, such as rsyslog"),
                io::ErrorKind::AddrNotAvailable => Some("the machine has no such address"),
                _ => None,
            },
            SyslogError::Thread(_) => None,
        }
    }
}
