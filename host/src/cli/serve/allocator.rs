//! Memory that a burst took goes back to the system.

/// Bytes from which on each piece is a mapping of its own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED: libc::c_int = 256 * 1024;

/// glibc takes large pieces from its heaps once it has seen such, up to 32 MiB each, and keeps what it had at most for each
/// thread: a server that was once sent large bodies would hold three times as much for ever. A threshold that is set stays.
#[allow(unsafe_code, reason = "one call, which no crate wraps")]
pub(super) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // The operator's own setting counts.
    if std::env::var_os("MALLOC_MMAP_THRESHOLD_").is_none() {
        // SAFETY: it takes two numbers and locks what it changes; what was given out before is not touched.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
        }
    }
}
