use std::fmt;
use std::path::PathBuf;

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
        error: std::io::Error,
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
        }
    }
}

impl std::error::Error for InputError {}
