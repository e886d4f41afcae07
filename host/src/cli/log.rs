use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::arguments::LogCommand;
use super::exit::Exit;
use super::kept::{at, must_be_there, user};
use super::{Failure, Screen, configuration};
use crate::incidents::Policy;
use crate::report::paint::{ERROR, GOOD};
use crate::report::waiting::Waiting;
use crate::security_log::{Deed, Records, SecurityLog, SecurityLogError, place, verify};
use crate::store::{self, Database, DatabaseOptions};
use crate::wall_clock::SystemClock;

/// Bytes read at once.
const READ: usize = 64 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Checks the chain of a log; `config`: where the configuration is looked for that names it, if no file does.
pub(super) fn run(command: LogCommand, config: Option<PathBuf>, screen: &Screen) -> Result<Exit, Failure> {
    let (mut files, mut db) = match command {
        LogCommand::Verify { files, db } => (files, db),
        LogCommand::Move { file, db } => return moved(&file, db, config, screen),
        LogCommand::Stop { db } => return stopped(db, config, screen),
    };
    if files.is_empty() {
        let configuration = configuration::read(config)?;
        let hint = "name it as FILE, or in tripline.toml: [security_log] path = \"…\"";
        let none = || Failure::new("expected a log to check, found none").hint(Some(hint));
        files.push(configuration.security_log.ok_or_else(none)?);
        // Without it nobody sees that the end was cut off.
        db = db.or(configuration.database);
    }
    let waiting = screen.waiting(format!(
        "reading {}",
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    ));
    // Only looked at: whoever verifies must change nothing, and does not know the database's configuration.
    let known = |behind| match &db {
        None => Ok(None),
        Some(db) => {
            must_be_there(db)?;
            store::log_known(db, behind).map(Some).map_err(|error| at(db, &error))
        }
    };
    let before = known(None)?;
    let readers = files.iter().map(|file| open(file, &waiting)).collect::<Result<Vec<_>, _>>()?;
    let mut verified =
        verify(readers, before.as_ref()).map_err(|error| Failure::new(format!("cannot read on: {error}")))?;
    if let Some(before) = before.as_ref().filter(|_| verified.has_more()) {
        let later = known(Some(before.head.map_or(0, |head| head.seq)))?;
        verified.compare(before, &later.unwrap_or_default());
    }
    drop(waiting);
    screen.put(|out| {
        for finding in &verified.findings {
            let file = files.get(finding.file).map_or_else(String::new, |path| path.display().to_string());
            writeln!(out, "{ERROR}{file}:{}{ERROR:#}: {}", finding.line, finding.problem)?;
        }
        match (verified.found, verified.last) {
            (0, Some(last)) => {
                let first = verified.first.map_or(0, |(first, _)| first.seq);
                let older = if first > 1 { "; older ones are not in what was read" } else { "" };
                let lines = if verified.lines == 1 { "1 line" } else { &format!("{} lines", verified.lines) };
                writeln!(out, "{GOOD}sound{GOOD:#}: {lines}, from record {first} up to {last}{older}")
            }
            (0, None) => writeln!(out, "{GOOD}sound{GOOD:#}: no line"),
            (1, _) => writeln!(out, "1 finding in {} lines", verified.lines),
            (found, _) => writeln!(out, "{found} findings in {} lines", verified.lines),
        }
    })?;
    Ok(if verified.found == 0 { Exit::Clean } else { Exit::Found })
}

/// From now on the log is written there.
fn moved(
    file: &Path,
    db: Option<PathBuf>,
    config: Option<PathBuf>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let database = database(db, config)?;
    let failed = |error| Failure::new(format!("{}: cannot find its folder: {error}", file.display()));
    let place = place(file).map_err(failed)?;
    let foreign = |error: SecurityLogError| Failure::new(&error).hint(error.hint());
    SecurityLog::open(&place).and_then(|mut log| log.fits(&database)).map_err(foreign)?;
    database.move_log(&place, user()).map_err(|error| at(database.path(), &error))?;
    screen.put(|out| writeln!(out, "{}: the log goes on here", file.display()))?;
    Ok(Exit::Clean)
}

/// From now on none is written.
fn stopped(db: Option<PathBuf>, config: Option<PathBuf>, screen: &Screen) -> Result<Exit, Failure> {
    let database = database(db, config)?;
    let failed = |error| at(database.path(), &error);
    database.note(vec![Deed::log_stopped().by(user())]).map_err(failed)?;
    // Its last line says that it ends here. A log that cannot be written any more is stopped all the same.
    let place = database.place().map_err(failed)?.path;
    let written = place.map(|path| SecurityLog::open(&path)?.write_due(&database)).transpose();
    if let Err(error) = written {
        screen.warning(&format!("{error}; its last records wait for the next log"));
        error.hint().into_iter().for_each(|hint| screen.hint(hint));
    }
    database.stop_log().map_err(failed)?;
    screen.put(|out| writeln!(out, "no log is written any more, until a command or a server names one"))?;
    Ok(Exit::Clean)
}

fn database(db: Option<PathBuf>, config: Option<PathBuf>) -> Result<Database, Failure> {
    let path = match db {
        Some(db) => db,
        None => {
            let hint = "name it with --db FILE, or in tripline.toml: [database] path = \"…\"";
            let none = || Failure::new("expected a database, found none").hint(Some(hint));
            configuration::read(config)?.database.ok_or_else(none)?
        }
    };
    must_be_there(&path)?;
    let options = DatabaseOptions::default();
    Database::open(&path, Policy::default(), Arc::new(SystemClock), options)
        .map_err(|error| at(&path, &error))
}

fn open(path: &PathBuf, waiting: &Waiting) -> Result<Box<dyn BufRead>, Failure> {
    let failed = |error| Failure::new(format!("{}: cannot read it: {error}", path.display()));
    let file = File::open(path).and_then(|file| waiting.reading(file)).map_err(failed)?;
    let mut file = BufReader::with_capacity(READ, file);
    let packed = file.fill_buf().map_err(failed)?.starts_with(&GZIP);
    let unpacked: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::new(unpacked)))
}
