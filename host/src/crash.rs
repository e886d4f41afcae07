//! Named places where a test build can be made to die, so that tests see what a crash there leaves.

/// The variable that says where: `NAME`, or `NAME:N` for the N-th time it is reached.
pub const VARIABLE: &str = "TRIPLINE_CRASH";

/// Aborts if this is the place and the time. A release build has no such places.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let value = std::env::var(VARIABLE).ok()?;
        match value.split_once(':') {
            Some((name, count)) => Some((name.into(), count.parse().ok()?)),
            None => Some((value, 1)),
        }
    });
    if let Some((_, count)) = wanted.as_ref().filter(|(wanted, _)| wanted == name)
        && HITS.fetch_add(1, Relaxed) + 1 == *count
    {
        std::process::abort();
    }
}

/// A release build has no such places.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}
