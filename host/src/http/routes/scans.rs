//! Scans: those that were made and what they found, one more, and an end to one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::super::caller::{Analyst, Caller, Reader};
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::shared::Shared;
use super::Routes;
use crate::commit::Tenant;
use crate::http::shapes::{FindingShape, IncidentShape, ScanShape};
use crate::report::scans;
use crate::report::stored_page::object;
use crate::scans::{Ports, Request, Run, ScanName, ScanStore, Script, Target};

/// Runs or incidents of a page, if nothing is said, and at most.
const RUNS: (u32, u32) = (50, 200);
/// Findings of a page, if nothing is said, and at most: each may have some KiB.
const FINDINGS: (u32, u32) = (200, 1_000);
/// Targets of one scan: what is more is a network.
const TARGETS: usize = 1_000;
/// Scripts of one scan.
const SCRIPTS: usize = 50;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, start))
        .routes(routes!(show))
        .routes(routes!(findings))
        .routes(routes!(incidents))
        .routes(routes!(cancel))
}

/// Which runs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Before this one.
    #[param(minimum = 1)]
    before: Option<u64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Runs, the latest first.
#[derive(ToSchema)]
#[schema(as = Scans)]
#[allow(dead_code, reason = "a shape for the document")]
struct ScansShape {
    scans: Vec<ScanShape>,
    /// What the next page's `before` is; null: this was the last.
    #[schema(required)]
    next: Option<u64>,
}

/// The scans of the tenant, the latest first.
#[utoipa::path(
    get,
    operation_id = "list_scans",
    path = "/api/v1/scans",
    tag = "scans",
    params(Which),
    security(("token" = ["reader"])),
    responses((status = 200, body = ScansShape))
)]
async fn list(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Query(Which { before, limit }): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let (limit, tenant) = (within(limit, RUNS)?, caller.tenant().clone());
    if let Some(before) = before {
        counted("before", before, 1)?;
    }
    let runs = shared.read(move |database| database.runs(&tenant, before, limit)).await?;
    let full = runs.len() as u64 >= u64::from(limit);
    let next = runs.last().filter(|_| full).map(|run| run.number);
    Ok(Json(json!({ "scans": runs.iter().map(scans::run).collect::<Vec<_>>(), "next": next })))
}

/// What is to be scanned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScan, example = json!({ "targets": ["192.0.2.0/24"], "ports": "22,80,443" }))]
struct New {
    /// What the scan is called: it is compared with the last one of this name. Missing: `adhoc`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]+$")]
    name: Option<String>,
    /// Addresses, networks and names of hosts.
    #[schema(min_items = 1, max_items = 1_000)]
    targets: Vec<String>,
    /// Which ports, by TCP: `22,80,8000-8100`.
    #[schema(max_length = 1_000, example = "22,80,443")]
    ports: String,
    /// Ask open ports what listens there.
    #[serde(default)]
    #[schema(required = false)]
    service: bool,
    /// Scripts of nmap to run.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    scripts: Vec<String>,
    /// Take each address for a host.
    #[serde(default)]
    #[schema(required = false)]
    every_address: bool,
}

impl New {
    fn checked(self) -> Result<Request, Problem> {
        if self.targets.is_empty() || self.targets.len() > TARGETS {
            return Err(Problem::invalid(format!("targets: expected 1 to {TARGETS}")));
        }
        if self.scripts.len() > SCRIPTS {
            return Err(Problem::invalid(format!("scripts: expected at most {SCRIPTS}")));
        }
        let name = self.name.as_deref().map_or(Ok(ScanName::default()), named)?;
        let target = |text: &String| {
            text.parse::<Target>().map_err(|error| Problem::invalid(format!("targets: {error}")))
        };
        let script = |text: &String| {
            text.parse::<Script>().map_err(|error| Problem::invalid(format!("scripts: {error}")))
        };
        Ok(Request {
            name,
            targets: self.targets.iter().map(target).collect::<Result<_, _>>()?,
            ports: self
                .ports
                .parse::<Ports>()
                .map_err(|error| Problem::invalid(format!("ports: {error}")))?,
            service: self.service,
            scripts: self.scripts.iter().map(script).collect::<Result<_, _>>()?,
            every_address: self.every_address,
        })
    }
}

