use std::io::{IsTerminal, Write, stderr};
use std::process;
use std::sync::Arc;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Failure;
use crate::serve::Control;

/// What shells make of SIGINT.
const INTERRUPTED: i32 = 130;

/// Stops the server at the first signal that asks for it; the second ends the program at once.
pub(super) fn obey(control: &Arc<Control>) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    let control = Arc::clone(control);
    thread::spawn(move || {
        for _ in signals.forever() {
            if control.is_stopping() {
                process::exit(INTERRUPTED);
            }
            let mut err = stderr();
            if err.is_terminal() {
                let _ = writeln!(err, "\rstopping; Ctrl-C again ends at once");
            }
            control.stop();
        }
    });
    Ok(())
}
