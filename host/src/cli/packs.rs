use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Map;
use tripline_abi::OpenWriter;
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{Configured, Pack, PackError, PackLimits};

use super::arguments::PackArguments;
use super::configuration::{failure, placed};
use super::signatures::{self, SignatureFileError};
use super::{Failure, Screen};
use crate::builtin;
use crate::configuration::{Configuration, PackSettings};
use crate::crew;
use crate::signing::{PublicKey, Signed, Statement, Unsigned};

/// Why packs cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum PacksError {
    #[error("{}: cannot read it: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: expected a folder with *.wasm files, found none in it", path.display())]
    EmptyFolder { path: PathBuf },
    #[error("{}: {error}", path.display())]
    Pack { path: PathBuf, error: PackError },
    #[error(transparent)]
    Signature(#[from] SignatureFileError),
    #[error("{}: {error}", path.display())]
    Unsigned { path: PathBuf, error: Unsigned },
    #[error("a built-in pack: {0}")]
    Builtin(PackError),
    #[error("{}: expected a name of its own, found `{name}`, the name of a built-in pack", path.display())]
    Reserved { path: PathBuf, name: String },
    #[error("{}: expected packs with different names, found a second `{name}`; the first is {}", second.display(), first.display())]
    Twice { name: String, first: PathBuf, second: PathBuf },
    #[error("--only {name}: there is no pack of this name; there are {}", known.join(", "))]
    UnknownOnly { name: String, known: Vec<String> },
    #[error("expected at least one pack, found none")]
    NoPack,
    #[error("pack `{name}` does not take its settings: {said}")]
    Refused { name: String, said: String },
}

impl PacksError {
    fn hint(&self) -> Option<&'static str> {
        match self {
            PacksError::Pack { error, .. } => error.hint(),
            PacksError::Reserved { .. } => {
                Some("give it another name, or leave the built-in packs out with --no-builtin")
            }
            PacksError::EmptyFolder { .. } => {
                Some("cargo puts the module of a pack into target/wasm32-unknown-unknown/release")
            }
            PacksError::Unsigned { .. } => {
                Some("[packs] signed_by demands it: `tripline pack sign` lays a signature beside the module")
            }
            PacksError::NoPack => Some("give one with --pack, or leave out --no-builtin"),
            _ => None,
        }
    }
}

impl From<PacksError> for Failure {
    fn from(error: PacksError) -> Failure {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    }
}

/// What becomes of tables of the configuration that name a pack which is not there.
pub(super) enum Strangers<'s> {
    /// Whoever wrote the configuration is to mend it.
    Refused,
    /// A standing configuration may name packs that this command is not given; it is told, since it may be misspelt.
    Told(&'s Screen),
}

/// The wanted packs with their settings: those of `--settings` count before those of the configuration. So many threads read
/// them.
pub(super) fn configured(
    arguments: &PackArguments,
    configuration: &Configuration,
    strangers: &Strangers<'_>,
    threads: usize,
) -> Result<Vec<Configured>, Failure> {
    let packs = all(&arguments.pack, arguments.no_builtin, &configuration.signed_by, threads)?;
    let wanted = wanted(&packs, &arguments.only)?;
    let given = arguments.settings.as_deref().map(PackSettings::read).transpose().map_err(failure)?;
    let mut standing = configuration.packs.clone();
    let mut known: Vec<&str> = packs.iter().map(|pack| pack.name()).collect();
    known.extend(builtin::NAMES.iter().filter(|_| arguments.no_builtin));
    for strange in standing.strangers(&known) {
        match strangers {
            Strangers::Refused => return Err(failure(strange)),
            Strangers::Told(screen) => {
                let failure = placed(strange);
                screen.warning(&format!("{}: its table is left out", failure.message()));
                failure.hinted().into_iter().for_each(|hint| screen.hint(hint));
            }
        }
    }
    // Nor is anything said of built-in packs that this command leaves out.
    standing.retain(|name| packs.iter().any(|pack| pack.name() == name));
    given.unwrap_or_default().over(standing).configure(&packs, &wanted).map_err(failure)
}

