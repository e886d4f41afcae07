//! What people do to incidents.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Analyst, Caller};
use super::super::given;
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::super::version::{IfMatch, etag};
use super::{Routes, no_incident};
use crate::http::shapes::{IncidentShape, ResolutionWord};
use crate::incidents::{Act, ActError};
use crate::report::stored_page::object;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(acknowledge))
        .routes(routes!(assign))
        .routes(routes!(comment))
        .routes(routes!(resolve))
        .routes(routes!(reopen))
}

/// How somebody looks at it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledge {
    /// For so long; missing: as the configuration has it.
    #[schema(minimum = 1, maximum = 315_360_000)]
    for_seconds: Option<u64>,
}

/// Whose it becomes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Assign {
    /// Whose; null: nobody's.
    #[serde(deserialize_with = "there")]
    #[schema(
        required,
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    to: Option<String>,
}

/// What somebody says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Comment {
    #[schema(min_length = 1, max_length = 4_096, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    text: String,
}

/// What it turned out to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Resolve {
    resolution: ResolutionWord,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 4_096, pattern = r"^[^\x00]*$")]
    comment: String,
}

/// Why it is not done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reopen {
    #[serde(default)]
    #[schema(max_length = 4_096, pattern = r"^[^\x00]*$")]
    comment: String,
}

/// A key that must be there, also where null is meant.
fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

macro_rules! act {
    ($(#[$doc:meta])* $name:ident as $id:literal, $path:literal, ($($given:tt)+), $body:ident, $needed:ident, $act:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post,
            operation_id = $id,
            path = $path,
            tag = "incidents",
            params(
                ("id" = i64, Path, description = "its number"),
                (
                    "If-Match" = $($given)+,
                    Header,
                    description = "the ETag of the incident that is meant, or * for it as it is",
                    example = "*",
                    max_length = 200
                )
            ),
            request_body = $body,
            security(("token" = ["analyst"])),
            responses(
                (status = 200, description = "the incident as it is now, without evidence", body = IncidentShape,
                    headers(("ETag" = String, description = "its version"))),
                (status = 409, description = "its state, or the tenant's quota, does not allow it"),
                (status = 412, description = "somebody has changed it since"),
                (status = 428, description = "If-Match is missing")
            )
        )]
        async fn $name(
            caller: Caller<Analyst>,
            State(shared): State<Arc<Shared>>,
            Path(id): Path<i64>,
            given: IfMatch,
            Json(body): Json<$body>,
        ) -> Result<Response, Problem> {
            let make: fn($body) -> Result<Act, Problem> = $act;
            done(&caller, &shared, id, given.$needed()?, make(body)?).await
        }
    };
}

act! {
    /// Says that somebody looks at it; after a while it is open again.
    acknowledge as "acknowledge_incident", "/api/v1/incidents/{id}/acknowledge", (String), Acknowledge, required,
    |body| {
        let hold = body.for_seconds.map(|seconds| given::seconds("for_seconds", seconds)).transpose()?;
        Ok(Act::Acknowledge { hold })
    }
}

act! {
    /// Gives it to somebody, or takes it away.
    assign as "assign_incident", "/api/v1/incidents/{id}/assign", (String), Assign, required,
    |body| Ok(Act::Assign { to: body.to })
}

act! {
    /// Says something about it. It changes nothing that somebody else may have changed: If-Match may be missing.
    comment as "comment_on_incident", "/api/v1/incidents/{id}/comment", (Option<String>), Comment, optional,
    |body| Ok(Act::Comment { text: body.text })
}

act! {
    /// Is done with it.
    resolve as "resolve_incident", "/api/v1/incidents/{id}/resolve", (String), Resolve, required,
    |body| Ok(Act::Resolve { resolution: body.resolution.into(), comment: body.comment })
}

act! {
    /// Is not done with it after all.
    reopen as "reopen_incident", "/api/v1/incidents/{id}/reopen", (String), Reopen, required,
    |body| Ok(Act::Reopen { comment: body.comment })
}

/// Does it, if the incident is one of these versions; `None`: whichever it is.
async fn done(
    caller: &Caller<Analyst>,
    shared: &Arc<Shared>,
    id: i64,
    versions: Option<Vec<i64>>,
    act: Act,
) -> Result<Response, Problem> {
    act.check().map_err(given::wrong)?;
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let done = shared.write(move |database| {
        let first = |versions: &Vec<i64>| versions.first().copied().unwrap_or(NEVER);
        let mut version = versions.as_ref().map(first);
        loop {
            let done = database.act(&tenant, id, version, act.clone(), actor.clone())?;
            let others = versions.as_deref().unwrap_or_default();
            match done {
                // One of the others that are meant. A version never comes back, so this ends.
                Err(ActError::Changed { found, .. }) if others.contains(&found) => version = Some(found),
                done => return Ok(done),
            }
        }
    });
    match done.await? {
        Ok(incident) => Ok(([(ETAG, etag(incident.version))], Json(object(&incident, &[]))).into_response()),
        Err(ActError::Unknown { id }) => Err(no_incident(id)),
        Err(ActError::Changed { found, .. }) => {
            let detail = format!("incident {id} is at version {found}: somebody has changed it");
            Err(Problem::changed(detail).header(ETAG, etag(found)))
        }
        Err(error @ (ActError::State { .. } | ActError::Superseded { .. })) => {
            Err(Problem::conflict(error.to_string()))
        }
    }
}

/// No incident has this version.
const NEVER: i64 = -1;
