use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{PATIENCE, program};

/// How it says where it takes HTTP.
const HTTP: &str = "listens at http://";
/// How long is waited between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// `tripline serve` with a configuration in a folder of its own; it ends with the value.
pub struct Server {
    folder: TempDir,
    /// Where it looks for programs, if not where the tests do.
    programs: Option<PathBuf>,
    process: Option<Child>,
    /// What it has said since it was started last.
    said: Arc<Mutex<String>>,
}

impl Server {
    /// Not started yet; its configuration has these sections besides its database.
    pub fn new(sections: &str) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server { folder, programs: None, process: None, said: Arc::default() };
        server.configure(sections);
        server
    }

    /// Writes its configuration anew.
    pub fn configure(&self, sections: &str) {
        let text = format!("[database]\npath = \"tripline.db\"\n{sections}");
        fs::write(self.path("tripline.toml"), text).expect("a configuration");
    }

    /// From its next start on it finds programs in this folder alone.
    pub fn find_programs_in(&mut self, folder: &Path) {
        self.programs = Some(folder.into());
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command with its configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.folder.path()).env("TRIPLINE_CONFIG", "tripline.toml").args(arguments);
        self.programs.as_ref().map(|programs| command.env("PATH", programs));
        command
    }

    /// Starts it with these arguments; `crash`: where it dies, for a test build.
    pub fn start(&mut self, arguments: &[&str], crash: Option<&str>) {
        let mut command = self.command(&["serve"]);
        command.args(arguments).stderr(Stdio::piped());
        crash.map(|crash| command.env("TRIPLINE_CRASH", crash));
        let mut process = command.spawn().expect("the server starts");
        let lines = BufReader::new(process.stderr.take().expect("its words")).lines();
        self.said = Arc::default();
        let said = Arc::clone(&self.said);
        // Read to its end, or the program would wait for whoever reads.
        spawn(move || {
            for line in lines.map_while(Result::ok) {
                said.lock().expect("its words").push_str(&(line + "\n"));
            }
        });
        self.process = Some(process);
    }

    /// What it has said since it was started.
    pub fn said(&self) -> String {
        self.said.lock().expect("its words").clone()
    }

    /// Waits until it has said something with these words; answers the rest of that line.
    #[track_caller]
    pub fn says(&self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let said = self.said();
            let line = said.lines().find_map(|line| line.split_once(words));
            if let Some((_, rest)) = line {
                return rest.into();
            }
            assert!(Instant::now() < until, "it does not say {words:?}: {said}");
            sleep(LOOK);
        }
    }

    /// Where it takes HTTP.
    #[track_caller]
    pub fn http(&self) -> SocketAddr {
        self.says(HTTP).parse().expect("an address")
    }

    /// Where it takes HTTP, if it does already.
    pub fn http_now(&self) -> Option<SocketAddr> {
        self.said().lines().find_map(|line| line.strip_prefix(HTTP)?.parse().ok())
    }

    /// A token for this tenant; its secret.
    pub fn token(&self, scope: &str, tenant: &str) -> String {
        let arguments = ["token", "add", "--name", "test", "--scope", scope, "--tenant", tenant];
        let added = self.command(&arguments).output().expect("a token");
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        String::from_utf8_lossy(&added.stdout).trim().into()
    }

    /// Its process.
    #[track_caller]
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("a process").id()
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| process.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("a process").id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().expect("kill runs");
        assert!(sent.success(), "{name} {id}");
    }

    /// Asks it to end, and waits for that.
    pub fn end(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.process.take().expect("a process").wait().expect("its end")
    }

    /// A tenant's incidents, resolved ones too.
    pub fn incidents(&self, tenant: &str) -> Vec<Value> {
        let arguments = ["incident", "list", "--all", "--format", "ndjson", "--tenant", tenant];
        let listed = self.command(&arguments).output().expect("a list");
        let lines = String::from_utf8_lossy(&listed.stdout);
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Occurrences of all incidents of a tenant.
    pub fn count(&self, tenant: &str) -> u64 {
        self.incidents(tenant).iter().filter_map(|incident| incident["count"].as_u64()).sum()
    }

    /// Waits until so many occurrences were counted, and no more.
    #[track_caller]
    pub fn until(&self, tenant: &str, count: u64) {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.count(tenant);
            if found == count {
                return;
            }
            let said = self.said();
            assert!(found < count, "{found} of {count} lines were counted: one of them twice; {said}");
            assert!(Instant::now() < until, "{found} of {count} lines were counted in time; {said}");
            sleep(LOOK);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Brings lines over HTTP; the status, or `None`: there was no answer.
pub fn bring(at: SocketAddr, token: &str, key: &str, lines: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(at).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let length = lines.len();
    write!(
        stream,
        "POST /api/v1/ingest?source=app HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: text/plain\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {length}\r\n\r\n{lines}"
    )
    .ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}
