//! Syslog over UDP and TCP: what is sent to the configured addresses is brought to the server's intake.
//!
//! ```text
//!   datagrams ───────────► messages ─► gathered ─► intake        no room: UDP loses and tells, TCP's senders wait
//!   connections ─► frames ─► (a line each)
//! ```
//!
//! Plain syslog acknowledges nothing: what was sent and not committed when the server ends is gone, and its sender does
//! not know. Each datagram listener has a thread; one thread has all connections, whose number is bounded.

mod connection;
mod datagrams;
mod error;
mod gathered;
mod kernel;
mod ledger;
mod note;
mod options;
mod ready;
mod streams;
#[cfg(test)]
mod tests;

use std::io::{PipeReader, PipeWriter, pipe};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

pub use self::error::SyslogError;
pub use self::note::{SyslogNote, Trouble};
pub use self::options::{SyslogLimits, SyslogOptions, SyslogSource};

use self::datagrams::Datagrams;
use self::gathered::Gathered;
use self::ledger::Ledger;
use self::streams::{Listening, Streams};
use crate::configuration::Transport;
use crate::serve::Intake;
use crate::wall_clock::WallClock;

/// Told what an operator should know, from any of the threads.
pub type Tell = Arc<dyn Fn(SyslogNote) + Send + Sync>;

/// Listeners, as long as it lives.
pub struct Syslog {
    addresses: Vec<SocketAddr>,
    /// Closed to tell the threads to end.
    stops: Vec<PipeWriter>,
    threads: Vec<JoinHandle<()>>,
}

/// Listens at all addresses, and brings what comes to the intake.
///
/// # Errors
/// One of them cannot be listened at; then none is.
pub fn start(
    options: SyslogOptions,
    intake: &Intake,
    clock: &Arc<dyn WallClock>,
    tell: &Tell,
) -> Result<Syslog, SyslogError> {
    let SyslogOptions { sources, limits } = options;
    let (mut addresses, mut listening, mut datagrams) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources {
        let (listen, transport) = (source.listen, source.transport);
        let wrong = |error| SyslogError::Listen { listen, transport, error };
        let ledger = Ledger::new(&source, Arc::clone(tell), limits.tell_every);
        let gathered = Gathered::new(source, intake.clone(), Arc::clone(clock), ledger, limits.message);
        match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind(listen).map_err(wrong)?;
                socket.set_nonblocking(true).map_err(wrong)?;
                addresses.push(socket.local_addr().map_err(wrong)?);
                datagrams.push((socket, gathered));
            }
            Transport::Tcp => {
                let socket = TcpListener::bind(listen).map_err(wrong)?;
                socket.set_nonblocking(true).map_err(wrong)?;
                addresses.push(socket.local_addr().map_err(wrong)?);
                listening.push(Listening::new(socket, gathered));
            }
        }
    }
    let mut syslog = Syslog { addresses, stops: Vec::new(), threads: Vec::new() };
    for (socket, gathered) in datagrams {
        syslog.spawn("syslog-udp", move |stop| Datagrams::new(socket, gathered, limits, stop).run())?;
    }
    if !listening.is_empty() {
        syslog.spawn("syslog-tcp", move |stop| Streams::new(listening, limits, stop).run())?;
    }
    Ok(syslog)
}

impl Syslog {
    /// Where it listens, in the order of the options; a port that was to be any is known here.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Listens no longer. What had come is brought to the intake, within [`SyslogLimits::stop`]; stop the intake later.
    pub fn stop(self) {}

    fn spawn(
        &mut self,
        name: &str,
        run: impl FnOnce(PipeReader) + Send + 'static,
    ) -> Result<(), SyslogError> {
        let (stop, writer) = pipe().map_err(SyslogError::Thread)?;
        let thread = thread::Builder::new().name(name.into()).spawn(move || run(stop));
        self.threads.push(thread.map_err(SyslogError::Thread)?);
        self.stops.push(writer);
        Ok(())
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stops.clear();
        for thread in self.threads.drain(..) {
            // Whoever panicked has said so.
            let _ = thread.join();
        }
    }
}
