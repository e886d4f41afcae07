use std::fmt;
use std::io;
use std::path::PathBuf;

use super::foreign::Foreign;
use super::packing::Damage;

/// An input that could not be read. The rest is still checked.
#[derive(Debug)]
pub struct InputError {
    /// Which, as it was named.
    pub path: PathBuf,
    /// Why.
    pub problem: InputProblem,
}

/// Why an input could not be read.
#[derive(Debug)]
pub enum InputProblem {
    /// The system refused; `doing` says what.
    Io {
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        error: io::Error,
    },
    /// A pattern or folder that names no file.
    NothingThere,
    /// Another file has come under its name since it was looked at.
    Moved,
    /// Neither a regular file nor a pipe that was named by itself.
    NotAFile,
    /// A glob that is none.
    Glob(String),
    /// Compressed data that unpacks to more than this many times its size.
    Bomb {
        /// The limit.
        ratio: u64,
    },
    /// Neither text nor packed in a way that is unpacked.
    Foreign {
        /// What it is.
        what: &'static str,
        /// What makes lines of it.
        command: &'static str,
    },
    /// Packed data that cannot be unpacked to its end.
    Damaged {
        /// By what it is packed.
        packing: &'static str,
        /// Its end is missing.
        is_cut: bool,
    },
    /// A log of W3C's format in which no line names the columns.
    NoColumns,
}

impl InputError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            InputProblem::Foreign { command, .. } => {
                Some(format!("`{command} FILE | tripline check` checks what is in it"))
            }
            InputProblem::Damaged { packing, is_cut } => {
                let again =
                    if *is_cut { "wait until it is written, or copy it again" } else { "copy it again" };
                Some(format!("{again}; `{packing} -t FILE` says whether it is whole"))
            }
            InputProblem::NoColumns => Some(
                "put that line before the others, or leave `--input-format w3c` out if it is another log"
                    .into(),
            ),
            _ => None,
        }
    }
}

impl InputProblem {
    /// Why reading has stopped there.
    pub(super) fn of_reading(error: io::Error) -> InputProblem {
        let inner = error.get_ref();
        if let Some(Foreign { what, command }) = inner.and_then(|inner| inner.downcast_ref()) {
            return InputProblem::Foreign { what, command };
        }
        if let Some(Damage { packing, is_cut }) = inner.and_then(|inner| inner.downcast_ref()) {
            return InputProblem::Damaged { packing, is_cut: *is_cut };
        }
        InputProblem::Io { doing: "read on", error }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            InputProblem::Io { doing, error } => write!(f, "{path}: cannot {doing}: {error}"),
            InputProblem::NothingThere => write!(f, "{path}: expected at least one file, found none"),
            InputProblem::Moved => {
                write!(
                    f,
                    "{path}: expected the file that was there before, found another; the next run reads it"
                )
            }
            InputProblem::NotAFile => write!(f, "{path}: expected a regular file"),
            InputProblem::Glob(message) => {
                write!(f, "{path}: expected a file, a folder or a glob: {message}")
            }
            InputProblem::Bomb { ratio } => {
                write!(
                    f,
                    "{path}: expected compressed data that grows at most {ratio}-fold, the rest is not read"
                )
            }
            InputProblem::Foreign { what, command } => {
                write!(f, "{path}: {}", Foreign { what, command })
            }
            InputProblem::Damaged { packing, is_cut } => {
                write!(f, "{path}: {}", Damage { packing, is_cut: *is_cut })
            }
            InputProblem::NoColumns => {
                write!(f, "{path}: expected a line `#Fields: …` that names the columns, found none")
            }
        }
    }
}

impl std::error::Error for InputError {}
