use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tripline_tests::{Random, program};

/// What is known of each incident in the end: how often, first, last.
pub(crate) type Incidents = BTreeMap<String, (u64, Value, Value)>;

/// A log, and a database beside it.
pub(crate) struct Folder {
    _own: Option<TempDir>,
    pub(crate) path: PathBuf,
    lines: u64,
    /// How often each error was written.
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        let own = tempfile::tempdir().unwrap();
        let path = own.path().canonicalize().unwrap();
        Folder { _own: Some(own), path, lines: 0, errors: BTreeMap::new() }
    }

    /// Another one with the same log.
    pub(crate) fn copy(&self) -> Folder {
        let copy = Folder::new();
        fs::copy(self.path.join("app.log"), copy.path.join("app.log")).unwrap();
        Folder { lines: self.lines, errors: self.errors.clone(), ..copy }
    }

    /// The same log in this folder.
    pub(crate) fn copy_to(&self, path: &Path) -> Folder {
        fs::copy(self.path.join("app.log"), path.join("app.log")).unwrap();
        Folder { _own: None, path: path.into(), lines: self.lines, errors: self.errors.clone() }
    }

    /// Nothing was ever checked here.
    pub(crate) fn forget(&self) {
        for entry in fs::read_dir(&self.path).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "app.log" {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// So many more lines, of which one in five is one of so many errors.
    pub(crate) fn grow(&mut self, lines: u64, errors: u64, random: &mut Random) {
        let log = self.path.join("app.log");
        let file = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut file = std::io::BufWriter::new(file);
        for _ in 0..lines {
            self.lines += 1;
            let (minute, second) = (self.lines / 60 % 60, self.lines % 60);
            let time = format!("2026-11-24T{:02}:{minute:02}:{second:02}Z", self.lines / 3600 % 24);
            if random.below(5) > 0 {
                writeln!(file, "{time} INFO all is well").unwrap();
                continue;
            }
            let error = format!("ERROR step {} failed", words(random.below(errors)));
            writeln!(file, "{time} {error}").unwrap();
            *self.errors.entry(error).or_default() += 1;
        }
    }

    /// The check of its log.
    pub(crate) fn check(&self) -> Command {
        let mut command = self.command(&["check", "app.log", "--only", "app-errors", "--db", "t.db"]);
        command.args(["--security-log", "security.log"]);
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(&self.path).env_remove("TRIPLINE_CONFIG").stdin(Stdio::null());
        command.args(arguments);
        command
    }

    /// All is done, whatever was in the way before.
    #[track_caller]
    pub(crate) fn completes(&self) {
        let output = self.check().output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    }

    pub(crate) fn incidents(&self) -> Incidents {
        let output = self
            .command(&["incident", "list", "--all", "--limit", "1000", "--format", "ndjson", "--db", "t.db"])
            .output()
            .unwrap();
        let incident = |line: &str| {
            let one: Value = serde_json::from_str(line).unwrap();
            let known = (one["count"].as_u64().unwrap(), one["first"].clone(), one["last"].clone());
            (one["title"].as_str().unwrap().to_string(), known)
        };
        String::from_utf8(output.stdout).unwrap().lines().map(incident).collect()
    }

    /// All errors are counted, each once, and security.log has each record once.
    #[track_caller]
    pub(crate) fn is_whole(&self, what: &str) {
        let counts: BTreeMap<String, u64> =
            self.incidents().into_iter().map(|(title, (count, ..))| (title, count)).collect();
        assert_eq!(counts, self.errors, "{what}");
        self.is_sound(what);
        let log = fs::read_to_string(self.path.join("security.log")).unwrap();
        assert_eq!(log.matches("\"event\":\"incident.opened\"").count(), self.errors.len(), "{what}");
        let verify = self.command(&["log", "verify", "security.log", "--db", "t.db"]).output().unwrap();
        assert!(verify.status.success(), "{what}: {verify:?}");
    }

    /// The database, if there is one by now, has nothing half.
    #[track_caller]
    pub(crate) fn is_sound(&self, what: &str) {
        let path = self.path.join("t.db");
        // Before its first migration it is an empty file, which whoever opens it goes on with.
        let tables = || -> i64 {
            let db = rusqlite::Connection::open(&path).unwrap();
            db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
        };
        if path.exists() && tables() > 0 {
            let checked = self.command(&["db", "check", "t.db"]).output().unwrap();
            assert!(checked.status.success(), "{what}: {checked:?}");
        }
    }
}

/// Numbers are folded in titles, words are not.
fn words(number: u64) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// The same numbers each time; another seed looks elsewhere, as it does for property tests.
pub(crate) fn random(test: u64) -> Random {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    Random(seed.unwrap_or(1).wrapping_mul(1_000).wrapping_add(test))
}

/// Whether a test that needs this runs; with CI=true none is left out.
#[track_caller]
pub(crate) fn can(what: &str, available: bool) -> bool {
    let required = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(available || !required, "expected {what}, found none");
    if !available {
        eprintln!("skipped: this needs {what}");
    }
    available
}

/// Whether the program runs and answers that all is well.
pub(crate) fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// This test program again, for one test of it that is ignored otherwise.
pub(crate) fn myself(test: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
    [&program, "--ignored", "--exact", test, "--nocapture"].map(String::from).to_vec()
}

/// It ended in one of these ways, and said why and what to do.
#[track_caller]
pub(crate) fn stopped(output: &Output, codes: &[i32], words: &str) {
    let errors = errors(output);
    assert!(output.status.code().is_some_and(|code| codes.contains(&code)), "{output:?}");
    assert!(errors.contains(words) && errors.contains("hint: "), "{errors}");
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reads a folder's file, if it is there.
pub(crate) fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default()
}
