//! The routes: a file each, which has its shapes and shows nothing but its `routes()`.

mod acts;
mod exceptions;
mod export;
mod incidents;
mod ingest;
mod live;
mod metrics;
mod notices;
mod numbered;
mod openapi;
mod otlp;
mod packs;
#[cfg(feature = "playground")]
pub(super) mod playground;
mod recipients;
mod reports;
mod scan_files;
mod scan_schedules;
mod scan_stream;
mod scans;
mod signers;
mod silences;
mod sources;
mod stream;
mod tenants;
mod tokens;
mod usage;
mod which;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::document::{self, Api};
use super::observed::observe;
use super::problem::Problem;
use super::shared::Shared;

pub(crate) use self::packs::SIGNATURE;

/// A file's routes.
pub(super) type Routes = OpenApiRouter<Arc<Shared>>;

/// All of them, with what is around every request.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let all = [
        live::routes(),
        ingest::routes(),
        otlp::routes(),
        metrics::routes(),
        incidents::routes(),
        reports::routes(),
        acts::routes(),
        stream::routes(),
        export::routes(),
        notices::routes(),
        silences::routes(),
        exceptions::routes(),
        sources::routes(),
        packs::routes(),
        usage::routes(),
        scans::routes(),
        scan_schedules::routes(),
        scan_files::routes(),
        scan_stream::routes(),
        tokens::routes(),
        tenants::routes(),
        signers::routes(),
        recipients::routes(),
    ];
    let routes = all.into_iter().fold(OpenApiRouter::with_openapi(Api::openapi()), OpenApiRouter::merge);
    let (router, mut document) = routes.split_for_parts();
    document::complete(&mut document);
    #[cfg(feature = "playground")]
    let router = router.merge(playground::routes("/playground", Arc::new(crate::playground::page().clone())));
    router
        .merge(openapi::routes(document))
        .fallback(|| async { Problem::unknown("there is nothing at this path") })
        .layer(from_fn_with_state(Arc::clone(shared), observe))
        .with_state(Arc::clone(shared))
}

/// No incident of the caller's tenant has this number; whether another tenant's has, nobody learns.
fn no_incident(id: i64) -> Problem {
    Problem::unknown(format!("there is no incident {id}"))
}
