//! Incidents: a page of them, and one with all that is known of it.

use std::sync::Arc;

use axum::extract::State as Shares;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Reader};
use super::super::cursor;
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::shared::Shared;
use super::super::version::etag;
use super::Routes;
use super::which::which;
use crate::http::shapes::IncidentShape;
use crate::report::listed;
use crate::report::stored_page::object;

/// Incidents of a page, if nothing is said …
const USUAL: u32 = 50;
/// … and at most: each may have a summary of some KiB.
const MOST: u32 = 200;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(show))
}

which! {
    /// Which incidents, and which page of them.
    struct Asked {
        /// At most so many.
        #[param(minimum = 1, maximum = 200, default = 50)]
        limit: Option<u32>,
        /// Where the page before ended: its `next`. What else is asked must be the same.
        #[param(max_length = 64)]
        cursor: Option<String>,
    }
}

/// A page of incidents, the latest change first.
#[derive(ToSchema)]
#[schema(as = Incidents)]
#[allow(dead_code, reason = "a shape for the document")]
struct IncidentsShape {
    incidents: Vec<IncidentShape>,
    /// What the next page's `cursor` is; null: this was the last.
    #[schema(required)]
    next: Option<String>,
}

/// Incidents, the latest change first.
#[utoipa::path(
    get,
    operation_id = "list_incidents",
    path = "/api/v1/incidents",
    tag = "incidents",
    params(Asked),
    security(("token" = ["reader"])),
    responses(
        (status = 200, body = IncidentsShape),
        (status = 404, description = "the cursor was not given for this list")
    )
)]
async fn list(
    caller: Caller<Reader>,
    Shares(shared): Shares<Arc<Shared>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let filter = asked.filter()?;
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid(format!("limit: expected 1 to {MOST}, found {limit}")));
    }
    let tenant = caller.tenant().clone();
    let none = || Problem::unknown("the cursor was not given for this list");
    let read = |text: &String| cursor::read(&tenant, &filter, text).ok_or_else(none);
    let after = asked.cursor.as_ref().map(read).transpose()?;
    let (of, by) = (tenant.clone(), filter.clone());
    let page = shared.read(move |database| database.page(&of, &by, after, limit)).await?;
    let incidents: Vec<_> = page.incidents.iter().map(|incident| object(incident, &[])).collect();
    let next = page.next.map(|next| cursor::write(&tenant, &filter, next));
    Ok(Json(json!({ "incidents": incidents, "next": next })).into_response())
}

/// An incident with its evidence and its timeline.
#[utoipa::path(
    get,
    operation_id = "show_incident",
    path = "/api/v1/incidents/{id}",
    tag = "incidents",
    params(("id" = i64, Path, description = "its number")),
    security(("token" = ["reader"])),
    responses((status = 200, body = IncidentShape, headers(("ETag" = String, description = "its version"))))
)]
async fn show(
    caller: Caller<Reader>,
    Shares(shared): Shares<Arc<Shared>>,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant().clone();
    let found = shared.read(move |database| {
        let Some(incident) = database.incident(&tenant, id)? else { return Ok(None) };
        let evidence = database.evidence(&tenant, id)?;
        Ok(Some((incident, evidence, database.timeline(&tenant, id)?)))
    });
    let (incident, evidence, timeline) = found.await?.ok_or_else(|| super::no_incident(id))?;
    let whole = listed::whole(&incident, &evidence, &timeline);
    Ok(([(ETAG, etag(incident.version))], Json(whole)).into_response())
}
