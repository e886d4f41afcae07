//! The scanner that is built in: it connects, and knows which ports are open. No services, no scripts, no names.
//!
//! ```text
//!   ports of a host ─► at most so many at once ─► open      connected
//!                                                 closed    refused: somebody is there
//!                                                 filtered  nothing came in time, twice
//! ```

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, getsockname, socket_with, sockopt};

use super::host::{Host, Port, PortState, Protocol};
use super::order::Order;
use super::scanner::{Broken, Cancel, Ended, Progress, Reason, Scanner, ScannerKind, Watch};

/// Connects.
#[derive(Clone, Copy, Debug)]
pub struct Connect {
    /// Connections that are tried at once: each needs a descriptor. 256.
    pub at_once: usize,
    /// How long one waits for an answer, the first time and the second. One second.
    pub patience: Duration,
}

impl Default for Connect {
    fn default() -> Connect {
        Connect { at_once: 256, patience: Duration::from_secs(1) }
    }
}

/// Between two looks at whether somebody has cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// One that waits for its answer.
struct Trying {
    socket: OwnedFd,
    port: u16,
    since: Instant,
    is_second: bool,
}

/// Why nothing more is known of a host.
enum Stopped {
    Cancelled,
    TimedOut,
    HostTimedOut,
    /// This machine has no way there.
    NoWay(Errno),
    Failed(Errno),
}

impl Scanner for Connect {
    fn kind(&self) -> ScannerKind {
        ScannerKind::Connect
    }

    fn scan(&self, order: &Order, watch: &mut dyn Watch, cancel: &Cancel) -> Ended {
        let until = Instant::now().checked_add(order.timeout);
        let all = order.addresses.count() as f64;
        let mut ended = Ended { told_all: true, ..Ended::default() };
        let (mut timed_out, mut no_way) = (0_u64, None);
        for (done, address) in order.addresses.iter().enumerate() {
            let task = "Connecting".into();
            watch.progress(&Progress { task, percent: 100.0 * done as f64 / all });
            let stopped = match self.host(address, order, until, cancel) {
                Ok(host) => {
                    ended.down += u64::from(!host.up);
                    watch.host(host);
                    continue;
                }
                Err(stopped) => stopped,
            };
            let broken = match stopped {
                Stopped::HostTimedOut => {
                    timed_out += 1;
                    let address = Some(address);
                    watch.host(Host { address, up: true, timed_out: true, ..Host::default() });
                    continue;
                }
                // That says nothing of who is there.
                Stopped::NoWay(error) => {
                    let (count, _) = no_way.unwrap_or((0_u64, error));
                    no_way = Some((count + 1, error));
                    continue;
                }
                Stopped::Cancelled => Broken::new(Reason::Cancelled, "it was cancelled"),
                Stopped::TimedOut => Broken::new(Reason::TimedOut, "it took longer than `scan.timeout`"),
                Stopped::Failed(error) => Broken::new(Reason::Exit, format!("cannot connect: {error}")),
            };
            return Ended { broken: Some(broken), told_all: false, ..ended };
        }
        if let Some((count, error)) = no_way {
            let addresses = if count == 1 { "address" } else { "addresses" };
            let detail = format!("this machine has no way to {count} {addresses}: {error}");
            (ended.told_all, ended.broken) = (false, Some(Broken::new(Reason::Exit, detail)));
        } else if timed_out > 0 {
            let hosts = if timed_out == 1 { "host" } else { "hosts" };
            let detail = format!("{timed_out} {hosts} took too long");
            ended.broken = Some(Broken::new(Reason::HostsTimedOut, detail));
        }
        ended
    }
}

