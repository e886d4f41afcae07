//! Cargo inside of cargo: with a target folder of its own (no lock is shared) and without the outer build's flags, which
//! are for another machine.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds crates of the workspace as WebAssembly.
pub(crate) struct Guests {
    /// The workspace.
    pub(crate) root: PathBuf,
    target: PathBuf,
}

impl Guests {
    pub(crate) fn new(out: &Path) -> Result<Guests, Box<dyn Error>> {
        let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
        let root = root.join("..").canonicalize()?;
        println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
        has_target()?;
        // OUT_DIR is <target>/<profile>/build/<package>/out: one folder for the guests of all profiles.
        let target = out.ancestors().nth(4).unwrap_or(out).join("packs");
        Ok(Guests { root, target })
    }

    /// Builds these packages in this profile; answers where their modules are.
    pub(crate) fn build(&self, profile: &str, packages: &[String]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&self.root)
            .args(["build", "--profile", profile, "--target", TARGET, "--target-dir"])
            .arg(&self.target);
        for package in packages {
            cargo.args(["-p", package]);
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
            if outer.contains(&&*name)
                || name.starts_with("CARGO_PROFILE_")
                || name.starts_with("CARGO_FEATURE_")
            {
                cargo.env_remove(&key);
            }
        }
        let output = cargo.output()?;
        if !output.status.success() {
            return Err(format!("{} does not build:{}", packages.join(", "), indented(&output.stderr)).into());
        }
        let folder = self.target.join(TARGET).join(profile);
        let module = |package: &String| folder.join(format!("{}.wasm", package.replace('-', "_")));
        Ok(packages.iter().map(module).collect())
    }
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
