//! What the end-to-end tests share: the program, the real logs, a check in one line, mail servers.

pub mod certificates;
pub mod mail_server;

mod disk;
mod processes;
mod random;
mod sample_pack;
mod server;
mod sink;
mod trace;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;
use tripline::check::{CheckOptions, MatchSeen, Observer, Outcome, expand, run};
use tripline::sandbox::Sandbox;
use tripline::{Configured, Limits, Pack, Wasmtime};

pub use self::disk::Disk;
pub use self::processes::{PATIENCE, processes, until};
pub use self::random::Random;
pub use self::sample_pack::sample_pack;
pub use self::server::{Server, bring};
pub use self::sink::Sink;
pub use self::trace::{Call, calls};

/// The checkout's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("a checkout")
}

/// The folder of real logs that `TRIPLINE_CORPUS` names; says so when a test is skipped for want of it.
pub fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("TRIPLINE_CORPUS").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: TRIPLINE_CORPUS names no folder of real logs");
    }
    folder
}

/// The program, built once for each run of the tests, as they were: a test among what is built makes cargo choose the same
/// features, so that nothing is compiled twice.
pub fn program() -> Command {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--workspace", "--bin", "tripline", "--test", "invariants"])
            .arg("--message-format=json")
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8_lossy(&built.stdout).into_owned();
        let executable = |line: &str| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let is_program = message["target"]["kind"][0] == "bin" && message["target"]["name"] == "tripline";
            is_program.then(|| message["executable"].as_str().map(PathBuf::from))?
        };
        messages.lines().filter_map(executable).next_back().expect("cargo names the program")
    });
    let mut command = Command::new(path);
    command.env("NO_COLOR", "1").env("TZ", "UTC").current_dir(root());
    command
}

/// A sandbox with default limits, shared by the tests of one file.
pub fn sandbox() -> Arc<dyn Sandbox> {
    static SANDBOX: OnceLock<Arc<dyn Sandbox>> = OnceLock::new();
    Arc::clone(SANDBOX.get_or_init(|| Arc::new(Wasmtime::new(Limits::default()).expect("a sandbox"))))
}

/// A pack with its default settings.
pub fn configured(pack: Pack) -> Configured {
    Configured::new(Arc::new(pack), &serde_json::Map::new()).expect("default settings")
}

/// The built-in packs with their default settings.
pub fn builtin() -> Vec<Configured> {
    let packs = tripline::builtin::packs().expect("the built-in packs are good");
    packs
        .into_iter()
        .map(|pack| Configured::new(pack, &serde_json::Map::new()).expect("default settings"))
        .collect()
}

/// Checks files with these packs.
pub fn check(packs: Vec<Configured>, files: &[PathBuf], threads: usize) -> Outcome {
    check_in(packs, files, threads, sandbox())
}

/// Checks files with these packs in this sandbox.
pub fn check_in(
    packs: Vec<Configured>,
    files: &[PathBuf],
    threads: usize,
    sandbox: Arc<dyn Sandbox>,
) -> Outcome {
    let inputs = expand(files);
    assert!(inputs.errors.is_empty(), "{:?}", inputs.errors);
    let options = CheckOptions {
        packs,
        sources: inputs.sources,
        threads,
        year: None,
        timezone: TimeZone::UTC,
        format: None,
        matches: false,
        stats: false,
        store: None,
    };
    run(options, sandbox, &mut Quiet, &AtomicBool::new(false)).expect("patterns that compile")
}

/// Runs a check whose patterns may be refused.
pub fn try_check(options: CheckOptions) -> Result<Outcome, tripline::matcher::MatcherError> {
    run(options, sandbox(), &mut Quiet, &AtomicBool::new(false))
}

struct Quiet;

impl Observer for Quiet {
    fn read(&mut self, _: u64) {}
    fn matched(&mut self, _: &MatchSeen<'_>) {}
}
