//! What no program can help: it is killed, the disk is full, somebody else holds the database, the power goes, the
//! database is old. Whatever happens, the same command goes on, and the end is that of a day without any of it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod disk;
mod fixture;
mod killed;
mod locked;
mod old;
mod power;
mod together;
