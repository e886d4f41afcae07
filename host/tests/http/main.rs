//! The HTTP server, as strangers and senders meet it: over real connections, with the whole server behind it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod fixture;
mod health;
mod hostile;
mod ingest;
mod raw;
mod slow;
mod tokens;
