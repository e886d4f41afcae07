//! One connection to a mail server: commands out, replies in, TLS in between.
//!
//! The mail library has a client of its own. It reads a line however long it is, begins its patience anew with each
//! byte, and keeps what came before TLS for afterwards; a server, or whoever is on the way to it, could hold a
//! thread and all memory with that. Here every step has an end in time and in bytes.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tripline_notice::visible;

use super::lookup::Lookup;
use super::tls_words::tls_words;
use super::transport::chain;

/// Bytes of a line; the standard wants 512.
const LINE: usize = 2000;
/// Bytes of a reply with all its lines.
const REPLY: usize = 50_000;

/// Why a connection is of no more use.
#[derive(Debug, Error)]
pub(super) enum WireError {
    #[error("expected a reply in time, found none")]
    Late,
    #[error("expected an address for the relay's name in time, found none")]
    Unresolved,
    #[error("expected a reply, found the end of the connection")]
    Closed,
    #[error("expected a reply like `250 ok`, found \"{0}\"")]
    Nonsense(String),
    #[error("expected a reply of at most {REPLY} bytes in lines of {LINE}, found more")]
    Long,
    #[error("expected silence before TLS, found a reply to nothing")]
    Injected,
    #[error("{0}")]
    Io(String),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> WireError {
        match error.kind() {
            // A socket's timeout is `WouldBlock` on Linux.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => WireError::Late,
            io::ErrorKind::UnexpectedEof => WireError::Closed,
            _ => WireError::Io(tls_words(&error).unwrap_or_else(|| chain(&error))),
        }
    }
}

/// What a server says.
#[derive(Debug)]
pub(super) struct Reply {
    /// From 200 to 599.
    pub(super) code: u16,
    /// Its words, by line.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Whether what was asked for is done.
    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// The connection.
pub(super) struct Wire {
    stream: Stream,
    /// What was read and not used yet.
    ahead: Vec<u8>,
    /// What went wrong once stays so: replies may belong to other commands.
    broken: bool,
    /// What a reply may not repeat: its words are stored and shown.
    secrets: Vec<SecretString>,
    /// The address by which it speaks to the server.
    own: IpAddr,
}

enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
    /// TLS was to begin, and did not.
    Gone,
}

