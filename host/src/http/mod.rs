//! HTTP: lines in, incidents out. The one door to axum and hyper.
//!
//! ```text
//!   accepting ─► connection ─► observed ──────► routes ─┬─► ingest ─► intake ─► (committed) ─► 200
//!   slots, per   TLS, header   request id,      caller, ├─► what people read and do ─► store
//!   address      limits        deadline,        body    └─► livez, readyz, metrics, openapi.json
//!                              problem, figures
//! ```
//!
//! It has its own runtime on its own threads: judging never runs here, and what asks the database waits on threads of
//! its own, of which there is a bounded number. Whatever a stranger sends is bounded in bytes, time and count by
//! [`HttpLimits`]; what is wrong with it is told as a problem (RFC 9457) that says nothing of paths, SQL or other tenants.

mod accepting;
mod accounted;
mod addresses;
mod body;
mod caller;
mod connection;
mod cursor;
mod document;
mod error;
mod events;
mod exposition;
mod figures;
mod given;
mod guesses;
mod json;
mod kept;
mod limits;
mod observed;
mod path;
#[cfg(feature = "playground")]
mod playground;
mod problem;
mod proxies;
mod query;
mod refusals;
mod request_id;
mod room;
mod routes;
mod server;
pub(crate) mod shapes;
mod shared;
mod sign_ins;
mod slots;
mod sources;
mod streams;
mod tls;
mod unpacking;
mod version;

pub(crate) use self::caller::TENANT;
pub use self::error::HttpError;
pub use self::limits::HttpLimits;
#[cfg(feature = "playground")]
pub use self::playground::{PlaygroundServer, start_playground};
pub(crate) use self::routes::SIGNATURE;
pub use self::server::{HttpOptions, HttpServer, start};
pub use self::sources::HttpSources;
pub use self::tls::Certificate;
