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
use serde_json::{Map, Value, json};
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
use crate::http::shapes::{QuotaShape, TenantShape};
use crate::notices::check_address;
use crate::quota::{Quota, QuotaKind};
use crate::report::{listed, strict_json};
use crate::serve::Quotas;
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
        .routes(routes!(delete, change))
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
    /// What it may use; what is missing is not bounded.
    #[serde(default)]
    #[schema(value_type = Option<QuotaShape>)]
    quota: Map<String, Value>,
    /// Whom its incidents are told, once that is confirmed.
    #[serde(default)]
    #[schema(max_items = 100)]
    recipients: Vec<String>,
    /// You answer for it that they want to be told; else each is asked by mail.
    #[serde(default)]
    confirmed: bool,
}

/// What of a tenant is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantChange, example = json!({ "quota": { "lines": 1000, "stored": null } }))]
struct Changes {
    /// What it may use: a number, or null for what is not to be bounded any more. What is missing stays.
    #[schema(value_type = Object)]
    quota: Map<String, Value>,
}

/// What a tenant may use now.
#[derive(ToSchema)]
#[schema(as = ChangedTenant)]
#[allow(dead_code, reason = "a shape for the document")]
struct ChangedShape {
    tenant: String,
    quota: QuotaShape,
}

/// A tenant that was added, with a token to bring its lines.
#[derive(Serialize, ToSchema)]
struct AddedTenant {
    tenant: String,
    /// The token's number.
    token: i64,
    /// What opens the server: `Authorization: Bearer …`. Only its hash is kept.
    secret: String,
    /// Recipients that nobody asks, since their addresses were asked too often within a day: they are to be asked later.
    not_asked: Vec<String>,
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
    let mut all = shared.read(|database| database.known_tenants()).await?;
    let live = shared.intake.quotas().map(Quotas::all).unwrap_or_default();
    for one in &mut all {
        let over = live
            .iter()
            .filter(|(tenant, kind, over, _)| *tenant == one.tenant && *over && !one.over.contains(kind));
        let over: Vec<QuotaKind> = over.map(|(_, kind, ..)| *kind).collect();
        one.over.extend(over);
        one.over.sort_unstable();
    }
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
    let (mut quota, actor) = (Quota::default(), caller.actor());
    quotas(&new.quota)?.into_iter().for_each(|(kind, most)| quota.set(kind, most));
    let New { recipients, confirmed, .. } = new;
    let new = NewTenant { tenant: tenant.clone(), recipients, confirmed, quota, token };
    let added = shared.write(move |database| {
        if database.known_tenants()?.len() >= MOST {
            return Ok(None);
        }
        database.add_tenant(new, actor).map(Some)
    });
    let full = || Problem::conflict(format!("expected fewer than {MOST} tenants"));
    let added = added.await?.ok_or_else(full)?;
    let (token, not_asked) = added.map_err(|error: NotAdded| Problem::conflict(error.to_string()))?;
    // It is added: whoever did it gets the token, whatever becomes of this.
    if counts(&shared, &tenant).await.is_err()
        && let Some(quotas) = shared.intake.quotas()
    {
        quotas.put(&tenant, quota);
    }
    let (tenant, secret) = (tenant.to_string(), secret.show().into());
    let added = AddedTenant { tenant, token, secret, not_asked };
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// Changes what a tenant may use. It counts at once; what the configuration says of the tenant goes before it.
#[utoipa::path(
    patch,
    operation_id = "change_tenant",
    path = "/api/v1/tenants/{tenant}",
    tag = "tenants",
    params(("tenant" = String, Path, description = "its name")),
    request_body = Changes,
    security(("token" = ["operator"])),
    responses((status = 200, body = ChangedShape, description = "what it may use now"))
)]
async fn change(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(Changes { quota }): Json<Changes>,
) -> Result<Json<Value>, Problem> {
    let (tenant, changes, actor) = (named(&name)?, quotas(&quota)?, caller.actor());
    let of = tenant.clone();
    let changed = shared.write(move |database| database.set_quota(&of, changes, actor)).await?;
    let quota = changed.ok_or_else(no_tenant)?;
    counts(&shared, &tenant).await?;
    Ok(Json(json!({ "tenant": tenant.as_str(), "quota": listed::quota(&quota) })))
}

/// What a tenant may use counts from now on, as the database has it, whoever else changes it meanwhile.
async fn counts(shared: &Arc<Shared>, tenant: &Tenant) -> Result<(), Problem> {
    let Some(quotas) = shared.intake.quotas().cloned() else { return Ok(()) };
    let of = tenant.clone();
    shared.read(move |database| quotas.read(&of, || database.quota(&of))).await.map(drop)
}

/// Quotas, as somebody has sent them.
fn quotas(given: &Map<String, Value>) -> Result<Vec<(QuotaKind, Option<u64>)>, Problem> {
    let one = |(name, value): (&String, &Value)| {
        let known = || QuotaKind::ALL.map(QuotaKind::as_str).join(", ");
        let kind = QuotaKind::of(name);
        let kind = kind.ok_or_else(|| Problem::invalid(format!("quota: expected names of {}", known())))?;
        if value.is_null() {
            return Ok((kind, None));
        }
        let most = value.as_u64().and_then(|most| kind.checked(most));
        let (least, greatest) = kind.range();
        let wrong =
            || Problem::invalid(format!("quota.{}: expected {least} to {greatest}, or null", kind.as_str()));
        Ok((kind, Some(most.ok_or_else(wrong)?)))
    };
    given.iter().map(one).collect()
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
    let (actor, whose) = (caller.actor(), tenant.clone());
    shared.write(move |database| database.note_export(&whose, actor)).await?;
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
            "the tenant stands in the configuration: its sources, recipients, routes, scans and quotas have to leave that first",
        ));
    }
    let (actor, whose) = (caller.actor(), tenant.clone());
    let deleted = shared.write(move |database| database.delete_tenant(&whose, actor)).await?;
    if deleted {
        shared.health.forget(&tenant);
        let whose = tenant.clone();
        let _ = shared.shelf(move |packs| packs.forget(&whose)).await;
        // It is deleted, whatever becomes of this.
        let _ = counts(&shared, &tenant).await;
    }
    shared.revoked.send_modify(|count| *count += 1);
    deleted.then_some(StatusCode::NO_CONTENT).ok_or_else(no_tenant)
}

/// Whether the server would go on with it: the configuration names it, or it has sources here that nobody brings.
fn is_configured(shared: &Shared, tenant: &Tenant) -> bool {
    let sources = shared.health.sources(Some(tenant));
    *tenant == Tenant::default()
        || sources.iter().any(|source| source.kind != "http")
        || shared.database.policy().configured.contains(tenant)
}

fn named(name: &str) -> Result<Tenant, Problem> {
    Tenant::new(name).ok_or_else(no_tenant)
}

fn no_tenant() -> Problem {
    Problem::unknown("there is no such tenant")
}
