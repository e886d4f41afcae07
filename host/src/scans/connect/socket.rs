//! One socket, from its first step to what became of it.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, getsockname, socket_with, sockopt};

use crate::scans::host::PortState;

/// What became of a first step.
pub(super) enum Begun {
    Waits(OwnedFd),
    Is(PortState),
}

pub(super) fn begin(address: IpAddr, port: u16) -> Result<Begun, Errno> {
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

pub(super) fn state_of(socket: &OwnedFd, address: IpAddr, port: u16) -> PortState {
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
