//! Which addresses a relay's name has, with an end in time.
//!
//! The system looks names up, and takes as long as it likes: a resolver that hangs would hold up the deliverer. So a
//! thread of its own asks, and whoever wants to know waits only so long. There is never more than one: while it still
//! asks, the next mail waits for the same answer instead of asking again.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::wire::WireError;

/// Asks for the addresses of a name and a port.
type Ask = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;
type Answer = Receiver<io::Result<Vec<SocketAddr>>>;

/// Addresses that are tried.
const ADDRESSES: usize = 16;

/// One relay's name.
pub(super) struct Lookup {
    host: String,
    port: u16,
    ask: Ask,
    /// What was asked and not answered yet.
    asked: Option<Answer>,
}

impl Lookup {
    /// Asks the system.
    pub(super) fn new(host: &str, port: u16) -> Lookup {
        let ask = |host: &str, port| Ok((host, port).to_socket_addrs()?.take(ADDRESSES).collect());
        Lookup { host: host.into(), port, ask, asked: None }
    }

    /// The addresses, in the order in which they are to be tried; an address needs no look-up.
    pub(super) fn addresses(&mut self, patience: Duration) -> Result<Vec<SocketAddr>, WireError> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let asked = match self.asked.take() {
            Some(asked) => asked,
            None => self.begin()?,
        };
        match asked.recv_timeout(patience) {
            Ok(answer) => Ok(answer?),
            Err(RecvTimeoutError::Timeout) => {
                self.asked = Some(asked);
                Err(WireError::Unresolved)
            }
            Err(RecvTimeoutError::Disconnected) => Err(WireError::Unresolved),
        }
    }

    fn begin(&self) -> io::Result<Answer> {
        let (answered, asked) = bounded(1);
        let (host, port, ask) = (self.host.clone(), self.port, self.ask);
        // Nobody can end a look-up, so nothing joins the thread: it ends with the system's answer.
        thread::Builder::new().name("look-up".into()).spawn(move || {
            // Nobody may want to know any more.
            let _ = answered.send(ask(&host, port));
        })?;
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::{Ask, Lookup, WireError};

    const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 25);
    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    fn asking(host: &str, ask: Ask) -> Lookup {
        Lookup { ask, ..Lookup::new(host, 25) }
    }

    /// A resolver that hangs costs each mail its patience, and one thread for all of them; when it answers, that is used.
    #[test]
    fn a_resolver_that_hangs() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        static HANGS: Mutex<()> = Mutex::new(());
        let hanging = HANGS.lock();
        let mut lookup = asking("relay.example", |_, _| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            drop(HANGS.lock());
            Ok(vec![ADDRESS])
        });
        let begin = Instant::now();
        for _ in 0..20 {
            assert!(matches!(lookup.addresses(SHORT), Err(WireError::Unresolved)));
        }
        assert!(begin.elapsed() < LONG);
        drop(hanging);
        assert!(matches!(lookup.addresses(LONG).as_deref(), Ok([ADDRESS])));
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
        // What was answered is not kept: a relay may move.
        assert!(lookup.addresses(LONG).is_ok());
        assert_eq!(ASKED.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_name_that_is_none() {
        let mut lookup = asking("relay.example", |_, _| Err(std::io::ErrorKind::NotFound.into()));
        assert!(matches!(lookup.addresses(LONG), Err(WireError::Io(_))));
        let mut lookup = asking("relay.example", |_, _| panic!("as if the thread had ended"));
        assert!(matches!(lookup.addresses(LONG), Err(WireError::Unresolved)));
    }

    #[test]
    fn an_address_is_not_looked_up() {
        for host in ["127.0.0.1", "::1"] {
            let mut lookup = asking(host, |_, _| panic!("asked"));
            assert!(matches!(lookup.addresses(Duration::ZERO).as_deref(), Ok([_])));
        }
    }
}