/// Scans now, what the operator allows. The answer comes when it has begun.
#[utoipa::path(
    post,
    operation_id = "start_scan",
    path = "/api/v1/scans",
    tag = "scans",
    request_body = New,
    security(("token" = ["analyst"])),
    responses(
        (status = 202, description = "it has begun", body = ScanShape),
        (status = 409, description = "one of this name is underway, or the tenant's quota does not allow it"),
        (status = 422, description = "it cannot be, or may not be scanned"),
        (status = 429, description = "as many as may be are underway")
    )
)]
async fn start(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Json(new): Json<New>,
) -> Result<Response, Problem> {
    let request = new.checked()?;
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let of = tenant.clone();
    let number = shared.begin(move |scans| scans.start(of, actor, request)).await?;
    begun(&shared, &tenant, number).await
}

/// A scan, and how far it is.
#[utoipa::path(
    get,
    operation_id = "show_scan",
    path = "/api/v1/scans/{id}",
    tag = "scans",
    params(("id" = u64, Path, description = "its number")),
    security(("token" = ["reader"])),
    responses((status = 200, body = ScanShape))
)]
async fn show(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Path(run): Path<u64>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.tenant();
    let run = found(&shared, tenant, run).await?;
    Ok(Json(whole(&shared, tenant, &run)))
}

/// Which findings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only what is otherwise than in the scan before.
    #[serde(default)]
    #[param(required = false)]
    changes: bool,
    /// Behind the one with this number.
    #[serde(default)]
    #[param(required = false)]
    after: u64,
    /// At most so many.
    #[param(minimum = 1, maximum = 1_000, default = 200)]
    limit: Option<u32>,
}

/// Findings, as they were found.
#[derive(ToSchema)]
#[schema(as = Findings)]
#[allow(dead_code, reason = "a shape for the document")]
struct FindingsShape {
    findings: Vec<FindingShape>,
    /// What the next page's `after` is; null: this was the last.
    #[schema(required)]
    next: Option<u64>,
}

/// What a scan found.
#[utoipa::path(
    get,
    operation_id = "list_findings",
    path = "/api/v1/scans/{id}/findings",
    tag = "scans",
    params(("id" = u64, Path, description = "its number"), Asked),
    security(("token" = ["reader"])),
    responses((status = 200, body = FindingsShape))
)]
async fn findings(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Path(number): Path<u64>,
    Query(Asked { changes, after, limit }): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let (limit, tenant) = (within(limit, FINDINGS)?, caller.tenant().clone());
    counted("after", after, 0)?;
    found(&shared, &tenant, number).await?;
    // Asked and read in steps where it may take its time.
    let page = shared.read(move |database| {
        let (mut page, mut at) = (Vec::new(), after);
        loop {
            let lines = database.findings(&tenant, number, at, FINDINGS.1)?;
            for (number, line) in &lines {
                let Ok(finding) = serde_json::from_str::<Value>(line) else { continue };
                if page.len() == limit as usize && (!changes || scans::is_change(&finding)) {
                    return Ok((page, Some(at)));
                }
                at = *number;
                if !changes || scans::is_change(&finding) {
                    page.push(finding);
                }
            }
            if lines.len() < FINDINGS.1 as usize {
                return Ok((page, None));
            }
        }
    });
    let (page, next) = page.await?;
    Ok(Json(json!({ "findings": page, "next": next })))
}

/// Which incidents.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Behind {
    /// Behind the one with this number.
    #[serde(default)]
    #[param(required = false)]
    after: u64,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Incidents by their numbers.
#[derive(ToSchema)]
#[schema(as = ScanIncidents)]
#[allow(dead_code, reason = "a shape for the document")]
struct IncidentsShape {
    incidents: Vec<IncidentShape>,
    /// What the next page's `after` is; null: this was the last.
    #[schema(required)]
    next: Option<i64>,
}

