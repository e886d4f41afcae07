//! The server for real.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod changing;
mod crash;
mod descriptors;
mod findings;
mod following;
mod hosts;
mod scanning;
mod tenants;
