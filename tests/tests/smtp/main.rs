//! Mails over real sockets, to a server that fails at each step in each way.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod arriving;
mod commands;
#[allow(dead_code, reason = "the store's tests use the rest")]
#[path = "../../../host/tests/store/fixture.rs"]
mod fixture;
mod hanging;
mod mail;
mod steps;
mod tls;
mod wire;
