//! The process in which a server compiles what is pushed, with the kernel's limits: `tripline pack-compile`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio, id};

/// Its exit code when the compiler refuses the module.
pub(crate) const REFUSED: i32 = 2;

/// Compiles a module there; its exit code.
///
/// # Errors
/// It did not end by itself, or could not be begun.
pub(crate) fn compile(program: &Path, wasm: &[u8]) -> Result<i32, String> {
    let mut command = Command::new(program);
    // As `CompileLimits` has them; nothing is kept.
    command.args(["pack-compile", "--parent", &id().to_string(), "--cpu", "30", "--memory", "2147483648"]);
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // It may end before it has read all.
        let _ = input.write_all(wasm);
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    status.code().ok_or_else(|| status.to_string())
}
