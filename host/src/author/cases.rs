//! `tripline pack test`: cases on the module as it is shipped, in the sandbox.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tripline_engine::Pack;
use tripline_engine::cases::{Case, CaseError, Outcome};
use tripline_engine::sandbox::Sandbox;

use super::difference;
use crate::report::paint::{ERROR, GOOD};
use crate::report::{columns, fit, visible};

const INDENT: &str = "      ";

/// A file of a folder of cases.
pub(crate) struct CaseFile {
    path: PathBuf,
    name: String,
    case: Result<Case, CaseError>,
}

/// How a case went.
pub(crate) enum Verdict {
    /// It holds.
    Holds,
    /// It held not, and its file was rewritten.
    Updated,
    /// It does not hold.
    Differs {
        /// Entries of a batch in the run that differs.
        batch: u32,
        /// What was expected.
        expected: String,
        /// What came.
        found: String,
    },
    /// It cannot be run, or not be rewritten.
    Failed(String),
}

/// How all cases went.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    updated: u64,
    /// Cases that do not hold.
    pub(crate) failed: u64,
}

/// Why there are no cases.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CasesError {
    #[error("{}: cannot read it: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: expected *.case files in it, found none", .0.display())]
    None(PathBuf),
}

impl CasesError {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(
            "a case has a sentence why, then `--- lines`, then `--- decisions`; --cases DIR names another folder",
        )
    }
}

/// Reads the cases of a folder, by name.
pub(crate) fn read(folder: &Path) -> Result<Vec<CaseFile>, CasesError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |error| CasesError::Io { path, error }
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|end| end == "case") {
            let case = Case::parse(&fs::read(&path).map_err(failed(&path))?);
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.push(CaseFile { path, name, case });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if files.is_empty() { Err(CasesError::None(folder.into())) } else { Ok(files) }
}

impl CaseFile {
    /// Runs it; with `update`, what it expects becomes what the pack decides.
    pub(crate) fn run(&self, sandbox: &Arc<dyn Sandbox>, pack: &Arc<Pack>, update: bool) -> Verdict {
        let case = match &self.case {
            Ok(case) => case,
            Err(error) => return Verdict::Failed(error.to_string()),
        };
        match case.run(sandbox, pack) {
            Ok(Outcome::Holds) => Verdict::Holds,
            Ok(Outcome::Differs { .. }) if update => self.update(case, sandbox, pack),
            Ok(Outcome::Differs { batch, expected, found }) => Verdict::Differs { batch, expected, found },
            Err(error) => Verdict::Failed(error.to_string()),
        }
    }

    fn update(&self, case: &Case, sandbox: &Arc<dyn Sandbox>, pack: &Arc<Pack>) -> Verdict {
        let updated = case.decide(sandbox, pack, u32::MAX).and_then(|found| {
            let bytes = case.updated(&found);
            // What depends on batches is a bug of the pack; a file would hide it.
            Ok((Case::parse(&bytes)?.run(sandbox, pack)?, bytes))
        });
        match updated {
            Ok((Outcome::Holds, bytes)) => match fs::write(&self.path, bytes) {
                Ok(()) => Verdict::Updated,
                Err(error) => Verdict::Failed(format!("cannot write it: {error}")),
            },
            Ok((Outcome::Differs { batch, expected, found }, _)) => {
                Verdict::Differs { batch, expected, found }
            }
            Err(error) => Verdict::Failed(error.to_string()),
        }
    }
}

impl Tally {
    /// Counts a case.
    pub(crate) fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Holds => self.passed += 1,
            Verdict::Updated => self.updated += 1,
            Verdict::Differs { .. } | Verdict::Failed(_) => self.failed += 1,
        }
    }
}

/// Columns of the widest name.
pub(crate) fn names(files: &[CaseFile]) -> usize {
    files.iter().map(|file| columns(&visible(&file.name))).max().unwrap_or(0)
}

/// Writes how a case went, its name in so many columns.
pub(crate) fn show(
    out: &mut dyn Write,
    file: &CaseFile,
    verdict: &Verdict,
    names: usize,
    width: usize,
) -> io::Result<()> {
    let name = visible(&file.name);
    let space = names.saturating_sub(columns(&name));
    let (style, word) = match verdict {
        Verdict::Holds => (GOOD, "ok"),
        Verdict::Updated => (GOOD, "new"),
        Verdict::Differs { .. } | Verdict::Failed(_) => (ERROR, "FAIL"),
    };
    let room = width.saturating_sub(INDENT.len() + names + 2).max(20);
    let why =
        file.case.as_ref().map(|case| visible(&case.why().split_whitespace().collect::<Vec<_>>().join(" ")));
    let why = fit(&why.unwrap_or_default(), room);
    let line = format!("{style}{word:4}{style:#}  {name}{:space$}  {why}", "");
    writeln!(out, "{}", line.trim_end())?;
    match verdict {
        Verdict::Holds | Verdict::Updated => Ok(()),
        Verdict::Failed(error) => {
            error.trim_end().lines().try_for_each(|line| writeln!(out, "{INDENT}{}", visible(line)))
        }
        Verdict::Differs { batch, expected, found } => {
            match batch {
                &u32::MAX => writeln!(out, "{INDENT}with all lines in one batch:")?,
                1 => writeln!(out, "{INDENT}with each line in a batch of its own:")?,
                many => writeln!(out, "{INDENT}with {many} lines in a batch:")?,
            }
            difference::write(out, expected, found, INDENT)
        }
    }
}

/// Writes what it comes to.
pub(crate) fn close(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let style = if tally.failed == 0 { GOOD } else { ERROR };
    let Tally { passed, updated, failed } = tally;
    match updated {
        0 => writeln!(out, "{style}{passed} passed, {failed} failed{style:#}"),
        updated => writeln!(out, "{style}{passed} passed, {updated} rewritten, {failed} failed{style:#}"),
    }
}
