use std::io::{IsTerminal, Write, stderr};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Failure;
use super::exit::Exit;
use crate::serve::Control;

/// What shells make of SIGINT.
const INTERRUPTED: i32 = 130;
/// How long a server may take to judge, commit and tell what it has read. What it has not committed by then is read
/// again by the next, or sent again.
pub(super) const GRACE: Duration = Duration::from_secs(30);

/// How long the end waits for whoever reads what is said.
const HEARD: Duration = Duration::from_secs(1);

/// Says something on a thread of its own, since nobody may read it; what is received tells that it was said.
fn say(words: String) -> Receiver<()> {
    let (sender, said) = bounded(1);
    thread::spawn(move || {
        let _ = writeln!(stderr(), "{words}");
        let _ = sender.send(());
    });
    said
}

/// Stops the server at the first signal that asks for it; the second, or too long a wait, ends the program at once.
/// SIGHUP is passed on. What is to be done before the server stops is done then.
pub(super) fn obey(
    control: &Arc<Control>,
    hung_up: Sender<()>,
    before: impl FnOnce() + Send + 'static,
) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    let control = Arc::clone(control);
    let mut before = Some(before);
    thread::spawn(move || {
        for signal in signals.forever() {
            if signal == SIGHUP {
                // One that waits already is the same.
                let _ = hung_up.try_send(());
                continue;
            }
            let Some(before) = before.take() else {
                process::exit(INTERRUPTED);
            };
            if stderr().is_terminal() {
                say("\rstopping; Ctrl-C again ends at once".into());
            }
            let control = Arc::clone(&control);
            thread::spawn(move || {
                before();
                control.stop();
            });
            thread::spawn(|| {
                thread::sleep(GRACE);
                let seconds = GRACE.as_secs();
                let said =
                    say(format!("error: expected to end within {seconds} seconds; what waits is read again"));
                let _ = said.recv_timeout(HEARD);
                process::exit(Exit::Incomplete as i32);
            });
        }
    });
    Ok(())
}
