//! Incidents that people and programs report: the same way behind it as a rule's decision.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tripline_abi::ReplyLimit;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Analyst, Caller};
use super::super::given;
use super::super::json::Json;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::Routes;
use crate::commit::Store;
use crate::http::shapes::SeverityWord;
use crate::incidents::Report;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(report))
}

/// What is reported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReport {
    severity: SeverityWord,
    /// What it is, in one line.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    title: String,
    /// All the rest; may have many lines.
    #[serde(default)]
    #[schema(max_length = 65_536, pattern = r"^[^\x00]*$")]
    details: String,
    /// What equal reports share; missing: it is an incident of its own.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    fingerprint: Option<String>,
    /// Named values.
    #[serde(default)]
    #[schema(value_type = HashMap<String, String>, required = false)]
    values: Map<String, Value>,
    /// Words to route by.
    #[serde(default)]
    #[schema(max_items = 32)]
    tags: Vec<String>,
}

/// What became of a report.
#[derive(Serialize, ToSchema)]
struct Reported {
    outcome: ReportOutcome,
    /// The incident's number; null: there is none.
    #[schema(required)]
    incident: Option<i64>,
}

/// What became of a report.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum ReportOutcome {
    /// A new incident.
    Opened,
    /// One that is there has occurred again.
    OccurredAgain,
    /// An exception covers it: no incident.
    Excepted,
    /// The same report is there already.
    Known,
}

/// Reports an incident.
#[utoipa::path(
    post,
    operation_id = "report_incident",
    path = "/api/v1/incidents",
    tag = "incidents",
    request_body = NewReport,
    security(("token" = ["analyst"])),
    responses(
        (status = 201, description = "it was opened", body = Reported,
            headers(("Location" = String, description = "the incident"))),
        (status = 200, description = "it was there, or an exception covers it", body = Reported),
        (status = 409, description = "the tenant's quota does not allow it")
    )
)]
async fn report(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Json(body): Json<NewReport>,
) -> Result<Response, Problem> {
    let report = Report {
        severity: body.severity.into(),
        title: body.title,
        details: body.details,
        fingerprint: body.fingerprint,
        values: given::pairs("values", body.values, ReplyLimit::VALUE)?,
        tags: body.tags,
    };
    report.check().map_err(given::wrong)?;
    let (tenant, commit) = (caller.tenant().clone(), report.commit(caller.actor(), shared.clock.now()));
    let committed = shared.write(move |database| database.commit(&tenant, commit)).await?;
    let (outcome, incident) = match (committed.opened.first(), committed.grown.first()) {
        (Some(id), _) => (ReportOutcome::Opened, Some(*id)),
        (None, Some(id)) => (ReportOutcome::OccurredAgain, Some(*id)),
        (None, None) if committed.excepted > 0 => (ReportOutcome::Excepted, None),
        (None, None) => (ReportOutcome::Known, None),
    };
    let body = Json(Reported { outcome, incident });
    Ok(match incident.filter(|_| outcome == ReportOutcome::Opened) {
        Some(id) => (StatusCode::CREATED, [(LOCATION, at(id))], body).into_response(),
        None => body.into_response(),
    })
}

fn at(id: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("/api/v1/incidents/{id}"))
        .unwrap_or_else(|_| HeaderValue::from_static("/"))
}
