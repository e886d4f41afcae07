//! Scans: what is read, what is compared, and what a real scanner sees of servers that the test starts on loopback.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod asked;
mod command;
mod connecting;
mod fixture;
mod reading;
mod real;
mod servers;
mod stored;
