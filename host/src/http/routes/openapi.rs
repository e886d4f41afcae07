//! The document of all routes, for whoever runs the server.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::openapi::OpenApi;

use super::super::caller::{Caller, Operator};
use super::super::shared::Shared;

/// It stands in no document: it would have to stand in itself.
pub(super) fn routes(document: OpenApi) -> Router<Arc<Shared>> {
    // A document that cannot be written is empty, and a test looks at it.
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    let answer = async move |_: Caller<Operator>| {
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document.clone())
    };
    Router::new().route("/api/v1/openapi.json", get(answer))
}
