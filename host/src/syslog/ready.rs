//! Which sockets have something.

use std::io::PipeReader;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What waiting has found.
pub(super) struct Ready {
    /// It is to end.
    pub(super) stop: bool,
    /// Of the sockets that were given, in their order.
    pub(super) sockets: Vec<bool>,
}

/// Waits until one of the sockets has something or an error, or it is to end.
pub(super) fn wait(stop: &PipeReader, sockets: &[BorrowedFd<'_>], timeout: Duration) -> Ready {
    let mut all = vec![PollFd::new(stop, PollFlags::IN)];
    all.extend(sockets.iter().map(|socket| PollFd::from_borrowed_fd(*socket, PollFlags::IN)));
    let timeout = Timespec::try_from(timeout).ok();
    if poll(&mut all, timeout.as_ref()).is_err() {
        // A signal, or no memory: there is a next time, and it must not come at once for ever.
        std::thread::sleep(Duration::from_millis(10));
        return Ready { stop: false, sockets: vec![false; sockets.len()] };
    }
    let mut ready = all.iter().map(|one| !one.revents().is_empty());
    Ready { stop: ready.next().unwrap_or(true), sockets: ready.collect() }
}
