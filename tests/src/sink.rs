use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::PATIENCE;

/// A mail server in a folder, ended with the value.
pub struct Sink {
    folder: TempDir,
    process: Child,
    port: String,
}

impl Sink {
    /// Starts `smtp-sink`: tests name it with `env!("CARGO_BIN_EXE_smtp-sink")`, which is theirs to know.
    pub fn start(program: &str) -> Sink {
        let folder = tempfile::tempdir().expect("a folder");
        let process = Command::new(program).arg(folder.path()).spawn().expect("the mail server starts");
        let (file, patience) = (folder.path().join("port"), Instant::now() + PATIENCE);
        while !file.exists() {
            assert!(Instant::now() < patience, "the mail server does not start");
            sleep(Duration::from_millis(5));
        }
        let port = fs::read_to_string(file).expect("its port");
        Sink { folder, process, port }
    }

    /// How the program reaches it.
    pub fn relay(&self) -> String {
        format!("smtp+plaintext://127.0.0.1:{}", self.port)
    }

    /// The mails that arrived, whole.
    pub fn whole(&self) -> Vec<String> {
        let paths =
            fs::read_dir(self.folder.path()).expect("its folder").map(|entry| entry.expect("a mail").path());
        let mails = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
        mails.map(|path| fs::read_to_string(path).expect("a mail")).collect()
    }

    /// How often each message id arrived, by the incident that its subject names and the recipient.
    pub fn mails(&self) -> BTreeMap<(String, String), BTreeMap<String, usize>> {
        let mut mails: BTreeMap<_, BTreeMap<String, usize>> = BTreeMap::new();
        for mail in self.whole() {
            let header = |name: &str| {
                let line = mail.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_else(|| panic!("expected {name} in\n{mail}")).to_string()
            };
            let incident = header("Subject: [tripline #").split(']').next().unwrap_or_default().to_string();
            let mails = mails.entry((incident, header("To: "))).or_default();
            *mails.entry(header("Message-ID: ")).or_default() += 1;
        }
        mails
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
