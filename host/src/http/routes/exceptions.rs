//! Exceptions: decisions that are taken out, or whose severity is changed, without touching a pack.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
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
use crate::http::shapes::{ExceptionShape, SeverityWord};
use crate::incidents::{Effect, NewException, Place};
use crate::notices::Pattern;
use crate::report::{listed, rfc3339};

/// Exceptions that hold at the same time: each decision is held against all of them.
const MOST: usize = 1_000;
/// Decisions that are listed of one.
const TAKEN: u32 = 100;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list, add)).routes(routes!(end)).routes(routes!(taken))
}

/// A page of exceptions, by their numbers.
#[derive(ToSchema)]
#[schema(as = Exceptions)]
#[allow(dead_code, reason = "a shape for the document")]
struct ExceptionsShape {
    exceptions: Vec<ExceptionShape>,
    /// What the next page's `cursor` is; null: this was the last.
    #[schema(required)]
    next: Option<String>,
}

/// Decisions that an exception has taken out, the last first.
#[derive(ToSchema)]
#[schema(as = Taken)]
#[allow(dead_code, reason = "a shape for the document")]
struct TakenShape {
    decisions: Vec<TakenDecision>,
}

/// A decision that an exception has taken out.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a shape for the document")]
struct TakenDecision {
    /// When.
    #[schema(format = DateTime, required)]
    at: Option<String>,
    pack: String,
    rule: String,
    title: String,
}

/// What is taken out, until when and why: of a rule, with a value, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewException, example = json!({ "rule": "sshd/*", "field": "ip", "network": "192.0.2.0/24", "reason": "our scanner" }))]
struct New {
    /// `PACK/RULE`, with `*`; missing: all.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[/*][^\x00-\x1f\x7f-\x9f]*$"
    )]
    rule: Option<String>,
    /// By this value …
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    field: Option<String>,
    /// … which is an address in this network …
    #[schema(example = "192.0.2.0/24", max_length = 64)]
    network: Option<String>,
    /// … or this text, with `*`.
    #[schema(max_length = 200)]
    value: Option<String>,
    /// What its decisions get instead; missing: they are taken out.
    severity: Option<SeverityWord>,
    /// Until this time; missing: until it is ended.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 4_096,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
}

impl New {
    fn checked(self) -> Result<NewException, Problem> {
        let network = |text: String| {
            Place::network(&text).map_err(|error| Problem::invalid(format!("network: {error}")))
        };
        let text = |text| given::prose("value", text, NAME).map(|text| Place::Text(Pattern::new(text)));
        let place = match (self.network, self.value) {
            (Some(_), Some(_)) => return Err(Problem::invalid("expected network or value, found both")),
            (Some(given), None) => Some(network(given)?),
            (None, given) => given.map(text).transpose()?,
        };
        let field = self.field.map(|field| given::line("field", field, 64)).transpose()?;
        if field.is_some() != place.is_some() {
            return Err(Problem::invalid("expected field together with network or value"));
        }
        if self.rule.is_none() && field.is_none() {
            let detail = "expected rule or field, found neither; the rule * takes all decisions of all rules";
            return Err(Problem::invalid(detail));
        }
        Ok(NewException {
            rule: self.rule.map(given::rule).transpose()?,
            field: field.zip(place),
            effect: self.severity.map_or(Effect::Except, |severity| Effect::Severity(severity.into())),
            until: self.until.map(|until| given::time("until", &until)).transpose()?,
            reason: given::line("reason", self.reason, PROSE)?,
        })
    }
}

/// Exceptions that hold, or all there were.
#[utoipa::path(
    get,
    operation_id = "list_exceptions",
    path = "/api/v1/exceptions",
    tag = "exceptions",
    params(Which),
    security(("token" = ["reader"])),
    responses(
        (status = 200, body = ExceptionsShape),
        (status = 404, description = "the cursor was not given for this list")
    )
)]
async fn list(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.tenant().clone();
    let page = which.page(&tenant, "exceptions")?;
    let (all, after, most) = (page.all, page.after, page.most());
    let read = shared.read(move |database| database.exceptions_after(&tenant, all, after, most));
    let mut exceptions = read.await?;
    let next = page.cut(&mut exceptions, |exception| exception.id);
    let exceptions: Vec<_> = exceptions.iter().map(listed::exception).collect();
    Ok(Json(json!({ "exceptions": exceptions, "next": next })))
}

/// Takes decisions out; they are counted and can be listed.
#[utoipa::path(
    post,
    operation_id = "add_exception",
    path = "/api/v1/exceptions",
    tag = "exceptions",
    request_body = New,
    security(("token" = ["analyst"])),
    responses(
        (status = 201, body = ExceptionShape),
        (status = 409, description = "there are too many already, or the tenant's quota does not allow it")
    )
)]
async fn add(
    caller: Caller<Analyst>,
    State(shared): State<Arc<Shared>>,
    Json(new): Json<New>,
) -> Result<Response, Problem> {
    let new = new.checked()?;
    let (tenant, author) = (caller.tenant().clone(), caller.actor());
    let added = shared.write(move |database| {
        if database.exceptions(&tenant, false)?.len() >= MOST {
            return Ok(None);
        }
        let id = database.except(&tenant, new, author)?;
        Ok(database.exceptions_after(&tenant, true, id - 1, 1)?.pop())
    });
    let full = || Problem::conflict(format!("expected fewer than {MOST} exceptions that hold"));
    let added = added.await?.ok_or_else(full)?;
    Ok((StatusCode::CREATED, Json(listed::exception(&added))).into_response())
}

/// Ends an exception.
#[utoipa::path(
    delete,
    operation_id = "end_exception",
    path = "/api/v1/exceptions/{id}",
    tag = "exceptions",
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
    let ended = shared.write(move |database| database.end_exception(&tenant, id, actor)).await?;
    let none = || Problem::unknown(format!("there is no exception {id} that could be ended"));
    ended.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}

/// The last decisions that an exception has taken out.
#[utoipa::path(
    get,
    operation_id = "list_taken",
    path = "/api/v1/exceptions/{id}/decisions",
    tag = "exceptions",
    params(("id" = i64, Path, description = "its number")),
    security(("token" = ["reader"])),
    responses((status = 200, body = TakenShape))
)]
async fn taken(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.tenant().clone();
    let found = shared.read(move |database| {
        let known =
            database.exceptions_after(&tenant, true, id.saturating_sub(1), 1)?.iter().any(|one| one.id == id);
        if known { database.excepted(&tenant, id, TAKEN).map(Some) } else { Ok(None) }
    });
    let none = || Problem::unknown(format!("there is no exception {id}"));
    let decisions = found.await?.ok_or_else(none)?.into_iter().map(
        |(at, pack, rule, title)| json!({ "at": rfc3339(at), "pack": pack, "rule": rule, "title": title }),
    );
    Ok(Json(json!({ "decisions": decisions.collect::<Vec<_>>() })))
}
