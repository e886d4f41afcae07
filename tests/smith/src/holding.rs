//! What this process holds, and whether it still goes on.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::exit;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::HANG;

/// Memory, its maps, descriptors and threads.
pub(crate) struct Held {
    memory: u64,
    maps: usize,
    descriptors: usize,
    threads: usize,
}

impl Held {
    pub(crate) fn now() -> Held {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        let count = |path: &str| fs::read_dir(path).map_or(0, Iterator::count);
        Held {
            memory: kilobytes.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) << 10,
            maps: fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().count(),
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }

    /// What is more than it was by more than it may be.
    pub(crate) fn grown(&self, before: &Held, bytes: u64) -> Option<String> {
        let grown = self.memory > before.memory + bytes
            || self.maps > before.maps + 200
            || self.descriptors > before.descriptors
            || self.threads > before.threads;
        grown.then(|| format!("{before} became {self}"))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { memory, maps, descriptors, threads } = self;
        write!(f, "{} MiB, {maps} maps, {descriptors} descriptors, {threads} threads", memory >> 20)
    }
}

/// Ends the program when a module hangs; and the number of the one that is underway is in a file, whatever becomes of us.
pub(crate) struct Watch {
    last: Option<File>,
    seed: Arc<AtomicU64>,
    begun: Arc<Mutex<Option<Instant>>>,
}

impl Watch {
    pub(crate) fn start(last: &Path) -> Watch {
        let file = File::create(last).inspect_err(|error| eprintln!("smith: {}: {error}", last.display()));
        let watch = Watch { last: file.ok(), seed: Arc::default(), begun: Arc::default() };
        let (seed, begun) = (Arc::clone(&watch.seed), Arc::clone(&watch.begun));
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(1));
                let begun = *begun.lock().unwrap_or_else(PoisonError::into_inner);
                if begun.is_some_and(|begun| begun.elapsed() > HANG) {
                    println!("FOUND seed {}: it hangs", seed.load(SeqCst));
                    exit(1);
                }
            }
        });
        watch
    }

    pub(crate) fn begin(&self, seed: u64) {
        self.seed.store(seed, SeqCst);
        if let Some(file) = &self.last {
            let _ = file.write_at(format!("{seed:020}\n").as_bytes(), 0);
        }
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(crate) fn end(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
