//! Tokens of the caller's tenant: who may use the server, and no further than whoever says so. A secret is shown once, to whoever adds it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Admin, Caller};
use super::super::given;
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::shared::Shared;
use super::Routes;
use super::numbered::Which;
use crate::http::shapes::{ScopeWord, TokenShape};
use crate::report::listed;
use crate::token::{NewToken, Scope, TokenSecret, is_name};

/// Tokens of a tenant that hold at the same time.
const MOST: u32 = 1_000;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list, add)).routes(routes!(revoke))
}

/// A page of tokens, by their numbers.
#[derive(ToSchema)]
#[schema(as = Tokens)]
#[allow(dead_code, reason = "a shape for the document")]
struct TokensShape {
    tokens: Vec<TokenShape>,
    /// What the next page's `cursor` is; null: this was the last.
    #[schema(required)]
    next: Option<String>,
}

/// A token with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "a shape for the document")]
struct AddedToken {
    #[serde(flatten)]
    token: TokenShape,
    /// What opens the server: `Authorization: Bearer …`. Only its hash is kept.
    secret: String,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken, example = json!({ "name": "web-1", "scope": "ingest" }))]
struct New {
    /// What it is called: whose it is, or for what.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    scope: ScopeWord,
    /// From this time on it opens nothing; missing: it does not run out. Whoever asks by a token that runs out makes none
    /// that outlives it: a later time is refused, and none is that one's.
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// Tokens that hold, or all there were.
#[utoipa::path(
    get,
    operation_id = "list_tokens",
    path = "/api/v1/tokens",
    tag = "tokens",
    params(Which),
    security(("token" = ["admin"])),
    responses(
        (status = 200, body = TokensShape),
        (status = 404, description = "the cursor was not given for this list")
    )
)]
async fn list(
    caller: Caller<Admin>,
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.tenant().clone();
    let page = which.page(&tenant, "tokens")?;
    let (all, after, most) = (page.all, page.after, page.most());
    let mut tokens = shared.read(move |database| database.tokens_after(&tenant, all, after, most)).await?;
    let next = page.cut(&mut tokens, |token| token.id);
    let tokens: Vec<_> = tokens.iter().map(listed::token).collect();
    Ok(Json(json!({ "tokens": tokens, "next": next })))
}

/// Makes a token of the caller's tenant; its secret is in the answer, and never again anywhere.
#[utoipa::path(
    post,
    operation_id = "add_token",
    path = "/api/v1/tokens",
    tag = "tokens",
    request_body = New,
    security(("token" = ["admin"])),
    responses(
        (status = 201, body = AddedToken),
        (status = 409, description = "there are too many already, or the tenant's quota does not allow it")
    )
)]
async fn add(
    caller: Caller<Admin>,
    State(shared): State<Arc<Shared>>,
    Json(new): Json<New>,
) -> Result<Response, Problem> {
    if !is_name(&new.name) {
        return Err(Problem::invalid("name: expected one line of 1 to 64 bytes"));
    }
    let expires = new.expires.map(|expires| given::time("expires", &expires)).transpose()?;
    if expires.is_some_and(|expires| expires <= shared.clock.now()) {
        return Err(Problem::invalid("expires: expected a time to come"));
    }
    // Whoever is let in until then does not stay by what they make.
    let expires = match (expires, caller.token.expires) {
        (Some(new), Some(own)) if new > own => {
            return Err(Problem::invalid("expires: expected no later time than that of your token"));
        }
        (new, own) => new.or(own),
    };
    let scope = Scope::from(new.scope);
    if !caller.covers(scope) {
        let own = caller.token.scope;
        return Err(Problem::forbidden(format!("expected a scope that {own} covers, found {scope}")));
    }
    let secret = TokenSecret::draw().map_err(|error| Problem::internal(&error))?;
    let (tenant, author, hash) = (caller.tenant().clone(), caller.actor(), secret.hash());
    let by = Some(caller.token.id);
    let new = NewToken { tenant: tenant.clone(), name: new.name, scope, expires };
    let added = shared.write(move |database| {
        if database.tokens_after(&tenant, false, 0, MOST)?.len() >= MOST as usize {
            return Ok(None);
        }
        let id = database.add_token(new, hash, author, by)?;
        database.token_of(&tenant, id)
    });
    let full = || Problem::conflict(format!("expected fewer than {MOST} tokens that hold"));
    let mut added = listed::token(&added.await?.ok_or_else(full)?);
    added["secret"] = secret.show().into();
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// Revokes a token: it opens nothing from now on, and who is connected by it is cut off.
#[utoipa::path(
    delete,
    operation_id = "revoke_token",
    path = "/api/v1/tokens/{id}",
    tag = "tokens",
    params(("id" = i64, Path, description = "its number")),
    security(("token" = ["admin"])),
    responses((status = 204, description = "it is revoked"))
)]
async fn revoke(
    caller: Caller<Admin>,
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    let none = || Problem::unknown(format!("there is no token {id} that could be revoked"));
    let of = tenant.clone();
    let found = shared.read(move |database| database.token_of(&of, id)).await?.ok_or_else(none)?;
    if !caller.covers(found.scope) {
        let own = caller.token.scope;
        return Err(Problem::forbidden(format!(
            "expected a token whose scope {own} covers, found {}",
            found.scope
        )));
    }
    let revoked = shared.write(move |database| database.revoke_token(&tenant, id, actor)).await?;
    shared.revoked.send_modify(|count| *count += 1);
    revoked.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}
