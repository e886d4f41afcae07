use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tempfile::TempDir;
use tripline_tests::{program, until};

/// What scans here; where nothing may be skipped, nmap must be there.
pub(crate) fn scanners() -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join("nmap").is_file());
    assert!(found || std::env::var_os("CI").is_none(), "expected nmap: apt-get install nmap");
    if found { vec!["nmap", "connect"] } else { vec!["connect"] }
}

/// A server that greets whoever connects; dropped, its port is closed.
pub(crate) struct Greets {
    at: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Greets {
    /// At this port, once it is free: a program that another test is about to start may have what is closed here for a
    /// moment longer.
    pub(crate) fn at(host: Ipv4Addr, port: u16) -> Greets {
        let listener = until(&format!("{host} {port} is free"), || TcpListener::bind((host, port)).ok());
        let at = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Relaxed) {
                    return;
                }
                // Whoever scans may have gone already.
                let _ = stream.and_then(|mut stream| stream.write_all(b"220 ready\r\n"));
            }
        });
        Greets { at, ended, thread: Some(thread) }
    }
}

impl Drop for Greets {
    fn drop(&mut self) {
        self.ended.store(true, Relaxed);
        let _ = TcpStream::connect(self.at);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ports of this address at which nobody listens, each another.
pub(crate) fn free<const N: usize>(host: Ipv4Addr) -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((host, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A folder with a configuration, in which the program runs.
pub(crate) struct Here(pub(crate) TempDir);

impl Here {
    pub(crate) fn new(configuration: &str) -> Here {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tripline.toml"), configuration).unwrap();
        Here(folder)
    }

    /// What the program says as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut command = program();
        command.current_dir(&self.0).env("TRIPLINE_CONFIG", "tripline.toml");
        let Output { status, stdout, stderr } =
            command.args(arguments).args(["--format", "json"]).output().unwrap();
        let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr));
        assert_eq!(status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"))
    }
}