/// The incidents that a scan's findings are evidence of; all of them once it is `judged`.
#[utoipa::path(
    get,
    operation_id = "list_scan_incidents",
    path = "/api/v1/scans/{id}/incidents",
    tag = "scans",
    params(("id" = u64, Path, description = "its number"), Behind),
    security(("token" = ["reader"])),
    responses((status = 200, body = IncidentsShape))
)]
async fn incidents(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Path(number): Path<u64>,
    Query(Behind { after, limit }): Query<Behind>,
) -> Result<Json<Value>, Problem> {
    let (limit, tenant) = (within(limit, RUNS)?, caller.tenant().clone());
    let after = counted("after", after, 0)?;
    let run = found(&shared, &tenant, number).await?;
    let found = shared.read(move |database| database.incidents_of_run(&tenant, &run, after, limit)).await?;
    let next = found.last().filter(|_| found.len() as u64 >= u64::from(limit)).map(|(one, _)| one.id);
    let incidents: Vec<_> = found.iter().map(|(one, evidence)| object(one, evidence)).collect();
    Ok(Json(json!({ "incidents": incidents, "next": next })))
}

/// Breaks a scan off. What it has found until then is kept.
#[utoipa::path(
    post,
    operation_id = "cancel_scan",
    path = "/api/v1/scans/{id}/cancel",
    tag = "scans",
    params(("id" = u64, Path, description = "its number")),
    security(("token" = ["analyst"])),
    responses(
        (status = 202, description = "it ends soon", body = ScanShape),
        (status = 409, description = "it has ended")
    )
)]
async fn cancel(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Path(number): Path<u64>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant().clone();
    found(&shared, &tenant, number).await?;
    let (of, actor) = (tenant.clone(), caller.actor());
    let asked = shared.write(move |database| database.cancel(&of, number, &actor)).await?;
    shared.scans.cancel(&tenant, number);
    let run = found(&shared, &tenant, number).await?;
    if !asked {
        return Err(Problem::conflict(format!("scan {number} has ended")));
    }
    Ok((StatusCode::ACCEPTED, Json(whole(&shared, &tenant, &run))).into_response())
}

/// What a scan is called.
pub(super) fn named(name: &str) -> Result<ScanName, Problem> {
    let wrong = || Problem::invalid("name: expected 1 to 64 lower case letters, digits and hyphens");
    ScanName::new(name).ok_or_else(wrong)
}

/// A run of the tenant.
pub(super) async fn found(shared: &Arc<Shared>, tenant: &Tenant, number: u64) -> Result<Run, Problem> {
    let none = || Problem::unknown(format!("there is no scan {number}"));
    // No database counts further.
    i64::try_from(number).map_err(|_| none())?;
    let of = tenant.clone();
    let run = shared.read(move |database| database.run(&of, number)).await?;
    run.ok_or_else(none)
}

/// What is answered of a run that has begun.
pub(super) async fn begun(shared: &Arc<Shared>, tenant: &Tenant, number: u64) -> Result<Response, Problem> {
    let run = found(shared, tenant, number).await?;
    Ok((StatusCode::ACCEPTED, Json(whole(shared, tenant, &run))).into_response())
}

/// A run, and how far it is.
pub(super) fn whole(shared: &Shared, tenant: &Tenant, run: &Run) -> Value {
    let mut object = scans::run(run);
    if let Some(underway) = shared.scans.underway(tenant, run.number) {
        object["progress"] = scans::progress(&underway);
    }
    object
}

fn within(limit: Option<u32>, (usual, most): (u32, u32)) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(usual);
    let wrong = || Problem::invalid(format!("limit: expected 1 to {most}, found {limit}"));
    (1..=most).contains(&limit).then_some(limit).ok_or_else(wrong)
}

/// No database counts further.
fn counted(name: &str, number: u64, least: i64) -> Result<i64, Problem> {
    let number = i64::try_from(number).ok().filter(|number| *number >= least);
    number.ok_or_else(|| Problem::invalid(format!("{name}: expected {least} to {}", i64::MAX)))
}
