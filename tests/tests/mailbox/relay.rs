//! A mail server from Debian's packages, in a folder of its own: STARTTLS, a login, and one Maildir for every address.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tripline_tests::PATIENCE;
use tripline_tests::certificates::Authority;

use crate::exim::Exim;
use crate::postfix::Postfix;

/// Who may send, with which password.
pub(crate) const USER: &str = "tripline";
pub(crate) const PASSWORD: &str = "right-4711";

/// Whose program it is.
pub(crate) trait Daemon {
    /// Writes what it needs beside `certificate.pem` and `key.pem`, and makes the folder `mail`.
    fn set_up(&self, folder: &Path, port: u16);

    /// What stays until it is ended.
    fn command(&self, folder: &Path, port: u16) -> Command;

    /// Whether it has taken mails that are not in the mailbox yet.
    fn holds(&self, folder: &Path, kept: usize) -> bool;
}

/// A mail server with its mailbox; it ends with the value.
pub(crate) struct Relay {
    folder: TempDir,
    daemon: Box<dyn Daemon>,
    pub(crate) port: u16,
    /// Who vouches for its certificate.
    pub(crate) authority: String,
    process: Option<Child>,
}

impl Relay {
    /// `None`, and why is said, where there is none: never with CI=true.
    pub(crate) fn start() -> Option<Relay> {
        let postfix = || Some(Box::new(Postfix::find()?) as Box<dyn Daemon>);
        let exim = || Some(Box::new(Exim::find()?) as Box<dyn Daemon>);
        let Some(daemon) = Some(()).filter(|()| is_root()).and_then(|()| postfix().or_else(exim)) else {
            let is_ci = std::env::var_os("CI").as_deref() == Some(OsStr::new("true"));
            assert!(!is_ci, "expected postfix or exim4, run by root");
            eprintln!("skipped: neither postfix nor exim4, or not root");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let identity = authority.sign(&["localhost"]);
        let path = folder.path();
        // It changes to its own user, who must get in.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        for (name, text) in [("certificate.pem", &identity.certificate), ("key.pem", &identity.key)] {
            fs::write(path.join(name), text).unwrap();
        }
        // The same port after a restart, so it cannot be the server that chooses.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        daemon.set_up(path, port);
        let mut relay = Relay { folder, daemon, port, authority: authority.pem, process: None };
        relay.run();
        Some(relay)
    }

    /// Starts it; it answers when this returns.
    pub(crate) fn run(&mut self) {
        let mut command = self.daemon.command(self.folder.path(), self.port);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        let patience = Instant::now() + PATIENCE;
        while !greets(self.port) {
            let process = self.process.as_mut().unwrap();
            assert!(process.try_wait().unwrap().is_none(), "it ends at once: {}", self.log());
            assert!(Instant::now() < patience, "it does not start: {}", self.log());
            sleep(Duration::from_millis(5));
        }
    }

    /// Ends it with all that it has started, and nothing else.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let group = format!("-{}", process.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            let _ = process.wait();
        }
    }

    /// The mails in the mailbox, once all are there that it has taken.
    #[track_caller]
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let (new, patience) = (self.folder.path().join("mail/new"), Instant::now() + PATIENCE);
        loop {
            let entries = || fs::read_dir(&new).into_iter().flatten().map(|entry| entry.unwrap().path());
            if !self.daemon.holds(self.folder.path(), entries().count()) {
                let mut paths: Vec<PathBuf> = entries().collect();
                // Their names begin with the time.
                paths.sort();
                return paths.iter().map(|path| fs::read(path).unwrap()).collect();
            }
            assert!(Instant::now() < patience, "it holds mails back: {}", self.log());
            sleep(Duration::from_millis(5));
        }
    }

    /// What it has to say.
    pub(crate) fn log(&self) -> String {
        let files = fs::read_dir(self.folder.path().join("log")).into_iter().flatten();
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}

fn greets(port: u16) -> bool {
    let mut first = [0; 3];
    let connection = TcpStream::connect(("127.0.0.1", port));
    connection.and_then(|mut connection| connection.read_exact(&mut first)).is_ok() && &first == b"220"
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let own = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    own.split_whitespace().nth(1) == Some("0")
}

/// One of these, wherever a system keeps what only root starts: an ordinary user's PATH may lack that.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The user that a package made, and its group.
pub(crate) fn owner(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let user = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut numbers = user.split(':').skip(1);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
