//! From tripline to the scanner, in a process that is still ours: what it must not be without is set here, and stays
//! when it becomes the other program.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;

/// Bytes of memory that a scanner may take.
const MEMORY: u64 = 4 << 30;

/// What to become.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The number of the process that asks for it.
    pub parent: i32,
    /// Whether the program may get rights that its file has.
    pub privileged: bool,
    /// The program.
    pub program: PathBuf,
    /// What it is called with.
    pub arguments: Vec<OsString>,
}

/// Becomes the program; answers only if that failed.
pub fn launch(launch: &Launch) -> io::Error {
    let prepared = set_parent_process_death_signal(Some(Signal::KILL)).and_then(|()| {
        let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(Resource::Core, limit(0))?;
        // It writes into pipes, and to no file.
        setrlimit(Resource::Fsize, limit(0))?;
        setrlimit(Resource::As, limit(MEMORY))?;
        if launch.privileged { Ok(()) } else { set_no_new_privs(true) }
    });
    if let Err(error) = prepared {
        return error.into();
    }
    // Whoever died before that was set will not be heard of any more.
    if getppid().map(Pid::as_raw_pid) != Some(launch.parent) {
        return io::Error::other("whoever asked for it is gone");
    }
    Command::new(&launch.program).args(&launch.arguments).env_clear().exec()
}
