//! From arguments to sources: files, folders, globs, `-`; rotation families together.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use tripline_engine::decode::Format;
use tripline_engine::line::Mark;

use super::family::Member;
use super::own::{self, Places};
use super::present::{HEAD, Present};
use super::{InputError, InputProblem};

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
    /// The family's path; `-` is standard input.
    pub(crate) stem: PathBuf,
    /// Its files, oldest first; empty is standard input.
    pub(crate) files: Vec<File>,
    /// Its format, if it is said for it alone.
    pub(crate) format: Option<Format>,
}

/// A file of a source.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// When it was last written, nanoseconds since 1970: no line is later.
    pub(crate) modified: Option<i64>,
    pub(crate) begin: Begin,
    /// What it holds, if it lies on no disk.
    pub(crate) held: Option<Held>,
}

/// Lines that lie in no file: what a scan has found. They may be more than anybody should hold at once.
pub trait HeldLines: Send + Sync {
    /// Reads them from the first on: each time the same.
    fn open(&self) -> Box<dyn Read + Send>;
}

impl HeldLines for Arc<[u8]> {
    fn open(&self) -> Box<dyn Read + Send> {
        Box::new(io::Cursor::new(Arc::clone(self)))
    }
}

/// Such lines, and what is known of them.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) lines: Arc<dyn HeldLines>,
    pub(crate) bytes: u64,
    /// The first of them.
    pub(crate) head: Vec<u8>,
    /// By which it is known again: the run's number.
    pub(crate) number: u64,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("bytes", &self.bytes)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Where reading a file begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begin {
    /// `None`: at its start, as its source goes on from file to file.
    pub(crate) mark: Option<Mark>,
    /// Nothing is left to read.
    pub(crate) done: bool,
    /// Device and inode of the file that was looked at: under its name may be another by now.
    pub(crate) place: Option<(u64, u64)>,
}

impl Source {
    /// It with a format of its own, whatever that of the others is.
    #[must_use]
    pub fn with_format(self, format: Format) -> Source {
        Source { format: Some(format), ..self }
    }

    /// Bytes of its files as they lie on disk.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The family's path: that of its newest file.
    pub fn stem(&self) -> &Path {
        &self.stem
    }

    /// Lines that lie in no file, each with its end, in one file for each number; the same number has the same lines. They
    /// are read once, to know how many they are.
    pub fn held(name: &str, files: Vec<(u64, Arc<dyn HeldLines>)>) -> io::Result<Source> {
        let file = |(number, lines): (u64, Arc<dyn HeldLines>)| {
            let (mut input, mut head) = (lines.open(), Vec::new());
            let first = input.by_ref().take(HEAD).read_to_end(&mut head)?;
            let bytes = first as u64 + io::copy(&mut input, &mut io::sink())?;
            let held = Some(Held { lines, bytes, head, number });
            Ok(File { path: name.into(), bytes, modified: None, begin: Begin::default(), held })
        };
        let files = files.into_iter().map(file).collect::<io::Result<_>>()?;
        Ok(Source { stem: name.into(), files, format: None })
    }

    /// Whether it is standard input.
    pub fn is_stdin(&self) -> bool {
        self.files.is_empty()
    }
}

/// The path, the same however it was named.
fn full(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.into())
}

fn stdin() -> Source {
    Source { stem: "-".into(), files: Vec::new(), format: None }
}

