//! Scans: what is read, what is compared, and what a real scanner sees of servers that the test starts on loopback.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod asked;
mod command;
mod compared;
mod connecting;
mod files;
mod fixture;
mod hostile;
mod injected;
mod judged;
mod large;
mod quotas;
mod reading;
mod real;
mod remembered;
mod servers;
mod shown;
mod stored;
