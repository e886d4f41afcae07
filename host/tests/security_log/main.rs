//! security.log: each record once and in order, whatever happens in between; and what was tampered with shows.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod fixture;
mod rotating;
mod tampering;
mod writing;
