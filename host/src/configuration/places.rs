use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{ConfigurationError, Problem};

/// Where a configuration is looked for; all is handed in.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `--config FILE`; must exist.
    pub argument: Option<PathBuf>,
    /// `$TRIPLINE_CONFIG`; must exist, unless it is empty.
    pub variable: Option<OsString>,
    /// Then the first of these that exists.
    pub usual: Vec<PathBuf>,
}

/// Who named a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--config`.
    Argument,
    /// `$TRIPLINE_CONFIG`.
    Variable,
    /// Nobody: it is at a usual place.
    Usual,
}

impl Places {
    /// The places of this process.
    pub fn of_process(argument: Option<PathBuf>) -> Places {
        let usual = ["tripline.toml", "/etc/tripline/tripline.toml"].map(PathBuf::from).to_vec();
        Places { argument, variable: std::env::var_os("TRIPLINE_CONFIG"), usual }
    }

    /// The configuration that counts, if there is one.
    pub fn find(&self) -> Result<Option<(PathBuf, Origin)>, ConfigurationError> {
        if let Some(path) = &self.argument {
            return named(path, Origin::Argument);
        }
        if let Some(path) = self.variable.as_ref().filter(|path| !path.is_empty()) {
            return named(Path::new(path), Origin::Variable);
        }
        for path in &self.usual {
            match path.metadata() {
                Ok(_) => return Ok(Some((path.clone(), Origin::Usual))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Problem::Io { path: path.clone(), error }.into()),
            }
        }
        Ok(None)
    }
}

fn named(path: &Path, origin: Origin) -> Result<Option<(PathBuf, Origin)>, ConfigurationError> {
    path.metadata().map_err(|error| Problem::Io { path: path.into(), error })?;
    Ok(Some((path.into(), origin)))
}
