use std::path::Path;
use std::sync::Arc;

use super::arguments::DbCommand;
use super::exit::Exit;
use super::kept::{at, user};
use super::{Failure, Screen};
use crate::commit::StoreError;
use crate::incidents::Policy;
use crate::report::figures;
use crate::security_log::Deed;
use crate::store::{self, Checked, CopyError, Database, DatabaseOptions, Restoring};
use crate::wall_clock::{SystemClock, WallClock};

/// Looks after the database.
pub(super) fn run(command: DbCommand, screen: &Screen) -> Result<Exit, Failure> {
    match command {
        DbCommand::Check { file } => {
            let checked = checked(&file, screen)?;
            say(screen, &file, "sound", checked)?;
        }
        DbCommand::Backup { file, to } => {
            let waiting = screen.waiting(copying(&file));
            let progress = |left, all| match left {
                0 => waiting.at(checking(&to), 0, 0),
                _ => waiting.at(copying(&file), all - left, all),
            };
            let checked = store::backup(&file, &to, progress).map_err(not_copied);
            drop(waiting);
            say(screen, &to, "written and sound", checked?)?;
            // It is a copy of a file that perhaps may not be written, or not be migrated.
            let deed = Deed::backed_up().by(user());
            if let Err(error) = store::note_at(&file, &deed, SystemClock.now()) {
                screen.warning(&format!("{}: security.log does not tell of it: {error}", file.display()));
            }
        }
        DbCommand::Restore { backup, file, security_log } => {
            let waiting = screen.waiting(checking(&backup));
            let progress = |left, all| waiting.at(copying(&backup), all - left, all);
            let (actor, now) = (user(), SystemClock.now());
            let restoring = Restoring { actor: &actor, now, security_log: security_log.as_deref() };
            let restored = store::restore(&backup, &file, &restoring, progress).map_err(not_copied);
            drop(waiting);
            let Some(checked) = restored? else {
                let hint = "stop the server and all commands that use it";
                let message = format!("{}: expected nobody to have it open, found somebody", file.display());
                return Err(Failure::new(message).hint(Some(hint)));
            };
            say(screen, &file, "restored", checked)?;
        }
        DbCommand::Migrate { file } => {
            let before = checked(&file, screen)?;
            migrate(&file, screen)?;
            let after = checked(&file, screen)?;
            let what = match before.version.0 == after.version.0 {
                true => "up to date".to_string(),
                false => format!("migrated from version {}", before.version.0),
            };
            say(screen, &file, &what, after)?;
        }
    }
    Ok(Exit::Clean)
}

fn checked(file: &Path, screen: &Screen) -> Result<Checked, Failure> {
    let _waiting = screen.waiting(checking(file));
    store::check(file).map_err(|error| match &error {
        // More than this command tells nobody knows.
        StoreError::Damaged(_) => {
            let hint = "`tripline db restore BACKUP FILE` takes a backup";
            Failure::new(format!("{}: {error}", file.display())).hint(Some(hint))
        }
        _ => at(file, &error),
    })
}

/// Whoever opens a database migrates it.
fn migrate(file: &Path, screen: &Screen) -> Result<(), Failure> {
    let _waiting = screen.waiting(format!("migrating {}", file.display()));
    let options = DatabaseOptions::default();
    let opened = Database::open(file, Policy::default(), Arc::new(SystemClock), options);
    opened.map(drop).map_err(|error| at(file, &error))
}

fn not_copied(error: CopyError) -> Failure {
    let hint = error.hint();
    Failure::new(error).hint(hint)
}

fn checking(file: &Path) -> String {
    format!("checking {}", file.display())
}

fn copying(file: &Path) -> String {
    format!("copying {}", file.display())
}

fn say(screen: &Screen, path: &Path, what: &str, checked: Checked) -> Result<(), Failure> {
    let Checked { version: (version, _), bytes } = checked;
    let bytes = figures::bytes(bytes);
    screen.put(|out| writeln!(out, "{}: {what}, version {version}, {bytes}", path.display()))
}
