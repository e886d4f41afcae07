//! From arguments to sources: files, folders, globs, `-`; rotation families together.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::family::Member;
use super::{Files, InputError, InputProblem};

/// What arguments come to.
#[derive(Debug, Default)]
pub struct Inputs {
    /// In the order of the arguments; what two arguments name is read once.
    pub sources: Vec<Source>,
    /// Arguments that name nothing that can be read.
    pub errors: Vec<InputError>,
}

/// One sequence of lines: a file, a rotation family, or standard input.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its files, oldest first; empty is standard input.
    pub(super) files: Vec<File>,
}

/// A file of a source.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// When it was last written, nanoseconds since 1970: no line is later.
    pub(super) modified: Option<i64>,
}

impl Source {
    /// Bytes of its files as they lie on disk.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether it is standard input.
    pub fn is_stdin(&self) -> bool {
        self.files.is_empty()
    }
}

/// Names of the files of these sources.
pub(super) fn names(sources: &[Source]) -> Files {
    let name = |file: &File| file.path.display().to_string();
    let of = |source: &Source| match source.is_stdin() {
        true => vec!["-".to_string()],
        false => source.files.iter().map(name).collect(),
    };
    Files(sources.iter().map(of).collect())
}

/// Finds the sources that arguments name.
pub fn expand(arguments: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    let mut families: Vec<(PathBuf, Vec<Member>)> = Vec::new();
    let mut files = BTreeMap::new();
    let mut stdin = None;
    for argument in arguments {
        if argument.as_os_str() == "-" {
            // Its place among the sources is where it was named first.
            stdin.get_or_insert(families.len());
            continue;
        }
        for path in named(argument, &mut inputs.errors) {
            let member = Member::of(&path);
            match families.iter_mut().find(|(stem, _)| *stem == member.stem) {
                Some((_, members)) if members.iter().any(|known| known.path == path) => {}
                Some((_, members)) => members.push(member),
                None => families.push((member.stem.clone(), vec![member])),
            }
        }
    }
    for (_, members) in &families {
        for Member { path, .. } in members {
            match look(path) {
                Ok(file) => drop(files.insert(path.clone(), file)),
                Err(problem) => inputs.errors.push(InputError { path: path.clone(), problem }),
            }
        }
    }
    for (at, (_, mut members)) in families.into_iter().enumerate() {
        if stdin == Some(at) {
            inputs.sources.push(Source { files: Vec::new() });
        }
        members.sort();
        let files: Vec<File> = members.iter().filter_map(|member| files.get(&member.path).cloned()).collect();
        if !files.is_empty() {
            inputs.sources.push(Source { files });
        }
    }
    if stdin.is_some() && !inputs.sources.iter().any(Source::is_stdin) {
        inputs.sources.push(Source { files: Vec::new() });
    }
    inputs
}

/// The files that one argument names. A folder stands for the files right in it.
fn named(argument: &Path, errors: &mut Vec<InputError>) -> Vec<PathBuf> {
    let mut fail = |problem| {
        errors.push(InputError { path: argument.into(), problem });
        Vec::new()
    };
    match fs::metadata(argument) {
        Ok(found) if found.is_dir() => {
            let entries = match fs::read_dir(argument) {
                Ok(entries) => entries,
                Err(error) => return fail(InputProblem::Io { doing: "read the folder", error }),
            };
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            // Sockets, pipes and folders among logs are nobody's mistake: only what was named itself is an error.
            paths.retain(|path| fs::metadata(path).map_or(true, |found| found.is_file()));
            paths.sort();
            if paths.is_empty() { fail(InputProblem::NothingThere) } else { paths }
        }
        Ok(_) => vec![argument.into()],
        Err(error) if error.kind() == io::ErrorKind::NotFound => match globbed(argument) {
            None => fail(InputProblem::Io { doing: "open it", error }),
            Some(Ok(paths)) if paths.is_empty() => fail(InputProblem::NothingThere),
            Some(Ok(paths)) => paths,
            Some(Err(message)) => fail(InputProblem::Glob(message)),
        },
        Err(error) => fail(InputProblem::Io { doing: "open it", error }),
    }
}

/// The files that a glob names; `None` if the argument is no glob.
fn globbed(argument: &Path) -> Option<Result<Vec<PathBuf>, String>> {
    let pattern = argument.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    Some(match glob::glob(pattern) {
        Ok(paths) => Ok(paths.filter_map(Result::ok).filter(|path| path.is_file()).collect()),
        Err(error) => Err(error.to_string()),
    })
}

fn look(path: &Path) -> Result<File, InputProblem> {
    let found = fs::metadata(path).map_err(|error| InputProblem::Io { doing: "open it", error })?;
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(File {
        path: path.into(),
        bytes: if found.is_file() { found.len() } else { 0 },
        modified: modified.and_then(|since| i64::try_from(since.as_nanos()).ok()),
    })
}
