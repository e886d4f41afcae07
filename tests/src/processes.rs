use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a test waits for what must come: a machine that is busy is no fault, and what never comes still fails.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Processes whose command line has all of these words. Whoever asks for words of its own finds its own.
pub fn processes(words: &[&str]) -> Vec<u32> {
    let names = fs::read_dir("/proc")
        .expect("processes")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let has_all = |id: &u32| {
        // One that has ended, and nobody has asked how, has no command line.
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        words.iter().all(|word| line.contains(word))
    };
    names.filter_map(|name| name.parse().ok()).filter(has_all).collect()
}

/// Waits until something is found, and not for ever.
#[track_caller]
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "{what}");
        sleep(Duration::from_millis(50));
    }
}