impl Connect {
    fn host(
        &self,
        address: IpAddr,
        order: &Order,
        until: Option<Instant>,
        cancel: &Cancel,
    ) -> Result<Host, Stopped> {
        let host_until = Instant::now().checked_add(order.host_timeout);
        let mut untried = order.ports.iter().map(|port| (port, false));
        let mut again: Vec<(u16, bool)> = Vec::new();
        let mut trying: Vec<Trying> = Vec::new();
        let mut host = Host { address: Some(address), ..Host::default() };
        let mut states = Vec::new();
        loop {
            let now = Instant::now();
            match () {
                () if cancel.is_cancelled() => return Err(Stopped::Cancelled),
                () if until.is_some_and(|until| now >= until) => return Err(Stopped::TimedOut),
                () if host_until.is_some_and(|until| now >= until) => return Err(Stopped::HostTimedOut),
                () => {}
            }
            while trying.len() < self.at_once.max(1) {
                let Some((port, is_second)) = again.pop().or_else(|| untried.next()) else { break };
                match begin(address, port) {
                    Ok(Begun::Waits(socket)) => {
                        trying.push(Trying { socket, port, since: Instant::now(), is_second });
                    }
                    Ok(Begun::Is(state)) => states.push((port, state)),
                    // Those that are open now give theirs back.
                    Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::ADDRNOTAVAIL)
                        if !trying.is_empty() =>
                    {
                        again.push((port, is_second));
                        break;
                    }
                    Err(error @ (Errno::NETUNREACH | Errno::NETDOWN | Errno::AFNOSUPPORT)) => {
                        return Err(Stopped::NoWay(error));
                    }
                    Err(error) => return Err(Stopped::Failed(error)),
                }
            }
            if trying.is_empty() && again.is_empty() {
                break;
            }
            self.wait(&mut trying, &mut again, &mut states, address)?;
        }
        host.up = states.iter().any(|(_, state)| state.is_answer());
        let rest = states.iter().map(|(_, state)| *state).filter(|state| *state != PortState::Open);
        host.rest = rest.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let open = states.iter().filter(|(_, state)| *state == PortState::Open);
        let port = |number| Port {
            protocol: Protocol::Tcp,
            number,
            state: PortState::Open,
            service: None,
            scripts: Vec::new(),
        };
        host.ports = open.map(|(number, _)| port(*number)).collect();
        host.ports.sort_by_key(|port| port.number);
        host.name = order.names.get(&address).cloned();
        Ok(host)
    }

    /// Waits until an answer comes, or one has waited long enough.
    fn wait(
        &self,
        trying: &mut Vec<Trying>,
        again: &mut Vec<(u16, bool)>,
        states: &mut Vec<(u16, PortState)>,
        address: IpAddr,
    ) -> Result<(), Stopped> {
        let mut waiting: Vec<PollFd<'_>> =
            trying.iter().map(|one| PollFd::new(&one.socket, PollFlags::OUT)).collect();
        let look = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as i64 };
        match poll(&mut waiting, Some(&look)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Stopped::Failed(error)),
        }
        let answered: Vec<bool> = waiting.iter().map(|one| !one.revents().is_empty()).collect();
        let mut answered = answered.into_iter();
        trying.retain(|one| {
            if answered.next() == Some(true) {
                states.push((one.port, state_of(&one.socket, address, one.port)));
                return false;
            }
            let is_over = one.since.elapsed() >= self.patience;
            match (is_over, one.is_second) {
                (false, _) => {}
                (true, false) => again.push((one.port, true)),
                (true, true) => states.push((one.port, PortState::Filtered)),
            }
            !is_over
        });
        Ok(())
    }
}

/// What became of a first step.
enum Begun {
    Waits(OwnedFd),
    Is(PortState),
}

fn begin(address: IpAddr, port: u16) -> Result<Begun, Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    match connect(&socket, &SocketAddr::new(address, port)) {
        Ok(()) => Ok(Begun::Is(state_of(&socket, address, port))),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok(Begun::Waits(socket)),
        Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::ADDRNOTAVAIL)) => Err(error),
        Err(Errno::NETUNREACH) if is_of_many(address) => Ok(Begun::Is(PortState::Filtered)),
        // It comes at once: from this machine, and not from one on the way.
        Err(error @ (Errno::NETUNREACH | Errno::NETDOWN)) => Err(error),
        Err(error) => Ok(Begun::Is(refused(error))),
    }
}

/// Whether an address is that of many at once, as the last of each network of this machine is: to connect to it, there is
/// no way either. A datagram would be refused otherwise; none is sent.
fn is_of_many(address: IpAddr) -> bool {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let refused = socket.and_then(|socket| connect(&socket, &SocketAddr::new(address, 9)));
    address.is_multicast() || refused == Err(Errno::ACCESS)
}

fn state_of(socket: &OwnedFd, address: IpAddr, port: u16) -> PortState {
    match sockopt::socket_error(socket) {
        // On this machine a connection may find itself, where nobody listens.
        Ok(Ok(())) => match getsockname(socket).map(SocketAddr::try_from) {
            Ok(Ok(own)) if own == SocketAddr::new(address, port) => PortState::Closed,
            _ => PortState::Open,
        },
        Ok(Err(error)) | Err(error) => refused(error),
    }
}

/// A port that refuses is one of somebody who is there; all else is said by those on the way.
fn refused(error: Errno) -> PortState {
    match error {
        Errno::CONNREFUSED | Errno::CONNRESET => PortState::Closed,
        _ => PortState::Filtered,
    }
}
