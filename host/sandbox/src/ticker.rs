use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// How often a running guest is looked at; a limit of time is passed by this much at most.
pub(crate) const TICK: Duration = Duration::from_millis(5);
/// Ticks without a call after which the ticker sleeps until there is one.
const IDLE_TICKS: u32 = 20;

/// A thread that moves the engine's epoch while guests run, and sleeps while none does.
///
/// Whoever can make a call owns a share of it, so that no guest runs without a deadline. The last owner's drop stops
/// and joins it.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    engine: Engine,
    ticks: AtomicU64,
    calls: AtomicUsize,
    asleep: AtomicBool,
    stop: AtomicBool,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> io::Result<Ticker> {
        let shared = Arc::new(Shared {
            engine: engine.clone(),
            ticks: AtomicU64::new(0),
            calls: AtomicUsize::new(0),
            asleep: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let tick = Arc::clone(&shared);
        let thread = thread::Builder::new().name("sandbox ticker".into()).spawn(move || tick.run())?;
        Ok(Ticker { shared, thread: Some(thread) })
    }

    /// Ticks so far. They stand still while the process does, and while nothing runs.
    pub(crate) fn ticks(&self) -> u64 {
        self.shared.ticks.load(SeqCst)
    }

    /// Keeps the ticker awake for as long as the answer lives.
    pub(crate) fn call(&self) -> Call<'_> {
        self.shared.calls.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
        Call(&self.shared.calls)
    }
}

/// A call that is going on.
pub(crate) struct Call<'a>(&'a AtomicUsize);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Shared {
    fn run(&self) {
        let mut idle = 0;
        while !self.stop.load(SeqCst) {
            if idle < IDLE_TICKS {
                thread::park_timeout(TICK);
            } else {
                // First `asleep`, then another look at `calls`; a caller does the opposite. One of the two sees it.
                self.asleep.store(true, SeqCst);
                if self.calls.load(SeqCst) == 0 && !self.stop.load(SeqCst) {
                    thread::park();
                }
                self.asleep.store(false, SeqCst);
            }
            idle = if self.calls.load(SeqCst) == 0 { idle + 1 } else { 0 };
            self.ticks.fetch_add(1, SeqCst);
            self.engine.increment_epoch();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has no way to panic, and a drop has no way to say so.
            let _ = thread.join();
        }
    }
}
