//! Scans that are made again and again: how they stand, and one of them now.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Analyst, Caller, Reader};
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::Routes;
use super::scans::begun;
use crate::http::shapes::{ScanShape, ScheduleShape};
use crate::report::scans;
use crate::scans::{ScanName, ScheduleStore};

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(schedules)).routes(routes!(run))
}

/// Schedules, as they are configured.
#[derive(ToSchema)]
#[schema(as = ScanSchedules)]
#[allow(dead_code, reason = "a shape for the document")]
struct SchedulesShape {
    schedules: Vec<ScheduleShape>,
}

/// The tenant's scans that are made again and again, and how they stand.
#[utoipa::path(
    get,
    operation_id = "list_scan_schedules",
    path = "/api/v1/scans/schedules",
    tag = "scans",
    security(("token" = ["reader"])),
    responses((status = 200, body = SchedulesShape))
)]
async fn schedules(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Value>, Problem> {
    let (tenant, plan, now) = (caller.tenant().clone(), shared.scans.plan(), shared.clock.now());
    let standing = shared.read(move |database| {
        let own = plan.settings.schedules.iter().filter(|one| one.tenant == tenant);
        let stands = own.map(|one| {
            let standing = database.stands(&tenant, &one.request.name)?.unwrap_or_default();
            Ok(scans::schedule(one, &standing, now))
        });
        stands.collect::<Result<Vec<_>, _>>()
    });
    Ok(Json(json!({ "schedules": standing.await? })))
}

/// Makes the scan of a schedule now, whether or not it is due. The answer comes when it has begun.
#[utoipa::path(
    post,
    operation_id = "run_scan_schedule",
    path = "/api/v1/scans/schedules/{name}/run",
    tag = "scans",
    params(("name" = String, Path, description = "what the schedule is called")),
    security(("token" = ["analyst"])),
    responses(
        (status = 202, description = "it has begun", body = ScanShape),
        (status = 409, description = "one of this name is underway, or the tenant's quota does not allow it"),
        (status = 422, description = "it cannot be, or may not be scanned"),
        (status = 429, description = "as many as may be are underway")
    )
)]
async fn run(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let none = || Problem::unknown("the tenant has no schedule of this name");
    let name = ScanName::new(&name).ok_or_else(none)?;
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let of = tenant.clone();
    let number = shared.begin(move |scans| scans.start_schedule(of, actor, name)).await?;
    begun(&shared, &tenant, number).await
}
