use std::io::{IsTerminal, Write, stderr};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::Failure;

/// What shells make of SIGINT.
const INTERRUPTED: i32 = 130;

/// A flag that Ctrl-C sets, or a request to end, of what ends at once and has nothing to say about it.
pub(super) fn quietly() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if set.swap(true, Relaxed) {
            process::exit(INTERRUPTED);
        }
    })
    .map_err(|error| Failure::new(format!("cannot wait for Ctrl-C: {error}")))?;
    Ok(stop)
}

/// A flag that Ctrl-C (or a request to end) sets; the second one ends the program at once.
pub(super) fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    let interrupted = move || {
        if set.swap(true, Relaxed) {
            process::exit(INTERRUPTED);
        }
        let mut err = stderr();
        if err.is_terminal() {
            let _ = writeln!(err, "\rstopping; Ctrl-C again ends at once");
        }
    };
    ctrlc::set_handler(interrupted)
        .map_err(|error| Failure::new(format!("cannot wait for Ctrl-C: {error}")))?;
    Ok(stop)
}
