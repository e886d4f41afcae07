use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why nmap cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NmapError {
    /// It is not where the configuration says.
    #[error("`scan.nmap`: expected a program, found none at {}", .0.display())]
    NotThere(PathBuf),
    /// It is nowhere.
    #[error("expected nmap on the PATH, found none")]
    None,
}

/// Where nmap is: where the configuration says, else on the `PATH` that is handed in. Folders that are named relatively
/// are passed over: what lies in the current folder may be anybody's.
pub fn find(configured: Option<&Path>, path: Option<&OsStr>) -> Result<PathBuf, NmapError> {
    if let Some(configured) = configured {
        return match is_program(configured) {
            true => Ok(configured.into()),
            false => Err(NmapError::NotThere(configured.into())),
        };
    }
    let folders = path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
    let places = folders.iter().filter(|folder| folder.is_absolute()).map(|folder| folder.join("nmap"));
    places.into_iter().find(|place| is_program(place)).ok_or(NmapError::None)
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_where_the_configuration_or_the_path_says() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("nmap");
        let path = format!("relative:/nowhere:{}", folder.path().display());
        let path = Some(OsStr::new(&path));
        assert_eq!(find(None, path), Err(NmapError::None));
        fs::write(&program, "").unwrap();
        // A file that nobody may run is no program.
        assert_eq!(find(None, path), Err(NmapError::None));
        assert_eq!(find(Some(&program), path), Err(NmapError::NotThere(program.clone())));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find(None, path), Ok(program.clone()));
        assert_eq!(find(Some(&program), None), Ok(program));
        assert_eq!(find(None, None), Err(NmapError::None));
    }
}
