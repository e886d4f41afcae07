use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// A sample pack of `tests/packs`, built as a third party builds one, in a folder of the test's; its module.
pub fn sample_pack(name: &str, target: &Path) -> PathBuf {
    let target = target.join(name);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root().join("tests/packs").join(name));
    cargo.args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-unknown-unknown"]);
    cargo.arg("--target-dir").arg(&target);
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(flags);
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let module = format!("tripline_pack_{}.wasm", name.replace('-', "_"));
    target.join("wasm32-unknown-unknown/release").join(module)
}
