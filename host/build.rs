//! Compiles `guest/packs` to WebAssembly, so that an ordinary `cargo build` embeds the built-in packs.
//!
//! Cargo runs inside of cargo here: with a target folder of its own (no lock is shared) and without the outer
//! build's flags, which are for another machine.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = run() {
        println!("cargo::error={error}");
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut modules = Vec::new();
    if env::var_os("CARGO_FEATURE_BUILTIN_PACKS").is_some() {
        modules = build(&out)?;
    }
    let mut code = String::from("pub(super) const MODULES: &[(&str, &[u8])] = &[\n");
    for (name, path) in modules {
        writeln!(code, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    code.push_str("];\n");
    fs::write(out.join("builtin.rs"), code)?;
    Ok(())
}

fn build(out: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    let root = root.join("..").canonicalize()?;
    let packs = root.join("guest/packs");
    for folder in [&packs, &root.join("rules-sdk")] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    let mut names: Vec<String> = fs::read_dir(&packs)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .collect();
    names.sort();
    has_target()?;
    // OUT_DIR is <target>/<profile>/build/<package>/out: one folder for the packs of all profiles.
    let target = out.ancestors().nth(4).unwrap_or(out).join("packs");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&root)
        .args(["build", "--profile", "pack", "--target", TARGET, "--target-dir"])
        .arg(&target);
    for name in &names {
        cargo.args(["-p", &package(name)]);
    }
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        let outer = [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTDOCFLAGS",
        ];
        if outer.contains(&&*name) || name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_FEATURE_")
        {
            cargo.env_remove(&key);
        }
    }
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(format!("the packs do not build:{}", indented(&output.stderr)).into());
    }
    let module = |name: String| -> Result<(String, PathBuf), Box<dyn Error>> {
        let file = format!("{}.wasm", package(&name).replace('-', "_"));
        let to = out.join(format!("{name}.wasm"));
        fs::copy(target.join(TARGET).join("pack").join(file), &to)?;
        Ok((name, to))
    };
    names.into_iter().map(module).collect()
}

fn package(name: &str) -> String {
    format!("tripline-pack-{name}")
}

fn has_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    match Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        true => Ok(()),
        false => {
            Err(format!("the built-in packs need the {TARGET} target; run: rustup target add {TARGET}")
                .into())
        }
    }
}

/// A `cargo::error` is one line; this keeps the lines of another program readable in it.
fn indented(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr).lines().map(|line| format!(" | {line}")).collect()
}
