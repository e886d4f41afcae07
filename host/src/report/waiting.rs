//! What a command is at, on the terminal of whoever waits for it.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::PATIENCE;
use super::visible;

/// Between two looks at how far it is.
const TICK: Duration = Duration::from_millis(100);

/// A line on standard error that appears when something turns out to take time; dropped, it is gone.
///
/// A thread of its own draws it: what takes time is often one call, as into the database.
pub struct Waiting {
    far: Arc<Mutex<Far>>,
    /// Closed, the drawing ends.
    ended: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

/// How far it is.
#[derive(Debug, Default)]
struct Far {
    doing: String,
    done: u64,
    /// 0: nobody knows.
    all: u64,
    /// Whether it is begun once and goes on: what is left can be told from what is done.
    steady: bool,
}

impl Waiting {
    /// Says that this is done, like `checking t.db`; nobody is told, unless it is shown.
    pub fn new(shown: bool, doing: String) -> Waiting {
        let far = Arc::new(Mutex::new(Far { doing, steady: true, ..Far::default() }));
        let mut waiting = Waiting { far: Arc::clone(&far), ended: None, drawing: None };
        if shown {
            let (sender, ended) = bounded(0);
            // Without the thread, nothing is shown; the work goes on.
            waiting.drawing = thread::Builder::new().spawn(move || draw(&far, &ended)).ok();
            waiting.ended = Some(sender);
        }
        waiting
    }

    /// Says what is done now, and how much of all; of 0, if nobody knows.
    pub fn at(&self, doing: String, done: u64, all: u64) {
        let steady = locked(&self.far).steady;
        *locked(&self.far) = Far { doing, done, all, steady };
    }

    /// What is done is one thing after the other: how long it takes yet says whoever does it, or nobody.
    pub fn in_parts(self) -> Waiting {
        locked(&self.far).steady = false;
        self
    }

    /// The file; what is read of it counts.
    pub fn reading(&self, file: File) -> io::Result<impl Read + use<>> {
        let about = file.metadata()?;
        locked(&self.far).all += if about.is_file() { about.len() } else { 0 };
        Ok(Counted { file, far: Arc::clone(&self.far) })
    }
}

fn locked(far: &Mutex<Far>) -> MutexGuard<'_, Far> {
    far.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.ended = None;
        if let Some(drawing) = self.drawing.take() {
            // It has drawn, or not; nothing depends on it.
            let _ = drawing.join();
        }
    }
}

struct Counted {
    file: File,
    far: Arc<Mutex<Far>>,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        locked(&self.far).done += read as u64;
        Ok(read)
    }
}

fn draw(far: &Mutex<Far>, ended: &Receiver<()>) {
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        let Far { doing, done, all, steady } = &*locked(far);
        let template = match all {
            0 => "{spinner} {elapsed}  {wide_msg}",
            _ if !steady => "{bar:30} {percent:>3} %  {elapsed}  {wide_msg}",
            _ => "{bar:30} {percent:>3} %  {eta} left  {wide_msg}",
        };
        // A template that does not parse costs the looks, never the work.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("━╸─"));
        if *all > 0 {
            bar.set_length(*all);
        }
        bar.set_position(*done);
        bar.set_message(visible(doing));
        bar.tick();
    }
    bar.finish_and_clear();
}
