//! The real program, a real mail server, and the mailbox behind it: what a person finds there.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod exim;
mod person;
mod postfix;
mod reading;
mod relay;
mod sending;
mod syntax;
