//! Figures for whoever runs the server, as OpenMetrics has them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use utoipa_axum::routes;

use super::super::accounted::Accounted;
use super::super::caller::{Caller, Operator};
use super::super::exposition::Exposition;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::Routes;
use crate::serve::Quotas;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(metrics))
}

/// Figures as OpenMetrics text. Sources, incidents and notices are those of the token's tenant; packs, what each tenant uses, the
/// database and HTTP are the installation's.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    security(("token" = ["operator"])),
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
async fn metrics(State(shared): State<Arc<Shared>>, caller: Caller<Operator>) -> Result<Response, Problem> {
    let tenant = caller.tenant().clone();
    let sources = shared.health.sources(Some(&tenant));
    let lost = shared.health.all_lost().into_iter();
    let lost =
        lost.filter(|(whose, ..)| *whose == tenant).map(|(_, source, count)| (source, count)).collect();
    let read = shared.read(move |database| {
        Ok((database.standing(&tenant)?, database.commit_times(), database.over_quota()?))
    });
    let (standing, commits, over) = read.await?;
    let mut quotas = shared.intake.quotas().map(Quotas::all).unwrap_or_default();
    for (tenant, kind, is_over, _) in &mut quotas {
        *is_over |= over.iter().any(|(of, one)| of == tenant && one == kind);
    }
    let usage = shared.usage(None).await?;
    let exposition = Exposition {
        ready: shared.health.ready().is_ok(),
        now: shared.clock.now(),
        barrier: shared.health.last_barrier(),
        sources,
        lost,
        packs: shared.health.accounts().packs(),
        accounted: Accounted::new(&usage),
        standing,
        commits,
        quotas,
        held: shared.room.held(),
    };
    let mut registry = Registry::with_prefix("tripline");
    registry.register_collector(Box::new(exposition));
    shared.figures.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text).into_response())
}
