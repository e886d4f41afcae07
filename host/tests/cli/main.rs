//! The program as its users meet it: arguments in, texts and exit codes out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod fixture;
mod interrupt;
mod pipe;
mod progress;
mod remote;
mod timers;
mod transcripts;
mod why;