/// Finds the sources that arguments name.
pub fn expand(arguments: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    let mut families: Vec<(PathBuf, Vec<Member>)> = Vec::new();
    let mut named_at: HashMap<PathBuf, usize> = HashMap::new();
    let mut files = BTreeMap::new();
    let mut stdin_at = None;
    for argument in arguments {
        if argument.as_os_str() == "-" {
            // Its place among the sources is where it was named first.
            stdin_at.get_or_insert(families.len());
            continue;
        }
        for path in named(argument, &mut inputs.errors) {
            let mut member = Member::of(&path);
            member.stem = full(&member.stem);
            let at = *named_at.entry(member.stem.clone()).or_insert(families.len());
            match families.get_mut(at) {
                Some((_, members)) if members.iter().any(|known| full(&known.path) == full(&path)) => {}
                Some((_, members)) => members.push(member),
                None => families.push((member.stem.clone(), vec![member])),
            }
        }
    }
    let own = Places::look();
    for (_, members) in &mut families {
        members.retain(|Member { path, .. }| match look(path, &own) {
            Ok(Some(file)) => files.insert(path.clone(), file).is_none(),
            Ok(None) => {
                // Beside logs they are nobody's mistake.
                if arguments.contains(path) {
                    let problem = InputProblem::Io { doing: "read it", error: own::refusal() };
                    inputs.errors.push(InputError { path: path.clone(), problem });
                }
                false
            }
            Err(problem) => {
                inputs.errors.push(InputError { path: path.clone(), problem });
                false
            }
        });
    }
    for (at, (stem, mut members)) in families.into_iter().enumerate() {
        if stdin_at == Some(at) {
            inputs.sources.push(stdin());
        }
        members.sort();
        members.dedup_by(|packed, plain| packed.packs(plain) && is_being_packed(&plain.path, &packed.path));
        let files: Vec<File> = members.iter().filter_map(|member| files.get(&member.path).cloned()).collect();
        if !files.is_empty() {
            inputs.sources.push(Source { stem, files, format: None });
        }
    }
    if stdin_at.is_some() && !inputs.sources.iter().any(Source::is_stdin) {
        inputs.sources.push(stdin());
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
    let is_glob = |text: &str| text.contains(['*', '?', '[']);
    let pattern = argument.to_str().filter(|text| is_glob(text))?;
    let whole = || Ok(glob::glob(pattern)?.filter_map(Result::ok).collect::<Vec<PathBuf>>());
    let paths = match argument.file_name().and_then(|name| name.to_str()).filter(|last| is_glob(last)) {
        Some(last) if last != "**" => globbed_last(argument.parent(), last),
        _ => whole(),
    };
    let files = |paths: Vec<PathBuf>| paths.into_iter().filter(|path| path.is_file()).collect();
    Some(paths.map(files).map_err(|error: glob::PatternError| error.to_string()))
}

/// What in some folders matches: by hand, since a glob goes over names that are no text.
fn globbed_last(folders: Option<&Path>, last: &str) -> Result<Vec<PathBuf>, glob::PatternError> {
    let pattern = glob::Pattern::new(last)?;
    let parent = folders.and_then(Path::to_str).unwrap_or_default();
    let folders = match parent.contains(['*', '?', '[']) {
        true => glob::glob(parent)?.filter_map(Result::ok).collect(),
        false => vec![PathBuf::from(parent)],
    };
    let mut paths = Vec::new();
    for folder in folders {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let names =
            fs::read_dir(here).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
        let matches = names.filter(|name| pattern.matches(&name.to_string_lossy()));
        paths.extend(matches.map(|name| folder.join(name)));
    }
    paths.sort();
    Ok(paths)
}

/// Whether one file is being packed, and the other is what of it is packed so far: its lines would count twice. By
/// content, too: `app.log.gz` may be of last year.
pub(crate) fn is_being_packed(plain: &Path, packed: &Path) -> bool {
    // With less than that nothing of its content is there.
    const LEAST: u64 = 18;
    let (Ok(Some(plain)), Ok(found)) = (Present::look(plain), fs::metadata(packed)) else { return false };
    !plain.is_packed()
        && found.is_file()
        && (found.len() < LEAST
            || Present::look(packed).is_ok_and(|packed| {
                packed.is_some_and(|packed| packed.is_packed() && plain.begins_with(&packed))
            }))
}

/// What lies under this name; `None`: a file that the program writes itself.
fn look(path: &Path, own: &Places) -> Result<Option<File>, InputProblem> {
    let found = fs::metadata(path).map_err(|error| InputProblem::Io { doing: "open it", error })?;
    if own.has(&found) {
        return Ok(None);
    }
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(Some(File {
        path: path.into(),
        bytes: if found.is_file() { found.len() } else { 0 },
        modified: modified.and_then(|since| i64::try_from(since.as_nanos()).ok()),
        begin: Begin::default(),
        held: None,
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_glob_and_a_folder_name_regular_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.log"), "a\n").unwrap();
        // Where containers log, all of them are links.
        symlink(path("a.log"), path("link.log")).unwrap();
        fs::create_dir(path("folder.log")).unwrap();
        mknodat(CWD, path("pipe.log"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        symlink("/dev/zero", path("device.log")).unwrap();
        symlink(path("nothing"), path("dangling.log")).unwrap();
        symlink(path("loop.log"), path("loop.log")).unwrap();
        let named = |argument: PathBuf| {
            let inputs = expand(&[argument]);
            let files = inputs.sources.iter().flat_map(|source| &source.files);
            let files: Vec<PathBuf> = files.map(|file| file.path.clone()).collect();
            let errors: Vec<PathBuf> = inputs.errors.into_iter().map(|error| error.path).collect();
            (files, errors)
        };
        let regular = vec![path("a.log"), path("link.log")];
        assert_eq!(named(path("*.log")), (regular.clone(), vec![]));
        // A link that leads nowhere was meant to.
        assert_eq!(named(folder.path().into()), (regular, vec![path("dangling.log"), path("loop.log")]));
    }
}
