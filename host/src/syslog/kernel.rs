//! What the system keeps of datagrams before they are read, and how many it drops.

use std::fs::File;
use std::io::Read;
use std::net::UdpSocket;
use std::os::fd::AsFd;

use rustix::net::sockopt::{
    set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, socket_recv_buffer_size,
};

/// Bytes of the system's table that are looked at: some 100,000 sockets.
const MOST: u64 = 16 << 20;

/// Asks for room; answers how much there is.
pub(super) fn enlarge(socket: &UdpSocket, wanted: usize) -> usize {
    // Whoever may go over net.core.rmem_max does.
    if set_socket_recv_buffer_size_force(socket, wanted).is_err() {
        let _ = set_socket_recv_buffer_size(socket, wanted);
    }
    // Linux doubles what it was asked for, for its own books.
    socket_recv_buffer_size(socket).map_or(0, |found| found / 2)
}

/// Datagrams that the system has dropped since the buffer was full.
pub(super) struct Drops {
    table: &'static str,
    inode: u64,
    counted: u64,
}

impl Drops {
    /// Of this socket; none are counted yet.
    pub(super) fn of(socket: &UdpSocket) -> Option<Drops> {
        let table =
            if socket.local_addr().ok()?.is_ipv4() { "/proc/self/net/udp" } else { "/proc/self/net/udp6" };
        let inode = rustix::fs::fstat(socket.as_fd()).ok()?.st_ino;
        Some(Drops { table, inode, counted: 0 })
    }

    /// How many more there are; 0 where the system does not say.
    pub(super) fn more(&mut self) -> u64 {
        let mut text = String::new();
        let read = File::open(self.table).and_then(|file| file.take(MOST).read_to_string(&mut text));
        let Some(count) = read.ok().and_then(|_| drops(&text, self.inode)) else { return 0 };
        count.saturating_sub(std::mem::replace(&mut self.counted, count))
    }
}

/// `sl local remote st queues timer retransmits uid timeout inode references pointer drops`
fn drops(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.nth(9)?.parse::<u64>().ok()? == inode).then(|| words.nth(2)?.parse().ok())?
    })
}
