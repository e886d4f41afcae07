//! Tenants, for whoever runs the server.

use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, channel};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Operator};
use super::super::events::Pieces;
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::{AGAIN, Problem};
use super::super::shared::Shared;
use super::super::slots::Slots;
use super::Routes;
use crate::commit::Tenant;
use crate::configuration::Quota;
use crate::http::shapes::TenantShape;
use crate::notices::check_address;
use crate::report::{listed, strict_json};
use crate::tenants::{NewTenant, NotAdded};
use crate::token::TokenSecret;

/// Tenants of a server.
const MOST: usize = 10_000;
/// Recipients of a tenant.
const RECIPIENTS: usize = 100;
/// Bytes of an export that go on together, and how many of these wait for whoever reads slowly.
const PIECE: usize = 64 << 10;
const WAITING: usize = 4;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(delete))
        .routes(routes!(confirm))
        .routes(routes!(export))
        .layer(Extension(Slots::default()))
}

/// Tenants, by name.
#[derive(ToSchema)]
#[schema(as = Tenants)]
#[allow(dead_code, reason = "a shape for the document")]
struct TenantsShape {
    tenants: Vec<TenantShape>,
}

/// A tenant to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant, example = json!({ "name": "plant", "recipients": ["soc@plant.example"] }))]
struct New {
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]+$")]
    name: String,
    /// Lines a second that it may bring; missing: as many as there are.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    lines: Option<u64>,
    /// Whom its incidents are told, once that is confirmed.
    #[serde(default)]
    #[schema(max_items = 100)]
    recipients: Vec<String>,
    /// You answer for it that they want to be told; else each is asked by mail.
    #[serde(default)]
    confirmed: bool,
}

/// A tenant that was added, with a token to bring its lines.
#[derive(Serialize, ToSchema)]
struct AddedTenant {
    tenant: String,
    /// The token's number.
    token: i64,
    /// What opens the server: `Authorization: Bearer …`. Only its hash is kept.
    secret: String,
}

/// Which recipient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirm {
    #[schema(max_length = 254)]
    address: String,
}

/// Who is told from now on.
#[derive(Serialize, ToSchema)]
struct Confirmed {
    address: String,
}

/// All that have anything here: tokens, lines, incidents, scans.
#[utoipa::path(
    get,
    operation_id = "list_tenants",
    path = "/api/v1/tenants",
    tag = "tenants",
    security(("token" = ["operator"])),
    responses((status = 200, body = TenantsShape))
)]
async fn list(_: Caller<Operator>, State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Problem> {
    let all = shared.read(|database| database.known_tenants()).await?;
    Ok(Json(json!({ "tenants": all.iter().map(listed::tenant).collect::<Vec<_>>() })))
}

/// Adds a tenant; the secret of its token is in the answer, and never again anywhere.
#[utoipa::path(
    post,
    operation_id = "add_tenant",
    path = "/api/v1/tenants",
    tag = "tenants",
    request_body = New,
    security(("token" = ["operator"])),
    responses(
        (status = 201, body = AddedTenant),
        (status = 409, description = "there is one of this name, or there are too many already")
    )
)]
async fn add(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Json(new): Json<New>,
) -> Result<Response, Problem> {
    let name = Tenant::new(&new.name);
    let wrong = || Problem::invalid("name: expected 1 to 64 lower case letters, digits and hyphens");
    let tenant = name.ok_or_else(wrong)?;
    if new.recipients.len() > RECIPIENTS {
        return Err(Problem::invalid(format!("recipients: expected at most {RECIPIENTS}")));
    }
    for address in &new.recipients {
        check_address(address).map_err(|error| Problem::invalid(format!("recipients: {error}")))?;
    }
    let secret = TokenSecret::draw().map_err(|error| Problem::internal(&error))?;
    let token = ("lines".into(), secret.hash());
    let (lines, actor) = (new.lines, caller.actor());
    if lines.is_some_and(|lines| !(1..=Quota::MOST_LINES).contains(&lines)) {
        return Err(Problem::invalid(format!("lines: expected 1 to {}", Quota::MOST_LINES)));
    }
    let New { recipients, confirmed, .. } = new;
    let new = NewTenant { tenant: tenant.clone(), recipients, confirmed, lines, token };
    let added = shared.write(move |database| {
        if database.known_tenants()?.len() >= MOST {
            return Ok(None);
        }
        database.add_tenant(new, actor).map(Some)
    });
    let full = || Problem::conflict(format!("expected fewer than {MOST} tenants"));
    let token = added.await?.ok_or_else(full)?;
    let token = token.map_err(|error: NotAdded| Problem::conflict(error.to_string()))?;
    if let Some(quotas) = shared.intake.quotas() {
        quotas.put(&tenant, lines);
    }
    let added = AddedTenant { tenant: tenant.to_string(), token, secret: secret.show().into() };
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// Answers for it that a recipient wants to be told of the tenant's incidents.
#[utoipa::path(
    post,
    operation_id = "confirm_recipient",
    path = "/api/v1/tenants/{tenant}/recipients/confirm",
    tag = "tenants",
    params(("tenant" = String, Path, description = "its name")),
    request_body = Confirm,
    security(("token" = ["operator"])),
    responses((status = 200, body = Confirmed, description = "it is confirmed"))
)]
async fn confirm(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(Confirm { address }): Json<Confirm>,
) -> Result<Json<Confirmed>, Problem> {
    let (tenant, actor, told) = (named(&name)?, caller.actor(), address.clone());
    let confirmed = shared.write(move |database| database.confirm_recipient(&tenant, &told, actor)).await?;
    let none = || Problem::unknown("the tenant has no such recipient that could be confirmed");
    confirmed.then_some(Json(Confirmed { address })).ok_or_else(none)
}

