//! A mail server that misbehaves by script: each connection meets the next one, later ones a good server. What came
//! is kept byte for byte, in order, so that a test can look at the wire.

mod script;
mod session;

use std::collections::VecDeque;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustls::ServerConfig;

pub use self::script::{Act, At, Script};
use super::certificates::Identity;
use crate::PATIENCE;

/// What came by one connection.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Everything before TLS, but for the handshake.
    pub plain: Vec<u8>,
    /// Everything over TLS.
    pub secret: Vec<u8>,
    /// First words of commands, in order.
    pub commands: Vec<String>,
    /// Whether TLS was agreed on.
    pub tls: bool,
    /// Bodies that came whole.
    pub mails: Vec<Body>,
    /// Whether the client is gone, or the server has closed.
    pub over: bool,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Body {
    /// What `MAIL` said.
    pub from: String,
    /// What each `RCPT` said.
    pub to: Vec<String>,
    /// From the first byte to the line with the dot, as on the wire.
    pub wire: Vec<u8>,
    /// Whether the server answers for it.
    pub taken: bool,
}

impl Body {
    /// The message, without the dots and the end that are the wire's.
    pub fn message(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.wire);
        let body = text.strip_suffix("\r\n.\r\n").expect("an end");
        let lines: Vec<&str> =
            body.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
        lines.join("\r\n").into_bytes()
    }
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Never.
    Plain,
    /// By STARTTLS.
    Upgrade,
    /// With the first byte.
    Implicit,
}

struct Shared {
    scripts: Mutex<VecDeque<Script>>,
    seen: Mutex<Vec<Seen>>,
    changed: Condvar,
    sockets: Mutex<Vec<TcpStream>>,
    tls: Option<Arc<ServerConfig>>,
    start: Start,
    stopped: AtomicBool,
}

/// The server; it ends with the value.
pub struct MailServer {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl MailServer {
    /// One that speaks in plaintext only.
    pub fn plain(scripts: Vec<Script>) -> MailServer {
        MailServer::listen(0, None, Start::Plain, scripts)
    }

    /// One with a certificate.
    pub fn tls(identity: &Identity, start: Start, scripts: Vec<Script>) -> MailServer {
        MailServer::listen(0, Some(identity), start, scripts)
    }

    /// One in plaintext at a port that was used before.
    pub fn plain_at(port: u16, scripts: Vec<Script>) -> MailServer {
        MailServer::listen(port, None, Start::Plain, scripts)
    }

    fn listen(port: u16, identity: Option<&Identity>, start: Start, scripts: Vec<Script>) -> MailServer {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            scripts: Mutex::new(scripts.into()),
            seen: Mutex::default(),
            changed: Condvar::new(),
            sockets: Mutex::default(),
            tls: identity.map(Identity::config),
            start,
            stopped: AtomicBool::new(false),
        });
        let accepting = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, &shared))
        };
        MailServer { port, shared, accepting: Some(accepting) }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What came by each connection, once so many were there and all are over.
    #[track_caller]
    pub fn over(&self, connections: usize) -> Vec<Seen> {
        self.when(|seen| seen.len() >= connections && seen.iter().all(|one| one.over))
    }

    /// What came, once this is so.
    #[track_caller]
    pub fn when(&self, so: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let seen = locked(&self.shared.seen);
        let wait = self.shared.changed.wait_timeout_while(seen, PATIENCE, |seen| !so(seen));
        let (seen, waited) = wait.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "waited {PATIENCE:?} in vain, found {seen:?}");
        seen.clone()
    }

    fn end(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Whoever waits for the next client gets one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        for socket in &*locked(&self.shared.sockets) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        let _ = accepting.join();
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut sessions = Vec::new();
    for socket in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            break;
        }
        let Ok(socket) = socket else { continue };
        if let Ok(again) = socket.try_clone() {
            locked(&shared.sockets).push(again);
        }
        let script = locked(&shared.scripts).pop_front().unwrap_or_default();
        let number = {
            let mut seen = locked(&shared.seen);
            seen.push(Seen::default());
            seen.len() - 1
        };
        let shared = Arc::clone(shared);
        sessions.push(thread::spawn(move || session::talk(socket, &script, &shared, number)));
    }
    // A connection that was accepted while the others were shut down.
    for socket in &*locked(&shared.sockets) {
        let _ = socket.shutdown(Shutdown::Both);
    }
    for session in sessions {
        let _ = session.join();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
