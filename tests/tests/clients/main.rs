//! Programs that everybody has, against the server for real: `logger`, `rsyslogd`, `logrotate` and `curl`. What they send
//! or write counts, each once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod acknowledged;
mod logger;
mod rotated;
mod rsyslog;
mod server;
mod shipping;
mod tools;
