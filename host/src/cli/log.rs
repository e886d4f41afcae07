use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;

use super::arguments::LogCommand;
use super::exit::Exit;
use super::kept::{at, must_be_there};
use super::{Failure, Screen, configuration};
use crate::report::paint::{ERROR, GOOD};
use crate::report::waiting::Waiting;
use crate::security_log::verify;
use crate::store;

/// Bytes read at once.
const READ: usize = 64 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Checks the chain of a log; `config`: where the configuration is looked for that names it, if no file does.
pub(super) fn run(command: LogCommand, config: Option<PathBuf>, screen: &Screen) -> Result<Exit, Failure> {
    let LogCommand::Verify { mut files, mut db } = command;
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
    let head = match db {
        None => None,
        // Only looked at: whoever verifies must change nothing, and does not know the database's configuration.
        Some(db) => {
            must_be_there(&db)?;
            store::log_head(&db).map_err(|error| at(&db, &error))?
        }
    };
    let readers = files.iter().map(|file| open(file, &waiting)).collect::<Result<Vec<_>, _>>()?;
    let verified = verify(readers, head.as_ref());
    drop(waiting);
    let verified = verified.map_err(|error| Failure::new(format!("cannot read on: {error}")))?;
    screen.put(|out| {
        for finding in &verified.findings {
            let file = files.get(finding.file).map_or_else(String::new, |path| path.display().to_string());
            writeln!(out, "{ERROR}{file}:{}{ERROR:#}: {}", finding.line, finding.problem)?;
        }
        match (verified.found, verified.last) {
            (0, Some(last)) => writeln!(out, "{GOOD}sound{GOOD:#}: {} lines up to {last}", verified.lines),
            (0, None) => writeln!(out, "{GOOD}sound{GOOD:#}: no line"),
            (1, _) => writeln!(out, "1 finding in {} lines", verified.lines),
            (found, _) => writeln!(out, "{found} findings in {} lines", verified.lines),
        }
    })?;
    Ok(if verified.found == 0 { Exit::Clean } else { Exit::Found })
}

fn open(path: &PathBuf, waiting: &Waiting) -> Result<Box<dyn BufRead>, Failure> {
    let failed = |error| Failure::new(format!("{}: cannot read it: {error}", path.display()));
    let file = File::open(path).and_then(|file| waiting.reading(file)).map_err(failed)?;
    let mut file = BufReader::with_capacity(READ, file);
    let packed = file.fill_buf().map_err(failed)?.starts_with(&GZIP);
    let unpacked: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::new(unpacked)))
}
