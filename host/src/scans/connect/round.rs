//! All hosts that are being asked at once, and their sockets.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Connect;
use super::asked::{Asked, Fate};
use super::socket::{Begun, begin, state_of};
use crate::scans::host::PortState;
use crate::scans::order::Order;
use crate::scans::scanner::{Broken, Reason, Watch};

/// Between two looks at whether somebody has cancelled.
const LOOK: Duration = Duration::from_millis(50);
/// Hosts that are begun and not told: those that are done wait for those before them.
const HOSTS: usize = 4096;
/// Open ports of hosts that wait so, after which no further host is begun.
const HELD: usize = 65_536;

/// Why nothing more can be asked.
pub(super) struct Stopped(pub(super) Errno);

/// One that waits for its answer.
struct Trying {
    socket: OwnedFd,
    /// The host's place among all.
    host: u64,
    address: IpAddr,
    port: u16,
    since: Instant,
    is_second: bool,
}

pub(super) struct Round<'a> {
    connect: Connect,
    order: &'a Order,
    ports: Vec<u16>,
    /// Addresses that nobody has begun with.
    left: Box<dyn Iterator<Item = IpAddr> + 'a>,
    /// Whether there are any.
    is_left: bool,
    /// Those that are begun and not told, in the order of their addresses.
    hosts: VecDeque<Asked>,
    /// The place of the first of them among all.
    first: u64,
    /// All before this place have nothing left to try now.
    at: u64,
    trying: Vec<Trying>,
    /// Open ports of those that are begun and not told.
    held: usize,
    /// Ports of all hosts that were tried.
    tried: u64,
    pub(super) down: u64,
    timed_out: u64,
    /// Addresses to which this machine has no way, and what it says of that.
    pub(super) no_way: Option<(u64, Errno)>,
}

impl<'a> Round<'a> {
    pub(super) fn new(connect: Connect, order: &'a Order) -> Round<'a> {
        Round {
            connect,
            order,
            ports: order.ports.iter().collect(),
            left: Box::new(order.addresses.iter()),
            is_left: true,
            hosts: VecDeque::new(),
            first: 0,
            at: 0,
            trying: Vec::new(),
            held: 0,
            tried: 0,
            down: 0,
            timed_out: 0,
            no_way: None,
        }
    }

    /// How much was asked, as whole thousandths.
    pub(super) fn percent(&self) -> f64 {
        let all = self.order.addresses.count() as f64 * self.ports.len() as f64;
        (1_000.0 * self.tried as f64 / all.max(1.0)).floor().min(1_000.0) / 10.0
    }

    /// Why it is not whole, though it was not stopped.
    pub(super) fn broken(&self) -> Option<Broken> {
        if let Some((count, error)) = self.no_way {
            let addresses = if count == 1 { "address" } else { "addresses" };
            let detail = format!("this machine has no way to {count} {addresses}: {error}");
            return Some(Broken::new(Reason::Exit, detail));
        }
        let hosts = if self.timed_out == 1 { "host" } else { "hosts" };
        let detail = format!("{} {hosts} took too long", self.timed_out);
        (self.timed_out > 0).then(|| Broken::new(Reason::HostsTimedOut, detail))
    }

    /// Asks what can be asked now, waits a little for answers, and tells of hosts that are done; whether all were told.
    pub(super) fn go_on(&mut self, watch: &mut dyn Watch) -> Result<bool, Stopped> {
        self.expire();
        let more = self.fill()?;
        self.tell(watch);
        if !self.trying.is_empty() {
            self.wait(if more { Duration::ZERO } else { LOOK })?;
        }
        Ok(self.hosts.is_empty() && !self.is_left)
    }

    fn expire(&mut self) {
        let (now, ports) = (Instant::now(), &self.ports);
        let mut expired = false;
        for host in &mut self.hosts {
            expired |= host.expires(now, ports);
        }
        if expired {
            self.let_go();
        }
    }

    /// Closes the sockets of hosts of which nothing more is asked.
    fn let_go(&mut self) {
        let (hosts, first) = (&mut self.hosts, self.first);
        self.trying.retain(|one| {
            let host = &mut hosts[(one.host - first) as usize];
            if host.fate == Fate::Underway {
                return true;
            }
            host.waiting -= 1;
            false
        });
    }

    /// Begins to try ports until there are as many as may be; whether more could be begun at once.
    fn fill(&mut self) -> Result<bool, Stopped> {
        let most = self.connect.at_once.max(1);
        // Answers of this machine itself come at once, and whoever cancels is to be heard in between.
        for _ in 0..most {
            if self.trying.len() >= most {
                return Ok(false);
            }
            let Some((place, port, is_second)) = self.next() else { return Ok(false) };
            let host = &mut self.hosts[(place - self.first) as usize];
            let address = host.address;
            self.tried += u64::from(!is_second);
            match begin(address, port) {
                Ok(Begun::Waits(socket)) => {
                    host.waiting += 1;
                    let since = Instant::now();
                    self.trying.push(Trying { socket, host: place, address, port, since, is_second });
                }
                Ok(Begun::Is(state)) => self.held += host.is(port, state),
                // Those that are open now give theirs back.
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::ADDRNOTAVAIL)
                    if !self.trying.is_empty() =>
                {
                    host.put_back(port, is_second);
                    self.tried -= u64::from(!is_second);
                    self.at = self.at.min(place);
                    return Ok(false);
                }
                // That says nothing of who is there.
                Err(error @ (Errno::NETUNREACH | Errno::NETDOWN | Errno::AFNOSUPPORT)) => {
                    host.fate = Fate::NoWay;
                    let (count, _) = self.no_way.unwrap_or((0, error));
                    self.no_way = Some((count + 1, error));
                    self.let_go();
                }
                Err(error) => return Err(Stopped(error)),
            }
        }
        Ok(true)
    }

