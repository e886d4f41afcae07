use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where lines come from, and what it has brought since the server began.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct SourceShape {
    #[schema(example = "source")]
    r#type: String,
    /// What it is called.
    name: String,
    /// How its lines come: `file`, `http`, `syslog`, `scan` or `program`.
    kind: String,
    /// Lines that were read.
    lines: u64,
    /// Bytes that were read.
    bytes: u64,
    /// Bytes that are there and were not read yet; null: nobody knows.
    #[schema(required)]
    lag_bytes: Option<u64>,
    /// When something was read last.
    #[schema(format = DateTime, required)]
    last: Option<String>,
}
