//! How far a check is, on the terminal of whoever waits.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter checks show nothing.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// A bar on standard error.
pub struct Progress {
    /// Bytes to read in all; `None`: nobody knows.
    total: Option<u64>,
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar that appears when the check turns out to take time.
    pub fn new(total: Option<u64>) -> Progress {
        Progress { total, started: Instant::now(), bar: None }
    }

    /// So many bytes have been read in all.
    pub fn read(&mut self, bytes: u64) {
        if self.bar.is_none() && self.started.elapsed() >= PATIENCE {
            self.bar = Some(bar(self.total));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        }
    }

    /// Leaves the terminal as it was.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
    let template = match total {
        Some(_) => {
            "{bar:30} {percent:>3} %  {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left"
        }
        None => "{spinner} {decimal_bytes} read  {decimal_bytes_per_sec}",
    };
    // A template that does not parse costs the looks, never the check.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("━╸─"));
    bar
}
