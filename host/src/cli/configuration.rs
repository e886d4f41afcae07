use std::path::PathBuf;

use super::Failure;
use crate::configuration::{Configuration, ConfigurationError, Places};

/// The configuration that counts; all as by default, if there is none.
pub(super) fn read(argument: Option<PathBuf>) -> Result<Configuration, Failure> {
    let read = || match Places::of_process(argument).find()? {
        Some((path, _)) => Configuration::read(&path),
        None => Ok(Configuration::default()),
    };
    read().map_err(failure)
}

/// A configuration's error as a failure.
pub(super) fn failure(error: ConfigurationError) -> Failure {
    let hint = error.hint();
    Failure::new(error).hint(hint)
}
