//! Where lines come from.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Reader};
use super::super::json::Json;
use super::super::shared::Shared;
use super::Routes;
use crate::http::shapes::SourceShape;
use crate::report::listed;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(sources))
}

/// Sources, by their names.
#[derive(ToSchema)]
#[schema(as = Sources)]
#[allow(dead_code, reason = "a shape for the document")]
struct SourcesShape {
    sources: Vec<SourceShape>,
}

/// What each source of the tenant has brought since the server began.
#[utoipa::path(
    get,
    operation_id = "list_sources",
    path = "/api/v1/sources",
    tag = "server",
    security(("token" = ["reader"])),
    responses((status = 200, body = SourcesShape))
)]
async fn sources(caller: Caller<Reader>, State(shared): State<Arc<Shared>>) -> Json<Value> {
    let sources = shared.health.sources(Some(caller.tenant()));
    Json(json!({ "sources": sources.iter().map(listed::source).collect::<Vec<_>>() }))
}