/// All its rows, one JSON object a line. An answer that breaks off is not whole.
#[utoipa::path(
    get,
    operation_id = "export_tenant",
    path = "/api/v1/tenants/{tenant}/export",
    tag = "tenants",
    params(("tenant" = String, Path, description = "its name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "rows", body = String, content_type = "application/x-ndjson"))
)]
async fn export(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Extension(slots): Extension<Slots>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let tenant = named(&name)?;
    let known = shared.read(|database| database.known_tenants()).await?;
    if !known.iter().any(|known| known.tenant == tenant) {
        return Err(no_tenant());
    }
    let none = || Problem::full("too many exports are underway").retry_after(AGAIN);
    let slot = slots.take(&caller.token).ok_or_else(none)?;
    let (sender, receiver) = channel(WAITING);
    tokio::spawn(async move {
        let broken = |why: &str| Err(io::Error::other(why.to_string()));
        let last = sender.clone();
        // Whoever reads too slowly loses the connection, and with it whom this waits for.
        let exported = shared.read(move |database| {
            let mut rows = Rows { sender, piece: Vec::new() };
            let ended = database.export_tenant(&tenant, &mut |row| rows.put(row))?;
            Ok(ended.and_then(|_| rows.send()))
        });
        let ended = tokio::select! {
            ended = exported => ended.map_err(|_| ()).and_then(|ended| ended.map_err(drop)),
            () = shared.over(&caller.token) => Err(()),
        };
        if ended.is_err() {
            let _ = last.send(broken("the export is not whole")).await;
        }
    });
    let content = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((content, Body::new(Pieces::new(receiver, slot))).into_response())
}

/// Rows on their way, gathered into pieces.
struct Rows {
    sender: Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Rows {
    fn put(&mut self, row: &Value) -> io::Result<()> {
        strict_json::write(&mut self.piece, row)?;
        self.piece.push(b'\n');
        if self.piece.len() >= PIECE { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let sent = self.sender.blocking_send(Ok(piece.into()));
        sent.map_err(|_| io::Error::other("nobody takes it any more"))
    }
}

/// Deletes a tenant with all its rows and tokens. How far its numbers went stays, and security.log.
#[utoipa::path(
    delete,
    operation_id = "delete_tenant",
    path = "/api/v1/tenants/{tenant}",
    tag = "tenants",
    params(("tenant" = String, Path, description = "its name")),
    security(("token" = ["operator"])),
    responses(
        (status = 204, description = "it is deleted"),
        (status = 409, description = "it stands in the configuration")
    )
)]
async fn delete(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let tenant = named(&name)?;
    if is_configured(&shared, &tenant) {
        return Err(Problem::conflict(
            "the tenant stands in the configuration: its sources, recipients, routes and scans have to leave that first",
        ));
    }
    let actor = caller.actor();
    let deleted = shared.write(move |database| database.delete_tenant(&tenant, actor)).await?;
    shared.revoked.send_modify(|count| *count += 1);
    deleted.then_some(StatusCode::NO_CONTENT).ok_or_else(no_tenant)
}

/// Whether the server would go on with it: it has sources here that nobody brings, or somebody is to be told.
fn is_configured(shared: &Shared, tenant: &Tenant) -> bool {
    let policy = shared.database.policy();
    let sources = shared.health.sources(Some(tenant));
    *tenant == Tenant::default()
        || sources.iter().any(|source| source.kind != "http")
        || policy.routes.0.iter().any(|route| route.tenant == *tenant)
}

fn named(name: &str) -> Result<Tenant, Problem> {
    Tenant::new(name).ok_or_else(no_tenant)
}

fn no_tenant() -> Problem {
    Problem::unknown("there is no such tenant")
}