/// Opens each pack that an operator has given settings: what its manifest allows it may still not be able to read, and
/// that is told before it judges, not by its fault. What else goes wrong with it is a fault, as ever.
pub(super) fn tried(packs: &[Configured], sandbox: &dyn Sandbox) -> Result<(), PacksError> {
    for Configured { pack, settings } in packs {
        let usual = Configured::new(Arc::clone(pack), &Map::new());
        if usual.is_ok_and(|usual| usual.settings == *settings) {
            continue;
        }
        let mut frame = OpenWriter::new();
        settings.iter().for_each(|(name, value)| frame.setting(name, value));
        let Ok(module) = sandbox.load(pack) else { continue };
        let opened = module.instantiate().and_then(|mut instance| instance.open(&frame.finish(None)));
        if let Ok(Err(said)) = opened {
            return Err(PacksError::Refused { name: pack.name().into(), said });
        }
    }
    Ok(())
}

/// The built-in packs, unless they are unwanted, and those at the given paths: each name once, and signed by one of these
/// keys, if there are any. So many threads read them.
pub(super) fn all(
    given: &[PathBuf],
    no_builtin: bool,
    keys: &[PublicKey],
    threads: usize,
) -> Result<Vec<Arc<Pack>>, PacksError> {
    let mut sources: Vec<Source> = Vec::new();
    if !no_builtin {
        sources.extend(builtin::modules().map(|(_, wasm)| Source::Builtin(wasm)));
    }
    let mut wrong = None;
    for path in given {
        match modules(path) {
            Ok(modules) => sources.extend(modules.into_iter().map(Source::File)),
            // What is wrong with those before it is told first.
            Err(error) => {
                wrong = Some(error);
                break;
            }
        }
    }
    let read = crew::each(threads, &sources, |source| source.read(keys));
    let mut packs: Vec<Arc<Pack>> = Vec::new();
    let mut paths: HashMap<String, &Path> = HashMap::new();
    for (source, pack) in sources.iter().zip(read) {
        let pack = pack?;
        if let Source::File(path) = source {
            let name = pack.name().to_string();
            if !no_builtin && builtin::NAMES.contains(&&*name) {
                return Err(PacksError::Reserved { path: path.clone(), name });
            }
            if let Some(first) = paths.get(&name) {
                return Err(PacksError::Twice { name, first: first.to_path_buf(), second: path.clone() });
            }
            paths.insert(name, path);
        }
        packs.push(Arc::new(pack));
    }
    match wrong {
        Some(error) => Err(error),
        None if packs.is_empty() => Err(PacksError::NoPack),
        None => Ok(packs),
    }
}

/// Where a pack comes from.
enum Source {
    Builtin(&'static [u8]),
    File(PathBuf),
}

impl Source {
    /// Reads and checks it; one of a file is signed by one of these keys, if there are any.
    fn read(&self, keys: &[PublicKey]) -> Result<Pack, PacksError> {
        let path = match self {
            Source::Builtin(wasm) => return Pack::read(*wasm).map_err(PacksError::Builtin),
            Source::File(path) => path,
        };
        let pack = read(path)?;
        if !keys.is_empty() {
            let signed = Signed::of(keys, signatures::found(path)?.as_ref(), &Statement::of(&pack));
            signed.may_judge().map_err(|error| PacksError::Unsigned { path: path.clone(), error })?;
        }
        Ok(pack)
    }
}

/// Whether a pack is wanted, for each; all are if no name is given.
pub(super) fn wanted(packs: &[Arc<Pack>], only: &[String]) -> Result<Vec<bool>, PacksError> {
    if let Some(name) = only.iter().find(|name| packs.iter().all(|pack| pack.name() != *name)) {
        let known = packs.iter().map(|pack| pack.name().to_string()).collect();
        return Err(PacksError::UnknownOnly { name: name.clone(), known });
    }
    Ok(packs.iter().map(|pack| only.is_empty() || only.iter().any(|name| name == pack.name())).collect())
}

/// Reads and checks a module.
pub(super) fn read(path: &Path) -> Result<Pack, PacksError> {
    let failed = |error| PacksError::Io { path: path.into(), error };
    let file = File::open(path).map_err(failed)?;
    let limits = PackLimits::default();
    // One byte more than it may have, so that what has more is refused and never held whole.
    let mut wasm = Vec::new();
    file.take(limits.module_bytes as u64 + 1).read_to_end(&mut wasm).map_err(failed)?;
    Pack::read_within(wasm, &limits).map_err(|error| PacksError::Pack { path: path.into(), error })
}

/// The file itself, or the modules right in a folder.
fn modules(path: &Path) -> Result<Vec<PathBuf>, PacksError> {
    let failed = |error| PacksError::Io { path: path.into(), error };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut modules = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == "wasm") {
            modules.push(path);
        }
    }
    modules.sort();
    if modules.is_empty() { Err(PacksError::EmptyFolder { path: path.into() }) } else { Ok(modules) }
}
