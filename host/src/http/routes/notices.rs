//! Notices: how the outbox stands, why somebody was told or not, and another try.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::super::caller::{Caller, Operator, Reader};
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::shared::Shared;
use super::{Routes, no_incident};
use crate::http::shapes::{AnswerShape, NoticeShape};
use crate::report::why::Why;
use crate::report::{listed, rfc3339};
use crate::token::Scope;

/// Notices that are listed, if nothing is said …
const USUAL: u32 = 100;
/// … and at most.
const MOST: u32 = 1_000;
/// Bytes of a zone's name.
const ZONE: usize = 64;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(status)).routes(routes!(why)).routes(routes!(flush)).routes(routes!(retry))
}

/// How many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// At most so many that wait, and so many that were given up.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// How the outbox stands.
#[derive(ToSchema)]
#[schema(as = Outbox)]
#[allow(dead_code, reason = "a shape for the document")]
struct OutboxShape {
    /// How many notices are in which state, of all there ever were.
    states: HashMap<String, u64>,
    /// When the next one is due.
    #[schema(format = DateTime, required)]
    next: Option<String>,
    /// Relays that fail, for operators; others see none.
    relays: Vec<RelayShape>,
    /// Those that wait, the next first, then those that were given up, the last first.
    notices: Vec<NoticeShape>,
}

/// A relay that fails.
#[derive(ToSchema)]
#[schema(as = Relay)]
#[allow(dead_code, reason = "a shape for the document")]
struct RelayShape {
    relay: String,
    /// In a row.
    failures: u32,
    /// When it is tried again.
    #[schema(format = DateTime, required)]
    next: Option<String>,
    /// What it said last.
    words: String,
}

/// What was told of an incident, and why.
#[derive(ToSchema)]
#[schema(as = Notices)]
#[allow(dead_code, reason = "a shape for the document")]
struct NoticesShape {
    /// In the order in which they were put into the outbox.
    notices: Vec<NoticeShape>,
    why: AnswerShape,
}

/// In which zone times are told.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Zone {
    /// A name like Europe/Berlin, or an offset like +02:00.
    #[param(max_length = 64, default = "UTC")]
    timezone: Option<String>,
}

/// Which notice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retry {
    /// Its number; missing: all that were given up.
    notice: Option<i64>,
}

/// What became of those that were given up.
#[derive(Serialize, ToSchema)]
struct Retried {
    /// So many are queued again.
    notices: u64,
    /// So many are not: whom they are for is not among the configuration's recipients any more.
    departed: u64,
}

/// How many notices it was about.
#[derive(Serialize, ToSchema)]
struct Tried {
    notices: u64,
}

/// How the outbox stands: what waits, and what was given up.
#[utoipa::path(
    get,
    operation_id = "list_notices",
    path = "/api/v1/notices",
    tag = "notices",
    params(Asked),
    security(("token" = ["reader"])),
    responses((status = 200, body = OutboxShape))
)]
async fn status(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Query(Asked { limit }): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid(format!("limit: expected 1 to {MOST}, found {limit}")));
    }
    let tenant = caller.tenant().clone();
    let found = shared
        .read(move |database| Ok((database.outbox(&tenant, limit)?, database.waiting(&tenant, limit)?)));
    let (status, waiting) = found.await?;
    let states = status.states.iter().map(|(state, count)| (state.clone(), Value::from(*count)));
    let states: Map<String, Value> = states.collect();
    let relays = status.breakers.iter().filter(|_| caller.covers(Scope::Operator));
    let relays = relays.map(|(relay, failures, next, words)| {
        json!({ "relay": relay, "failures": failures, "next": rfc3339(*next), "words": words })
    });
    let notices = waiting.iter().chain(&status.dead).map(listed::notice);
    Ok(Json(json!({
        "states": states,
        "next": status.next.and_then(rfc3339),
        "relays": relays.collect::<Vec<_>>(),
        "notices": notices.collect::<Vec<_>>(),
    })))
}

/// Why somebody was or was not told of an incident.
#[utoipa::path(
    get,
    operation_id = "explain_notices",
    path = "/api/v1/incidents/{id}/notices",
    tag = "notices",
    params(("id" = i64, Path, description = "the incident's number"), Zone),
    security(("token" = ["reader"])),
    responses((status = 200, body = NoticesShape))
)]
async fn why(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
    Query(Zone { timezone }): Query<Zone>,
) -> Result<Json<Value>, Problem> {
    let zone = timezone.as_deref().map_or(Ok(TimeZone::UTC), zone)?;
    let (tenant, now) = (caller.tenant().clone(), shared.clock.now());
    let found = shared.read(move |database| Why::read(database, &tenant, id, now)).await?;
    let why = found.ok_or_else(|| no_incident(id))?;
    let notices: Vec<Value> = why.notices(None).map(listed::notice).collect();
    Ok(Json(json!({ "notices": notices, "why": why.answer(&zone) })))
}

fn zone(text: &str) -> Result<TimeZone, Problem> {
    let wrong = || Problem::invalid("timezone: expected a name like Europe/Berlin, or an offset like +02:00");
    let short = Some(text).filter(|text| text.len() <= ZONE).ok_or_else(wrong)?;
    DateTimeParser::new().parse_time_zone(short).map_err(|_| wrong())
}

/// Tries everything that failed now; quiet hours go on.
#[utoipa::path(
    post,
    operation_id = "flush_notices",
    path = "/api/v1/notices/flush",
    tag = "notices",
    security(("token" = ["operator"])),
    responses((status = 200, description = "how many are tried now", body = Tried))
)]
async fn flush(caller: Caller<Operator>, State(shared): State<Arc<Shared>>) -> Result<Json<Tried>, Problem> {
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let tried = shared.write(move |database| database.flush(&tenant, actor)).await?;
    Ok(Json(Tried { notices: tried }))
}

/// Queues what was given up again: one notice, or all.
#[utoipa::path(
    post,
    operation_id = "retry_notices",
    path = "/api/v1/notices/retry",
    tag = "notices",
    request_body = Retry,
    security(("token" = ["operator"])),
    responses(
        (status = 200, description = "how many are queued again, and how many are not", body = Retried),
        (status = 404, description = "there is no such notice that was given up")
    )
)]
async fn retry(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Json(Retry { notice }): Json<Retry>,
) -> Result<Json<Retried>, Problem> {
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let retried = shared.write(move |database| {
        let notices = database.retry(&tenant, notice, actor)?;
        Ok(Retried { notices, departed: database.departed(&tenant, notice)? })
    });
    match (retried.await?, notice) {
        (Retried { notices: 0, departed: 0 }, Some(id)) => {
            Err(Problem::unknown(format!("there is no notice {id} that was given up")))
        }
        (retried, _) => Ok(Json(retried)),
    }
}
