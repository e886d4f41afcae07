//! The server for real.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod alike;
mod changing;
mod confirmed;
mod crash;
mod descriptors;
mod findings;
mod following;
mod hosts;
mod large;
#[path = "../../hostile/load.rs"]
mod load;
mod memory;
mod own;
mod pushed;
mod renamed;
mod scanning;
mod signed;
mod tenants;
mod unread;
