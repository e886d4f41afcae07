//! The built-in packs.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::guest::Guests;

/// Each pack's name and its module.
pub(crate) fn build(guests: &Guests, out: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let packs = guests.root.join("guest/packs");
    for folder in [&packs, &guests.root.join("rules-sdk")] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let mut names: Vec<String> = fs::read_dir(&packs)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .collect();
    names.sort();
    let packages: Vec<String> = names.iter().map(|name| format!("tripline-pack-{name}")).collect();
    let built = guests.build("pack", &packages)?;
    let module = |(name, from): (String, PathBuf)| -> Result<(String, PathBuf), Box<dyn Error>> {
        let to = out.join(format!("{name}.wasm"));
        fs::copy(from, &to)?;
        Ok((name, to))
    };
    names.into_iter().zip(built).map(module).collect()
}
