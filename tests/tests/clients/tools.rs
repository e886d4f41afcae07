//! Other people's programs, where they are.

use std::ffi::OsStr;
use std::path::PathBuf;

/// Where a program is. `None`, and why is said, where it is not: never with CI=true.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An ordinary user's PATH may lack the second.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").as_deref() != Some(OsStr::new("true")), "expected {name}");
        eprintln!("skipped: no {name}");
    }
    found
}
