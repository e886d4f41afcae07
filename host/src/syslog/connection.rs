use std::io::{ErrorKind, Read};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepidle};
use tripline_engine::line::{Frames, Messages};

use super::Trouble;

/// So long nothing comes before the system asks whether the other end is there still.
const KEEPALIVE: Duration = Duration::from_secs(300);

/// A sender's connection.
pub(super) struct Connection {
    pub(super) socket: TcpStream,
    pub(super) peer: SocketAddr,
    /// Which listener it came to.
    pub(super) listening: usize,
    /// When something came last.
    pub(super) heard: Instant,
    /// It has ended, and its last message was given out.
    pub(super) over: bool,
    frames: Frames,
}

/// What a turn has brought.
pub(super) enum Turn {
    /// Nothing waits.
    Nothing,
    /// Bytes; there may be more.
    Bytes,
    /// The end.
    End,
}

impl Connection {
    /// `None`: it has ended already.
    pub(super) fn new(
        socket: TcpStream,
        peer: SocketAddr,
        listening: usize,
        now: Instant,
    ) -> Option<Connection> {
        socket.set_nonblocking(true).ok()?;
        set_socket_keepalive(&socket, true).and_then(|()| set_tcp_keepidle(&socket, KEEPALIVE)).ok()?;
        Some(Connection { socket, peer, listening, heard: now, over: false, frames: Frames::default() })
    }

    /// Reads once.
    ///
    /// # Errors
    /// Nothing that comes on it can be read: it is over.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        messages: &mut Messages,
        now: Instant,
    ) -> Result<Turn, Trouble> {
        match self.socket.read(buffer) {
            Ok(0) => Ok(Turn::End),
            Ok(length) => {
                self.heard = now;
                match self.frames.push(&buffer[..length], messages) {
                    Ok(()) => Ok(Turn::Bytes),
                    Err(error) => {
                        self.over = true;
                        Err(Trouble::Miscounted(self.peer, error))
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                Ok(Turn::Nothing)
            }
            Err(_) => Ok(Turn::End),
        }
    }

    /// It is over; what is not counted ends with it.
    ///
    /// # Errors
    /// What is counted and not whole is lost.
    pub(super) fn finish(&mut self, messages: &mut Messages) -> Result<(), Trouble> {
        if std::mem::replace(&mut self.over, true) {
            return Ok(());
        }
        self.frames.finish(messages).map_err(|error| Trouble::Unfinished(self.peer, error))
    }
}

/// Whose connections are counted together: an address, or a network that one customer has.
pub(super) fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}
