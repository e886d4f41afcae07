//! A server as a library: lines are brought, time is handed in, and what becomes of them is asked of the database.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod accounts;
mod canary;
mod delivering;
mod ending;
mod entries;
mod growing;
#[path = "../../../tests/hostile/load.rs"]
mod load;
mod probing;
mod quiet;
mod quotas;
mod reading;
mod remembering;
mod resting;
mod running;
mod scanning;
mod sharing;
