use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::{Configuration, ConfigurationError, Problem, read};

/// Where a configuration is looked for; all is handed in.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `--config FILE`; must exist.
    pub argument: Option<PathBuf>,
    /// `$TRIPLINE_CONFIG`; must exist, unless it is empty.
    pub variable: Option<OsString>,
    /// Then this one in the current folder, if nobody else can have written it.
    pub here: Option<PathBuf>,
    /// Then the first of these that exists.
    pub usual: Vec<PathBuf>,
    /// Who runs this: what is here must be theirs or root's.
    pub user: u32,
}

/// Who named a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--config`.
    Argument,
    /// `$TRIPLINE_CONFIG`.
    Variable,
    /// Nobody: it is in the current folder, which may be anybody's.
    Here,
    /// Nobody: it is at a usual place.
    Usual,
}

impl Places {
    /// The places of this process.
    pub fn of_process(argument: Option<PathBuf>) -> Places {
        Places {
            argument,
            variable: std::env::var_os("TRIPLINE_CONFIG"),
            here: Some("tripline.toml".into()),
            usual: vec!["/etc/tripline/tripline.toml".into()],
            user: rustix::process::geteuid().as_raw(),
        }
    }

    /// The configuration that counts, if there is one.
    pub fn find(&self) -> Result<Option<(PathBuf, Origin)>, ConfigurationError> {
        if let Some(path) = &self.argument {
            return named(path, Origin::Argument);
        }
        if let Some(path) = self.variable.as_ref().filter(|path| !path.is_empty()) {
            return named(Path::new(path), Origin::Variable);
        }
        if let Some(path) = &self.here
            && let Some(file) = there(path, path.metadata())?
        {
            self.trust(path, &file)?;
            return Ok(Some((path.clone(), Origin::Here)));
        }
        for path in &self.usual {
            if there(path, path.metadata())?.is_some() {
                return Ok(Some((path.clone(), Origin::Usual)));
            }
        }
        Ok(None)
    }

    /// Reads the configuration that counts, if there is one.
    pub fn read(&self) -> Result<Option<Configuration>, ConfigurationError> {
        let Some((path, origin)) = self.find()? else { return Ok(None) };
        let failed = |error| Problem::Io { path: path.clone(), error };
        let file = File::open(&path).map_err(failed)?;
        if origin == Origin::Here {
            // Once more: what is open cannot be exchanged for another any more.
            self.trust(&path, &file.metadata().map_err(failed)?)?;
        }
        read::file(&Document::of(&path, &file)?).map(Some)
    }

    /// Refuses a file that somebody else can have written: it would say which relay is told what, which password is
    /// read from where, and where the database lies. A link is looked at, too: paths are relative to it.
    fn trust(&self, path: &Path, file: &Metadata) -> Result<(), ConfigurationError> {
        const WRITABLE_BY_OTHERS: u32 = 0o022;
        let link = there(path, path.symlink_metadata())?;
        let owners = [Some(file.uid()), link.map(|link| link.uid())];
        let stranger = owners.into_iter().flatten().find(|owner| ![0, self.user].contains(owner));
        let path = path.into();
        match stranger {
            Some(owner) => Err(Problem::Stranger { path, user: self.user, owner }.into()),
            None if file.mode() & WRITABLE_BY_OTHERS != 0 => {
                Err(Problem::Writable { path, mode: file.mode() & 0o7777 }.into())
            }
            None => Ok(()),
        }
    }
}

/// What is there; nothing is no error.
fn there(path: &Path, looked: io::Result<Metadata>) -> Result<Option<Metadata>, ConfigurationError> {
    match looked {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::Io { path: path.into(), error }.into()),
    }
}

fn named(path: &Path, origin: Origin) -> Result<Option<(PathBuf, Origin)>, ConfigurationError> {
    path.metadata().map_err(|error| Problem::Io { path: path.into(), error })?;
    Ok(Some((path.into(), origin)))
}
