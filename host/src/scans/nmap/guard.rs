//! Waits for the scanner, and ends it with all that it has begun when whoever asked for it is gone.

use std::io;
use std::process::{Command, ExitStatus};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, getppid, kill_current_process_group, setsid};

use super::launch::Launch;

/// Starts `tripline`, this very program, to become the scanner, and waits for that. What it tells goes to whoever asked
/// for it, through a pipe: when nobody is at the other end any more, all of its group is killed.
///
/// The group is a session of its own, without a terminal: a scanner that asks for keys finds nobody to ask.
pub fn guard(launch: &Launch) -> io::Result<ExitStatus> {
    setsid()?;
    // Whoever died before will not be heard of any more.
    if getppid().map(Pid::as_raw_pid) != Some(launch.parent) {
        return Err(io::Error::other("whoever asked for it is gone"));
    }
    thread::Builder::new().name("listener".into()).spawn(|| {
        let told = io::stdout();
        // Nothing is asked for, so it answers when the other end is closed, and not before.
        while let Err(Errno::INTR) = poll(&mut [PollFd::new(&told, PollFlags::empty())], None) {}
        let _ = kill_current_process_group(Signal::KILL);
    })?;
    Command::new("/proc/self/exe")
        .args(["scanner-exec", "--guarded", "--parent", &getpid().as_raw_pid().to_string()])
        .args(launch.privileged.then_some("--privileged"))
        .arg("--")
        .arg(&launch.program)
        .args(&launch.arguments)
        .env_clear()
        .status()
}
