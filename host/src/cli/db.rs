use std::path::Path;
use std::sync::Arc;

use super::arguments::DbCommand;
use super::exit::Exit;
use super::kept::at;
use super::{Failure, Screen};
use crate::incidents::Policy;
use crate::report::figures;
use crate::store::{self, Checked, Database, DatabaseOptions};
use crate::wall_clock::SystemClock;

/// Looks after the database.
pub(super) fn run(command: DbCommand, screen: &Screen) -> Result<Exit, Failure> {
    let progress = |left: u64, all: u64| {
        if screen.shows_progress() && all > 100_000 {
            screen.say(&format!("{} of {} pages", all - left, all));
        }
    };
    match command {
        DbCommand::Check { file } => {
            let checked = store::check(&file).map_err(|error| at(&file, &error))?;
            say(screen, &file, "sound", checked)?;
        }
        DbCommand::Backup { file, to } => {
            let checked = store::backup(&file, &to, progress).map_err(|error| at(&to, &error))?;
            say(screen, &to, "written and sound", checked)?;
        }
        DbCommand::Restore { backup, file } => {
            let restored = store::restore(&backup, &file, progress).map_err(|error| at(&file, &error))?;
            let Some(checked) = restored else {
                let hint = "stop the server and all commands that use it";
                let message = format!("{}: expected nobody to have it open, found somebody", file.display());
                return Err(Failure::new(message).hint(Some(hint)));
            };
            say(screen, &file, "restored", checked)?;
        }
        DbCommand::Migrate { file } => {
            let before = store::check(&file).map_err(|error| at(&file, &error))?;
            let options = DatabaseOptions::default();
            let opened = Database::open(&file, Policy::default(), Arc::new(SystemClock), options);
            drop(opened.map_err(|error| at(&file, &error))?);
            let after = store::check(&file).map_err(|error| at(&file, &error))?;
            let what = match before.version.0 == after.version.0 {
                true => "up to date".to_string(),
                false => format!("migrated from version {}", before.version.0),
            };
            say(screen, &file, &what, after)?;
        }
    }
    Ok(Exit::Clean)
}

fn say(screen: &Screen, path: &Path, what: &str, checked: Checked) -> Result<(), Failure> {
    let Checked { version: (version, _), bytes } = checked;
    let bytes = figures::bytes(bytes);
    screen.put(|out| writeln!(out, "{}: {what}, version {version}, {bytes}", path.display()))
}
