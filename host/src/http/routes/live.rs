//! Whether it lives, and whether it takes lines: for those who watch it, without a token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::json::Json;
use super::super::shared::Shared;
use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(livez)).routes(routes!(readyz))
}

/// It lives.
#[derive(Serialize, ToSchema)]
struct Live {
    live: bool,
}

/// Whether it is ready.
#[derive(Serialize, ToSchema)]
struct Readiness {
    ready: bool,
    /// Why it is not.
    reasons: Vec<Why>,
}

/// Why it is not ready.
#[derive(Serialize, ToSchema)]
struct Why {
    /// A word that stays.
    #[schema(example = "store")]
    code: &'static str,
    /// For a person; its words may change.
    detail: &'static str,
}

/// Whether the server answers at all.
#[utoipa::path(get, path = "/livez", tag = "health", security(()), responses((status = 200, body = Live)))]
async fn livez() -> Json<Live> {
    Json(Live { live: true })
}

/// Whether lines that come now are taken, kept and told.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    security(()),
    responses((status = 200, body = Readiness), (status = 503, description = "it is not", body = Readiness))
)]
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let reasons = shared.health.ready().err().unwrap_or_default();
    let why = reasons.iter().map(|reason| Why { code: reason.code(), detail: reason.sentence() });
    let readiness = Readiness { ready: reasons.is_empty(), reasons: why.collect() };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}
