//! A connection that sends whatever it is given, as slowly as it is told, and reads what comes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Raw<S = TcpStream> {
    stream: S,
    /// Read, and not yet part of a reply.
    rest: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// By its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Raw {
    pub(crate) fn open(port: u16) -> Raw {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Raw::over(stream)
    }

    /// Sends nothing more.
    pub(crate) fn finish(&mut self) {
        // It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Whether a reply has come, or the end of the connection.
    pub(crate) fn has_reply(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let has = self.stream.peek(&mut [0]).is_ok();
        self.stream.set_nonblocking(false).unwrap();
        has
    }
}

impl<S: Read + Write> Raw<S> {
    pub(crate) fn over(stream: S) -> Raw<S> {
        Raw { stream, rest: Vec::new() }
    }

    /// Sends it; whether the other end still takes it.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }

    /// The next reply.
    #[track_caller]
    pub(crate) fn reply(&mut self) -> Reply {
        self.try_reply().expect("a reply")
    }

    /// The next reply; `None`: the connection was closed without one.
    #[track_caller]
    pub(crate) fn try_reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(end) = find(&self.rest, b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more() {
                assert!(self.rest.is_empty(), "half a reply: {}", String::from_utf8_lossy(&self.rest));
                return None;
            }
        };
        let head = String::from_utf8(self.rest.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap_or((line, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.into()))
            .collect();
        if status == 100 {
            return self.try_reply();
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        let length: usize = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.rest.len() < length {
            assert!(self.more(), "half a body");
        }
        reply.body = self.rest.drain(..length).collect();
        Some(reply)
    }

    /// Waits until the other end closes; the statuses of what came.
    #[track_caller]
    pub(crate) fn statuses(&mut self) -> Vec<u16> {
        while self.more() {}
        let text = String::from_utf8_lossy(&self.rest);
        let status = |line: &str| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok();
        text.lines().filter_map(status).filter(|status| *status != 100).collect()
    }

    /// Waits until the other end closes; what came is thrown away.
    #[track_caller]
    pub(crate) fn closed(&mut self) {
        while self.more() {}
    }

    /// Reads some more; `false`: there is no more.
    #[track_caller]
    fn more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(read) => {
                self.rest.extend_from_slice(&bytes[..read]);
                read > 0
            }
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                panic!("nothing came, and the connection stayed open")
            }
            // Closed, in its way.
            Err(_) => false,
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
