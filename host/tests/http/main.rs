//! The HTTP server, as strangers and senders meet it: over real connections, with the whole server behind it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod api;
mod api_acts;
mod api_document;
mod api_export;
mod api_lists;
mod api_matrix;
mod api_recipients;
mod api_scans;
mod api_stream;
mod api_tenants;
mod api_tokens;
mod fixture;
mod health;
mod hostile;
mod ingest;
#[cfg(feature = "playground")]
#[path = "../../../tests/hostile/load.rs"]
mod load;
mod packs;
mod playground;
mod quotas;
mod raw;
mod signed;
mod slow;
mod tls;
mod tokens;
mod top;
mod usage;
