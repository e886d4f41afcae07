//! Compiles what runs as WebAssembly, so that an ordinary `cargo build` embeds it: the packs of `guest/packs`, and the
//! playground for browsers with all that its page needs.

mod guest;
mod packs;
#[cfg(feature = "playground")]
mod playground;

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use self::guest::Guests;

fn main() {
    println!("cargo::rerun-if-changed=build");
    if let Err(error) = run() {
        println!("cargo::error={error}");
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut modules = Vec::new();
    if env::var_os("CARGO_FEATURE_BUILTIN_PACKS").is_some() {
        let guests = Guests::new(&out)?;
        modules = packs::build(&guests, &out)?;
        #[cfg(feature = "playground")]
        fs::write(out.join("playground.rs"), files(&playground::build(&guests, &modules, &out)?)?)?;
    }
    fs::write(out.join("builtin.rs"), files(&modules)?)?;
    Ok(())
}

/// Names and bytes of files, as a part of the program.
fn files(files: &[(String, PathBuf)]) -> Result<String, Box<dyn Error>> {
    let mut code = String::from("pub(super) const FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        writeln!(code, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    code.push_str("];\n");
    Ok(code)
}
