//! Where lines come from, and what the packs cost.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Operator, Reader};
use super::super::json::Json;
use super::super::shared::Shared;
use super::Routes;
use crate::http::shapes::{PackShape, SourceShape};
use crate::report::listed;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(sources)).routes(routes!(packs))
}

/// Sources, by their names.
#[derive(ToSchema)]
#[schema(as = Sources)]
#[allow(dead_code, reason = "a shape for the document")]
struct SourcesShape {
    sources: Vec<SourceShape>,
}

/// Packs, in the order in which they were given.
#[derive(ToSchema)]
#[schema(as = Packs)]
#[allow(dead_code, reason = "a shape for the document")]
struct PacksShape {
    packs: Vec<PackShape>,
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

/// What the packs have cost since the server began, for all tenants together.
#[utoipa::path(
    get,
    operation_id = "list_packs",
    path = "/api/v1/packs",
    tag = "server",
    security(("token" = ["operator"])),
    responses((status = 200, body = PacksShape))
)]
async fn packs(_: Caller<Operator>, State(shared): State<Arc<Shared>>) -> Json<Value> {
    let packs = shared.health.all_packs();
    Json(json!({ "packs": packs.iter().map(listed::pack).collect::<Vec<_>>() }))
}
