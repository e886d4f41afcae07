//! Silences: notices that are held back for a while.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Analyst, Caller, Reader};
use super::super::given::{self, NAME, PROSE};
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::shared::Shared;
use super::Routes;
use super::numbered::Which;
use crate::http::shapes::{SeverityWord, SilenceShape};
use crate::incidents::NewSilence;
use crate::notices::Pattern;
use crate::report::listed;

/// Silences that hold at the same time: each notice is held against all of them.
const MOST: usize = 1_000;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list, add)).routes(routes!(end))
}

/// A page of silences, by their numbers.
#[derive(ToSchema)]
#[schema(as = Silences)]
#[allow(dead_code, reason = "a shape for the document")]
struct SilencesShape {
    silences: Vec<SilenceShape>,
    /// What the next page's `cursor` is; null: this was the last.
    #[schema(required)]
    next: Option<String>,
}

/// What is held back, when and why. All that is given must hold; something must be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSilence, example = json!({ "rule": "sshd/*", "ends": "2100-01-01T00:00:00Z", "reason": "moving the bastion" }))]
struct New {
    /// `PACK/RULE`, with `*`.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[/*][^\x00-\x1f\x7f-\x9f]*$"
    )]
    rule: Option<String>,
    /// At most this severe.
    severity: Option<SeverityWord>,
    /// Values by name, with `*`.
    #[serde(default)]
    #[schema(value_type = HashMap<String, String>, required = false)]
    fields: Map<String, Value>,
    /// From this time on; missing: now.
    #[schema(format = DateTime)]
    starts: Option<String>,
    /// Until this time.
    #[schema(format = DateTime)]
    ends: String,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 4_096,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
}

impl New {
    fn checked(self, now: i64) -> Result<NewSilence, Problem> {
        let fields = given::pairs("fields", self.fields, NAME)?.into_iter();
        let new = NewSilence {
            rule: self.rule.map(given::rule).transpose()?,
            severity: self.severity.map(Into::into),
            fields: fields.map(|(name, value)| (name, Pattern::new(value))).collect(),
            starts: self.starts.map_or(Ok(now), |starts| given::time("starts", &starts))?,
            ends: given::time("ends", &self.ends)?,
            reason: given::line("reason", self.reason, PROSE)?,
        };
        if new.ends <= new.starts {
            return Err(Problem::invalid("expected a silence that ends after it starts"));
        }
        if new.rule.is_none() && new.severity.is_none() && new.fields.is_empty() {
            let detail = "expected rule, severity or fields, found none; the rule * holds all notices back";
            return Err(Problem::invalid(detail));
        }
        Ok(new)
    }
}

/// Silences that are not over, or all there were.
#[utoipa::path(
    get,
    operation_id = "list_silences",
    path = "/api/v1/silences",
    tag = "silences",
    params(Which),
    security(("token" = ["reader"])),
    responses(
        (status = 200, body = SilencesShape),
        (status = 404, description = "the cursor was not given for this list")
    )
)]
async fn list(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.tenant().clone();
    let page = which.page(&tenant, "silences")?;
    let (all, after, most) = (page.all, page.after, page.most());
    let read = shared.read(move |database| database.silences_after(&tenant, all, after, most));
    let mut silences = read.await?;
    let next = page.cut(&mut silences, |silence| silence.id);
    let silences: Vec<_> = silences.iter().map(listed::silence).collect();
    Ok(Json(json!({ "silences": silences, "next": next })))
}

/// Holds notices back; incidents are recorded all the same.
#[utoipa::path(
    post,
    operation_id = "add_silence",
    path = "/api/v1/silences",
    tag = "silences",
    request_body = New,
    security(("token" = ["analyst"])),
    responses(
        (status = 201, body = SilenceShape),
        (status = 409, description = "there are too many already, or the tenant's quota does not allow it")
    )
)]
async fn add(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Json(new): Json<New>,
) -> Result<Response, Problem> {
    let new = new.checked(shared.clock.now())?;
    let (tenant, author) = (caller.tenant().clone(), caller.actor());
    let added = shared.write(move |database| {
        if database.silences(&tenant, false)?.len() >= MOST {
            return Ok(None);
        }
        let id = database.silence(&tenant, new, author)?;
        Ok(database.silences_after(&tenant, true, id - 1, 1)?.pop())
    });
    let full = || Problem::conflict(format!("expected fewer than {MOST} silences that are not over"));
    let added = added.await?.ok_or_else(full)?;
    Ok((StatusCode::CREATED, Json(listed::silence(&added))).into_response())
}

/// Ends a silence early.
#[utoipa::path(
    delete,
    operation_id = "end_silence",
    path = "/api/v1/silences/{id}",
    tag = "silences",
    params(("id" = i64, Path, description = "its number")),
    security(("token" = ["analyst"])),
    responses((status = 204, description = "it is ended"))
)]
async fn end(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let ended = shared.write(move |database| database.end_silence(&tenant, id, actor)).await?;
    let none = || Problem::unknown(format!("there is no silence {id} that could be ended"));
    ended.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}
