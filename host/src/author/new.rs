//! `tripline pack new`: a folder that builds, and whose cases hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::name::{self, NameError};

/// The files of a new pack. `{{name}}`, `{{crate}}`, `{{sdk}}` and `{{engine}}` are filled in.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    (".gitignore", include_str!("template/gitignore")),
    ("README.md", include_str!("template/README.md.in")),
    ("src/lib.rs", include_str!("template/src/lib.rs.in")),
    ("tests/cases.rs", include_str!("template/tests/cases.rs.in")),
    ("cases/fires.case", include_str!("template/cases/fires.case")),
    ("cases/stays-quiet.case", include_str!("template/cases/stays-quiet.case")),
];

/// Where a new pack gets the SDK from.
pub(crate) enum Sdk {
    /// A checkout of Tripline, by its absolute path.
    Checkout(PathBuf),
    /// The registry.
    Registry,
}

/// Why there is no new pack.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{}: expected a folder that is empty or not there, found files in it", .0.display())]
    NotEmpty(PathBuf),
    #[error("{}: expected a checkout of Tripline, found no rules-sdk/Cargo.toml in it", .0.display())]
    NoCheckout(PathBuf),
    #[error("{}: expected a path in UTF-8, which Cargo.toml needs", .0.display())]
    NotUtf8(PathBuf),
    #[error("{}: cannot {doing}: {error}", path.display())]
    Io { path: PathBuf, doing: &'static str, error: io::Error },
}

impl NewError {
    /// What to do about it, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            NewError::NoCheckout(_) => Some("--sdk takes the folder that has Tripline's own Cargo.toml"),
            NewError::Name(NameError::Shape(_)) => Some("for example web-attacks"),
            _ => None,
        }
    }
}

impl Default for Sdk {
    /// The checkout that this program was built from, while it is there.
    fn default() -> Sdk {
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Sdk::checkout(&built_from).unwrap_or(Sdk::Registry)
    }
}

impl Sdk {
    /// The SDK of a checkout.
    pub(crate) fn checkout(path: &Path) -> Result<Sdk, NewError> {
        let failed = |error| NewError::Io { path: path.into(), doing: "find it", error };
        let root = path.canonicalize().map_err(failed)?;
        match root.join("rules-sdk/Cargo.toml").is_file() {
            true => Ok(Sdk::Checkout(root)),
            false => Err(NewError::NoCheckout(path.into())),
        }
    }

    /// The value of a dependency in Cargo.toml.
    fn dependency(&self, folder: &str) -> Result<String, NewError> {
        let Sdk::Checkout(root) = self else { return Ok(format!("{:?}", env!("CARGO_PKG_VERSION"))) };
        let path = root.join(folder);
        let text = path.to_str().ok_or_else(|| NewError::NotUtf8(path.clone()))?;
        Ok(format!("{{ path = {} }}", toml::Value::from(text)))
    }

    /// The versions of crates that the checkout is tested with.
    fn lock(&self) -> Option<PathBuf> {
        let Sdk::Checkout(root) = self else { return None };
        Some(root.join("Cargo.lock")).filter(|lock| lock.is_file())
    }
}

/// Makes the folder `name` in `parent`.
pub(crate) fn make(parent: &Path, name: &str, sdk: &Sdk) -> Result<(), NewError> {
    name::check(name)?;
    let folder = parent.join(name);
    let failed = |path: &Path, doing| {
        let path = path.to_path_buf();
        move |error| NewError::Io { path, doing, error }
    };
    match fs::read_dir(&folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(NewError::NotEmpty(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&folder, "make this folder")(error)),
    }
    let filled = [
        ("{{name}}", name.to_string()),
        ("{{crate}}", name.replace('-', "_")),
        ("{{sdk}}", sdk.dependency("rules-sdk")?),
        ("{{engine}}", sdk.dependency("host/engine")?),
    ];
    for (file, template) in FILES {
        let path = folder.join(file);
        let text = filled.iter().fold(template.to_string(), |text, (mark, value)| text.replace(mark, value));
        if let Some(inner) = path.parent() {
            fs::create_dir_all(inner).map_err(failed(inner, "make this folder"))?;
        }
        fs::write(&path, text).map_err(failed(&path, "write it"))?;
    }
    // Else a crate that came out since may need a newer Rust than the checkout does.
    if let Some(lock) = sdk.lock() {
        let path = folder.join("Cargo.lock");
        fs::copy(lock, &path).map_err(failed(&path, "write it"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FILES, NewError, Sdk, make};

    #[test]
    fn every_mark_is_filled_in() {
        let parent = tempfile::tempdir().unwrap();
        make(parent.path(), "web-2", &Sdk::Registry).unwrap();
        for (file, _) in FILES {
            let text = std::fs::read_to_string(parent.path().join("web-2").join(file)).unwrap();
            assert!(!text.contains("{{"), "{file}: {text}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("web");
        std::fs::create_dir(&folder).unwrap();
        make(parent.path(), "web", &Sdk::Registry).unwrap();
        assert!(
            matches!(make(parent.path(), "web", &Sdk::Registry), Err(NewError::NotEmpty(path)) if path == folder)
        );
    }

    #[test]
    fn a_checkout_has_the_sdk() {
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Sdk::checkout(empty.path()), Err(NewError::NoCheckout(_))));
        assert!(matches!(Sdk::checkout(&empty.path().join("no")), Err(NewError::Io { .. })));
    }
}
