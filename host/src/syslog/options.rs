use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::commit::Tenant;
use crate::configuration::{SyslogListener, Transport};
use crate::serve::{Expected, StreamSettings};

/// Where syslog is taken, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct SyslogOptions {
    /// The listeners.
    pub sources: Vec<SyslogSource>,
    /// What a sender may do.
    pub limits: SyslogLimits,
}

/// A listener: all that comes to it is one source.
#[derive(Clone, Debug)]
pub struct SyslogSource {
    /// Where it listens; port 0: any.
    pub listen: SocketAddr,
    /// What it listens for.
    pub transport: Transport,
    /// Whose lines they are.
    pub tenant: Tenant,
    /// How they are read.
    pub settings: StreamSettings,
}

impl SyslogSource {
    /// As it was configured; `timezone` is the server's.
    pub fn new(listener: &SyslogListener, timezone: &TimeZone) -> SyslogSource {
        let settings = StreamSettings {
            format: listener.format,
            timezone: listener.timezone.clone().unwrap_or_else(|| timezone.clone()),
            log_source: listener.log_source.clone(),
            // A message is whole, and the next one may be anybody's: none hides behind another.
            join: false,
            silent_after: listener.silent_after,
        };
        let (listen, transport, tenant) = (listener.listen, listener.transport, listener.tenant.clone());
        SyslogSource { listen, transport, tenant, settings }
    }

    /// What it is called: by the address that was configured, so that it is the same after a restart.
    pub fn name(&self) -> String {
        format!("syslog/{}/{}", self.transport.as_str(), self.listen)
    }

    /// It may be silent from the start.
    pub fn expected(&self) -> Expected {
        Expected { tenant: self.tenant.clone(), source: self.name(), settings: self.settings.clone() }
    }
}

/// What senders may do. Nobody knows who they are.
#[derive(Clone, Copy, Debug)]
pub struct SyslogLimits {
    /// Bytes of a message; what is longer is cut and marked. 100 KiB, as a file's lines.
    pub message: usize,
    /// Connections of all TCP listeners. 1,000; each may hold back a message.
    pub connections: usize,
    /// Connections of one address, or of one /64 of IPv6. 100.
    pub connections_of_address: usize,
    /// A connection on which nothing comes for so long is closed. One hour: whoever sends again on a connection that
    /// was closed loses the first message and does not know.
    pub idle: Duration,
    /// A connection on which nothing has come for so long gives way to a new one when there are too many. One minute.
    pub gives_way: Duration,
    /// Bytes that the system is asked to keep of datagrams that are not read yet. 8 MiB.
    pub receive_buffer: usize,
    /// How long datagrams wait for room in the intake before they are lost. 100 ms.
    pub patience: Duration,
    /// Of each kind of trouble a listener tells so often at most. 10 seconds.
    pub tell_every: Duration,
    /// Within so long it has stopped. 2 seconds.
    pub stop: Duration,
}

impl Default for SyslogLimits {
    fn default() -> SyslogLimits {
        SyslogLimits {
            message: 100 * 1024,
            connections: 1_000,
            connections_of_address: 100,
            idle: Duration::from_secs(3600),
            gives_way: Duration::from_secs(60),
            receive_buffer: 8 << 20,
            patience: Duration::from_millis(100),
            tell_every: Duration::from_secs(10),
            stop: Duration::from_secs(2),
        }
    }
}