impl Wire {
    /// Connects to the first address that answers. Looking the name up is a step, and each address is one.
    pub(super) fn connect(relay: &mut Lookup, step: Duration, end: Instant) -> Result<Wire, WireError> {
        let left = || step.min(end.saturating_duration_since(Instant::now()));
        let mut last = WireError::Io("expected an address for this name, found none".into());
        for address in relay.addresses(left())? {
            let left = left();
            if left.is_zero() {
                return Err(WireError::Late);
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(socket) => {
                    let own = socket.local_addr()?.ip();
                    let timed = Timed { socket, step, until: Instant::now(), end, out: 0 };
                    let (stream, ahead, secrets) = (Stream::Plain(timed), Vec::new(), Vec::new());
                    return Ok(Wire { stream, ahead, broken: false, secrets, own });
                }
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    /// The address by which it speaks to the server.
    pub(super) fn own(&self) -> IpAddr {
        self.own
    }

    /// From now on, replies are without this.
    pub(super) fn hide(&mut self, secret: String) {
        if !secret.is_empty() {
            self.secrets.push(secret.into());
        }
    }

    /// Says this and waits for the reply; both together are one step.
    pub(super) fn ask(&mut self, line: &str) -> Result<Reply, WireError> {
        self.ask_bytes(format!("{line}\r\n").as_bytes())
    }

    /// As [`Wire::ask`], with the line's end in it.
    pub(super) fn ask_bytes(&mut self, bytes: &[u8]) -> Result<Reply, WireError> {
        self.timed(|wire| {
            let out = wire.stream.io()?;
            out.write_all(bytes)?;
            out.flush()?;
            wire.read_reply()
        })
    }

    /// Waits for a reply that nothing was asked for: the greeting.
    pub(super) fn reply(&mut self) -> Result<Reply, WireError> {
        self.timed(Wire::read_reply)
    }

    /// Begins TLS, as one step. What came before it is not what the server says.
    pub(super) fn begin_tls(
        &mut self,
        config: &Arc<ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<(), WireError> {
        self.timed(|wire| {
            if !wire.ahead.is_empty() {
                return Err(WireError::Injected);
            }
            let Stream::Plain(mut timed) = std::mem::replace(&mut wire.stream, Stream::Gone) else {
                return Err(WireError::Closed);
            };
            let tls = ClientConnection::new(Arc::clone(config), name.clone());
            let mut tls =
                tls.map_err(|error| WireError::Io(tls_words(&error).unwrap_or_else(|| chain(&error))))?;
            while tls.is_handshaking() {
                tls.complete_io(&mut timed)?;
            }
            wire.stream = Stream::Tls(Box::new(StreamOwned::new(tls, timed)));
            Ok(())
        })
    }

    /// Bytes that have left so far, also those of TLS.
    pub(super) fn out(&mut self) -> u64 {
        self.stream.socket().map_or(0, |timed| timed.out)
    }

    /// As if the server had taken all the time there is.
    #[cfg(test)]
    pub(super) fn use_up_time(&mut self) {
        if let Some(timed) = self.stream.socket() {
            timed.end = Instant::now();
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Takes leave, if the server still listens.
    pub(super) fn goodbye(mut self, patience: Duration) {
        if !self.broken {
            if let Some(timed) = self.stream.socket() {
                timed.step = timed.step.min(patience);
            }
            // Whatever it says changes nothing any more.
            let _ = self.ask("QUIT");
        }
    }

    fn timed<T>(&mut self, step: impl FnOnce(&mut Wire) -> Result<T, WireError>) -> Result<T, WireError> {
        if self.broken {
            return Err(WireError::Closed);
        }
        if let Some(timed) = self.stream.socket() {
            timed.until = (Instant::now() + timed.step).min(timed.end);
        }
        let result = step(self);
        self.broken = result.is_err();
        result
    }

    fn read_reply(&mut self) -> Result<Reply, WireError> {
        let (mut bytes, mut lines, mut first) = (0, Vec::new(), None);
        loop {
            let line = self.read_line()?;
            bytes += line.len();
            if bytes > REPLY {
                return Err(WireError::Long);
            }
            let nonsense = || WireError::Nonsense(visible(&self.hidden(&line), 100));
            let (code, last, words) = parse(&line).ok_or_else(nonsense)?;
            if *first.get_or_insert(code) != code {
                return Err(nonsense());
            }
            lines.push(self.hidden(words));
            if last {
                return Ok(Reply { code, lines });
            }
        }
    }

    fn hidden(&self, words: &str) -> String {
        let blotted =
            |words: String, secret: &SecretString| words.replace(secret.expose_secret(), "[redacted]");
        self.secrets.iter().fold(words.into(), blotted)
    }

    /// A line without its end.
    fn read_line(&mut self) -> Result<String, WireError> {
        let mut looked = 0;
        loop {
            if let Some(end) = self.ahead[looked..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.ahead.drain(..=looked + end).collect();
                if line.len() > LINE {
                    return Err(WireError::Long);
                }
                let line = line.strip_suffix(b"\r\n").unwrap_or(&line[..line.len() - 1]);
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            looked = self.ahead.len();
            if looked > LINE {
                return Err(WireError::Long);
            }
            let mut bytes = [0; 1024];
            let length = self.stream.io()?.read(&mut bytes)?;
            if length == 0 {
                return Err(WireError::Closed);
            }
            self.ahead.extend_from_slice(&bytes[..length]);
        }
    }
}

/// A reply's line: its code, whether it is the last, and its words.
fn parse(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
    let code: u16 = code.parse().ok().filter(|code| (200..600).contains(code))?;
    match (line.as_bytes().get(3), line.get(4..)) {
        (None, _) => Some((code, true, "")),
        (Some(b' '), words) => Some((code, true, words?)),
        (Some(b'-'), words) => Some((code, false, words?)),
        _ => None,
    }
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

impl Stream {
    fn io(&mut self) -> Result<&mut dyn ReadWrite, WireError> {
        match self {
            Stream::Plain(timed) => Ok(timed),
            Stream::Tls(tls) => Ok(&mut **tls),
            Stream::Gone => Err(WireError::Closed),
        }
    }

    fn socket(&mut self) -> Option<&mut Timed> {
        match self {
            Stream::Plain(timed) => Some(timed),
            Stream::Tls(tls) => Some(&mut tls.sock),
            Stream::Gone => None,
        }
    }
}

/// A socket on which no step takes longer than it may, however its bytes come.
struct Timed {
    socket: TcpStream,
    /// For each step.
    step: Duration,
    /// The end of this step.
    until: Instant,
    /// The end of all.
    end: Instant,
    /// Bytes that have left.
    out: u64,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        let written = self.socket.write(bytes)?;
        self.out += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_of_replies() {
        assert_eq!(parse("250 ok"), Some((250, true, "ok")));
        assert_eq!(parse("250-SIZE 1"), Some((250, false, "SIZE 1")));
        assert_eq!(parse("354"), Some((354, true, "")));
        for line in ["", "25", "2é0 ok", "250é", "250_ok", "150 ok", "600 ok", "+50 ok", "SSH-2.0"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
