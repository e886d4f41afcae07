//! The server for real.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod changing;
mod crash;
mod descriptors;
mod findings;
mod following;
mod large;
mod own;
mod renamed;
mod scanning;
mod tenants;
mod unread;
