use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::DeTable;

use super::masking::{masked, only_lines, stars};
use super::{ConfigurationError, Place, Problem};

/// Nobody writes more by hand.
const MOST: u64 = 1 << 20;

/// A file, and which keys its reader asked for.
pub(super) struct Document {
    pub(super) path: PathBuf,
    text: String,
    asked: RefCell<BTreeSet<String>>,
    /// Values that may be secrets.
    hidden: RefCell<Vec<Range<usize>>>,
}

impl Document {
    pub(super) fn read(path: &Path) -> Result<Document, ConfigurationError> {
        let file = File::open(path).map_err(|error| Problem::Io { path: path.into(), error })?;
        Document::of(path, &file)
    }

    /// A file that is open.
    pub(super) fn of(path: &Path, file: &File) -> Result<Document, ConfigurationError> {
        let mut bytes = Vec::new();
        let read = file.take(MOST + 1).read_to_end(&mut bytes);
        read.map_err(|error| Problem::Io { path: path.into(), error })?;
        Document::new(path, bytes)
    }

    pub(super) fn new(path: &Path, bytes: Vec<u8>) -> Result<Document, ConfigurationError> {
        if bytes.len() as u64 > MOST {
            return Err(Problem::Large { path: path.into(), most: MOST }.into());
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| Problem::Utf8 { path: path.into(), at: error.utf8_error().valid_up_to() })?;
        Ok(Document { path: path.into(), text, asked: RefCell::default(), hidden: RefCell::default() })
    }

    /// SHA-256 of the file.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }

    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'_>>, ConfigurationError> {
        DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.wrong(Problem::Toml(error.message().into()), span)
        })
    }

    /// An error at this place; what may be a secret is not in it.
    pub(super) fn wrong(&self, problem: Problem, span: Range<usize>) -> ConfigurationError {
        let text = only_lines(&self.masked(), &span);
        let place = Place { path: self.path.clone(), text, span };
        ConfigurationError { problem, place: Some(Box::new(place)) }
    }

    /// What it says, without what may be a secret.
    pub(super) fn masked(&self) -> String {
        self.hidden.borrow().iter().fold(masked(&self.text), |text, secret| stars(&text, secret.clone()))
    }

    /// Never shows what a key is given. What names it stays: of a table that is its head.
    pub(super) fn hide(&self, key: &Range<usize>, secret: Range<usize>) {
        if !self.names(key, &secret) {
            self.hidden.borrow_mut().push(secret);
        }
    }

    /// Whether a value is no more than the place where its key stands: `[table]`, or the key itself.
    fn names(&self, key: &Range<usize>, value: &Range<usize>) -> bool {
        let is_head = self.text.get(value.clone()).is_some_and(|text| text.starts_with('['));
        let holds = value.start <= key.start && key.end <= value.end;
        holds && (is_head || key == value)
    }

    /// As `wrong`, for what may itself be a secret.
    pub(super) fn hiding(
        &self,
        problem: Problem,
        span: Range<usize>,
        secret: Range<usize>,
    ) -> ConfigurationError {
        let is_name = span != secret && self.names(&span, &secret);
        let mut error = self.wrong(problem, span);
        if let Some(place) = error.place.as_mut().filter(|_| !is_name) {
            place.text = stars(&place.text, secret);
        }
        error
    }

    pub(super) fn ask(&self, key: String) {
        self.asked.borrow_mut().insert(key);
    }

    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Relative paths are relative to the file.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}