    /// The next port to try: of the first host that has one, else of one that is begun now.
    fn next(&mut self) -> Option<(u64, u16, bool)> {
        loop {
            let place = self.at.max(self.first);
            if let Some(host) = self.hosts.get_mut((place - self.first) as usize) {
                if let Some((port, is_second)) = host.next(&self.ports) {
                    self.at = place;
                    return Some((place, port, is_second));
                }
                self.at = place + 1;
                continue;
            }
            if self.hosts.len() >= HOSTS || self.held >= HELD {
                return None;
            }
            let Some(address) = self.left.next() else {
                self.is_left = false;
                return None;
            };
            let until = Instant::now().checked_add(self.order.host_timeout);
            self.hosts.push_back(Asked::new(address, until));
        }
    }

    /// Tells of those that are done, as far as none before them is not.
    fn tell(&mut self, watch: &mut dyn Watch) {
        while self.hosts.front().is_some_and(|host| host.is_done(&self.ports)) {
            let Some(asked) = self.hosts.pop_front() else { return };
            self.first += 1;
            self.held -= asked.held();
            let name = self.order.names.get(&asked.address).cloned();
            let Some(host) = asked.host(name) else { continue };
            self.timed_out += u64::from(host.timed_out);
            self.down += u64::from(!host.up);
            watch.host(host);
        }
    }

    /// Waits until an answer comes, or one has waited long enough.
    fn wait(&mut self, look: Duration) -> Result<(), Stopped> {
        let mut waiting: Vec<PollFd<'_>> =
            self.trying.iter().map(|one| PollFd::new(&one.socket, PollFlags::OUT)).collect();
        let look = Timespec { tv_sec: 0, tv_nsec: i64::from(look.subsec_nanos()) };
        match poll(&mut waiting, Some(&look)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Stopped(error)),
        }
        let answered: Vec<bool> = waiting.iter().map(|one| !one.revents().is_empty()).collect();
        let mut answered = answered.into_iter();
        let (hosts, first, patience) = (&mut self.hosts, self.first, self.connect.patience);
        let (at, held) = (&mut self.at, &mut self.held);
        self.trying.retain(|one| {
            let host = &mut hosts[(one.host - first) as usize];
            if answered.next() == Some(true) {
                *held += host.is(one.port, state_of(&one.socket, one.address, one.port));
            } else if one.since.elapsed() < patience {
                return true;
            } else if one.is_second {
                *held += host.is(one.port, PortState::Filtered);
            } else {
                host.try_again(one.port);
                *at = (*at).min(one.host);
            }
            host.waiting -= 1;
            false
        });
        Ok(())
    }
}
