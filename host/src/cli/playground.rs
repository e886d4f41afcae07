//! The rule playground: served to one person on this machine, or written down for a web server.

use std::fs::{self, File as DiskFile};
use std::io::{self, IsTerminal, Read, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use flate2::read::MultiGzDecoder;

use super::arguments::PlaygroundArguments;
use super::exit::Exit;
use super::{Failure, Screen, interrupt, packs};
use crate::http::start_playground;
use crate::playground::{File, Files, GIVEN, GivenLog, GivenPack, given, page};
use crate::token::TokenSecret;
use crate::{builtin, crew};

/// Bytes of a log: it is held here, in the browser, and once more by what runs there.
const LOG_BYTES: u64 = 256 << 20;
/// How long answers that are underway may take once it ends.
const GRACE: Duration = Duration::from_secs(1);

/// Why there is nothing to begin with.
#[derive(Debug, thiserror::Error)]
enum GivenError {
    #[error("{}: cannot read it: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: expected at most {LOG_BYTES} bytes, found more", .0.display())]
    Large(PathBuf),
    #[error("{}: cannot write it: {error}", path.display())]
    Export { path: PathBuf, error: io::Error },
}

/// Serves it until it is stopped, or writes it down.
pub(super) fn run(arguments: PlaygroundArguments, screen: &Screen) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.export {
        export(folder).map_err(Failure::new)?;
        screen.say(&format!("the playground is in {}", folder.display()));
        return Ok(Exit::Clean);
    }
    let files = files(&arguments)?;
    let secret = TokenSecret::draw().map_err(Failure::new)?;
    let stop = interrupt::flag()?;
    let server = start_playground(arguments.port, secret.show(), files).map_err(Failure::new)?;
    let url = format!("http://{}/{}/", server.address(), secret.show());
    screen.put(|out| writeln!(out, "{url}"))?;
    if !arguments.no_open && stdout().is_terminal() && !open(&url) {
        screen.hint("open this address in a browser");
    }
    while !stop.load(Relaxed) {
        thread::park_timeout(Duration::from_millis(100));
    }
    server.stop(GRACE);
    Ok(Exit::Clean)
}

/// The page, and what it is to begin with.
fn files(arguments: &PlaygroundArguments) -> Result<Files, Failure> {
    let mut files = page().clone();
    let mut begin = Vec::new();
    for pack in packs::all(&arguments.pack, false, &[], crew::cores())? {
        let (name, builtin) = (pack.name().to_string(), builtin::is_builtin(&pack));
        let file = format!("packs/{name}.wasm");
        if !builtin {
            files.insert(file.clone(), File::new(&file, pack.wasm().clone()));
        }
        begin.push(GivenPack { name, file, builtin });
    }
    let mut log = None;
    if let Some(path) = &arguments.log {
        const FILE: &str = "given.log";
        files.insert(FILE.into(), File::new(FILE, read(path).map_err(Failure::new)?));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        log = Some(GivenLog { name, file: FILE.into(), modified: modified(path) });
    }
    files.insert(GIVEN.into(), given(&begin, log.as_ref()));
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, GivenError> {
    let failed = |error| GivenError::Io { path: path.into(), error };
    let file = DiskFile::open(path).map_err(failed)?;
    let packed = path.extension().is_some_and(|end| end == "gz");
    let source: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut bytes = Vec::new();
    source.take(LOG_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LOG_BYTES { Err(GivenError::Large(path.into())) } else { Ok(bytes) }
}

/// When a file was last written, in milliseconds since 1970.
fn modified(path: &Path) -> Option<i64> {
    let at = fs::metadata(path).and_then(|about| about.modified()).ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// Node takes a `.js` for what the nearest `package.json` says, so the module brings its own.
const PACKAGE: &str = r#"{
  "private": true,
  "type": "module",
  "exports": { ".": { "types": "./tripline.d.ts", "default": "./tripline.js" }, "./*": "./*" }
}
"#;

fn export(folder: &Path) -> Result<(), GivenError> {
    for (name, file) in page() {
        let path = folder.join(name);
        let failed = |error| GivenError::Export { path: path.clone(), error };
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        fs::write(&path, &file.bytes).map_err(failed)?;
    }
    let path = folder.join("package.json");
    fs::write(&path, PACKAGE).map_err(|error| GivenError::Export { path, error })
}

/// Has the desktop open it; what that says is for nobody.
fn open(url: &str) -> bool {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(mut child) => {
            // It may stay for as long as the browser does.
            thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}
