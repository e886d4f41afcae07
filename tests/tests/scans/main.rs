//! Scans by the command, from servers that the test starts on loopback to what a person is told: by nmap, and without it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod fixture;
mod lab;
mod login;
