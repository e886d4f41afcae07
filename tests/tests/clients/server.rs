//! The server, with a configuration, in a folder of its own; it ends with the value.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tripline_tests::program;

/// How long something may take that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    folder: TempDir,
    process: Option<Child>,
    /// What it has said.
    said: Arc<Mutex<String>>,
}

impl Server {
    /// Not started yet; its configuration has these sections besides its database.
    pub(crate) fn new(sections: &str) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[database]\npath = \"tripline.db\"\n{sections}");
        fs::write(folder.path().join("tripline.toml"), text).unwrap();
        Server { folder, process: None, said: Arc::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command with its configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.folder.path()).env("TRIPLINE_CONFIG", "tripline.toml").args(arguments);
        command
    }

    pub(crate) fn start(&mut self) {
        let mut command = self.command(&["serve", "--only", "app-errors"]);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said = Arc::clone(&self.said);
        // Read to its end, or the program would wait for whoever reads.
        spawn(move || {
            for line in lines.map_while(Result::ok) {
                said.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        self.process = Some(process);
    }

    /// Starts it; it listens at these addresses when this returns.
    pub(crate) fn start_at(&mut self, udp: &[u16], tcp: &[u16]) {
        self.start();
        let patience = Instant::now() + PATIENCE;
        // Nobody else takes a port that we have just had.
        let taken = |port: &u16| UdpSocket::bind(at(*port)).is_err();
        while !(udp.iter().all(taken) && tcp.iter().all(|port| TcpStream::connect(at(*port)).is_ok())) {
            let process = self.process.as_mut().unwrap();
            assert!(process.try_wait().unwrap().is_none(), "it ends at once: {}", self.said());
            assert!(Instant::now() < patience, "it does not listen: {}", self.said());
            sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks it to end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let asked = Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
        assert!(asked.unwrap().success());
        process.wait().unwrap()
    }

    /// Its incidents.
    pub(crate) fn incidents(&self) -> Vec<Value> {
        let listed = self.command(&["incident", "list", "--format", "ndjson"]).output().unwrap();
        let lines = String::from_utf8(listed.stdout).unwrap();
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Occurrences of all incidents.
    pub(crate) fn count(&self) -> u64 {
        self.incidents().iter().filter_map(|incident| incident["count"].as_u64()).sum()
    }

    /// Waits until so many lines were counted.
    #[track_caller]
    pub(crate) fn until(&self, count: u64) {
        let patience = Instant::now() + PATIENCE;
        loop {
            let found = self.count();
            if found == count {
                return;
            }
            assert!(
                found < count,
                "{found} of {count} lines were counted: one of them twice; {}",
                self.said()
            );
            assert!(
                Instant::now() < patience,
                "{found} of {count} lines were counted in time; {}",
                self.said()
            );
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A port that is free, and the same after a restart, so it cannot be the server that chooses.
pub(crate) fn tcp_port() -> u16 {
    TcpListener::bind(at(0)).unwrap().local_addr().unwrap().port()
}

pub(crate) fn udp_port() -> u16 {
    UdpSocket::bind(at(0)).unwrap().local_addr().unwrap().port()
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// No HTTP, and syslog at these ports.
pub(crate) fn syslog(udp: u16, tcp: u16) -> String {
    format!(
        "[server]\nlisten = \"off\"\n\
         [[syslog]]\nlisten = \"127.0.0.1:{udp}\"\ntransport = \"udp\"\n\
         [[syslog]]\nlisten = \"127.0.0.1:{tcp}\"\ntransport = \"tcp\"\n"
    )
}
