//! The routes: a file each, which has its shapes and shows nothing but its `routes()`.

mod ingest;
mod live;
mod openapi;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::document::{self, Api};
use super::observed::observe;
use super::problem::Problem;
use super::shared::Shared;

/// A file's routes.
pub(super) type Routes = OpenApiRouter<Arc<Shared>>;

/// All of them, with what is around every request.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let routes = OpenApiRouter::with_openapi(Api::openapi()).merge(live::routes()).merge(ingest::routes());
    let (router, mut document) = routes.split_for_parts();
    document::complete(&mut document);
    router
        .merge(openapi::routes(document))
        .fallback(|| async { Problem::unknown("there is nothing at this path") })
        .layer(from_fn_with_state(Arc::clone(shared), observe))
        .with_state(Arc::clone(shared))
}
