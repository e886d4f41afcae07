//! Packs: what they cost, and those that are a tenant's own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tripline_engine::PackLimits;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::body;
use super::super::caller::{Author, Caller};
use super::super::json::{Json, is};
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::refusals::Asked;
use super::super::room::Share;
use super::super::shared::Shared;
use super::super::unpacking::{Packing, unpack};
use super::super::{HttpLimits, caller::Needed};
use super::Routes;
use crate::commit::Tenant;
use crate::http::shapes::{OwnPackShape, PackFaultShape, PackShape, RuleOutcomeShape};
use crate::incidents::{Actor, Outcome};
use crate::packs::{OwnPack, PackRefused, Shelf};
use crate::quota::QuotaKind;
use crate::report::listed;
use crate::serve::Quotas;
use crate::signing::{Signature, Signed};
use crate::token::Scope;

/// The header that vouches for a module: the line of its signature's file.
pub(crate) const SIGNATURE: &str = "tripline-signature";

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(push))
        .routes(routes!(roll_back))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(set))
        .routes(routes!(faults))
}

/// Packs: the operator's in the order in which they were given, and those of the tenant's own by name.
#[derive(ToSchema)]
#[schema(as = Packs)]
#[allow(dead_code, reason = "a shape for the document")]
struct PacksShape {
    /// What everybody has, with what it has cost for all tenants together: only an operator is told.
    packs: Vec<PackShape>,
    /// What only this tenant has.
    own: Vec<OwnPackShape>,
}

/// What went wrong with a pack of the tenant's own, what it costs, and how often it was wrong.
#[derive(ToSchema)]
#[schema(as = PackFaults)]
#[allow(dead_code, reason = "a shape for the document")]
struct PackFaultsShape {
    faults: Vec<PackFaultShape>,
    /// What it has cost since the server began; null: nothing came for it.
    #[schema(required)]
    cost: Option<PackShape>,
    /// What became of its incidents, by its rules that have opened some.
    rules: Vec<RuleOutcomeShape>,
}

/// What a pack lets its tenant set, by name; what is not given takes its default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PackSettings, example = json!({ "settings": { "threshold": 10 } }))]
struct Settings {
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// Which packs the tenant has of its own, and what they have cost since the server began; for an operator, also those that
/// everybody has.
#[utoipa::path(
    get,
    operation_id = "list_packs",
    path = "/api/v1/packs",
    tag = "packs",
    security(("token" = ["author"])),
    responses((status = 200, body = PacksShape))
)]
async fn list(caller: Caller<Author>, State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Problem> {
    let tenant = caller.tenant().clone();
    // What it costs all together tells of the others.
    let packs = if caller.covers(Scope::Operator) { shared.health.accounts().packs() } else { Vec::new() };
    let of = tenant.clone();
    let own = shared.shelf(move |packs| packs.own(&of)).await?;
    let own = shared.read(move |database| {
        let own = own.into_iter();
        own.map(|(one, signed)| Ok((database.outcomes(&tenant, &one.name)?, one, signed)))
            .collect::<Result<Vec<_>, _>>()
    });
    let own = own.await?;
    Ok(Json(json!({
        "packs": packs.iter().map(listed::pack).collect::<Vec<_>>(),
        "own": own.iter().map(|(outcomes, one, signed)| whole(&shared, one, signed, outcomes)).collect::<Vec<_>>(),
    })))
}

/// Takes a version of a pack of the tenant's own: a module, which is checked, compiled apart and opened before it is kept.
///
/// It judges from the next barrier on, beside what everybody has. What is refused changes nothing. Settings that were set
/// before stay, and have to fit it. Where signatures are demanded, one who may has to have signed this module by this name
/// and version, which has to be above all that are kept and signed so, unless it is the module that counts.
#[utoipa::path(
    put,
    operation_id = "push_pack",
    path = "/api/v1/packs/{name}",
    tag = "packs",
    params(
        ("name" = String, Path, description = "its name, as its manifest says it"),
        ("Content-Encoding" = Option<String>, Header, description = "identity, gzip or zstd"),
        ("Tripline-Signature" = Option<String>, Header, description = "the line of its signature's file"),
    ),
    request_body(content((String = "application/wasm"))),
    security(("token" = ["author"])),
    responses(
        (status = 200, description = "it is kept", body = OwnPackShape),
        (status = 408, description = "the body came too slowly"),
        (status = 409, description = "the name is taken, there are too many, the tenant's quota does not allow it, or the version is not above those that are kept and signed"),
        (status = 413, description = "the module is too large"),
        (status = 415, description = "the body's type is not taken"),
        (status = 422, description = "it is no pack, is not signed as is demanded, takes too much to compile, or does not open"),
        (status = 429, description = "as many as may be are read")
    )
)]
async fn push(
    State(shared): State<Arc<Shared>>,
    caller: Caller<Author>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::by(&caller, "push", &name);
    let brought = brought(&shared, &caller, &headers, body).await;
    let (signature, wasm) = brought.inspect_err(|problem| refused(&shared, &asked, problem))?;
    let (tenant, actor) = (caller.tenant().clone(), caller.actor());
    changed(&shared, asked, move |packs| {
        let (wasm, _share) = wasm;
        packs.push(&tenant, &name, wasm, signature, actor)
    })
    .await
}

/// A module as it is brought, in its share of memory, and who vouches for it.
async fn brought(
    shared: &Arc<Shared>,
    caller: &Caller<Author>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Option<Signature>, (Vec<u8>, Share)), Problem> {
    if !is(headers, "application/wasm") {
        return Err(Problem::unsupported("expected the header Content-Type with application/wasm"));
    }
    let signature = signature(headers)?;
    let packing = Packing::of(headers)
        .map_err(|problem| problem.header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd")))?;
    // A module is held to its own limit while it comes, and while it is unpacked.
    let most = PackLimits::default().module_bytes;
    let limits = HttpLimits { unpacked_bytes: most, ..shared.limits };
    let mut share = shared.room.share(caller.tenant());
    let packed = body::read(body, most, &limits, &mut share).await?;
    let wasm = shared.unpack(move || Ok((unpack(packed, packing, &limits, &mut share)?, share))).await?;
    Ok((signature, wasm))
}

/// Who vouches for a module: at most one line, of bounded length.
fn signature(headers: &HeaderMap) -> Result<Option<Signature>, Problem> {
    let mut given = headers.get_all(SIGNATURE).iter();
    let (one, more) = (given.next(), given.next());
    if more.is_some() {
        return Err(Problem::malformed("expected the header Tripline-Signature once, found more"));
    }
    let read = one.map(|one| Signature::read(one.as_bytes())).transpose();
    read.map_err(|error| Problem::unsigned(format!("the header Tripline-Signature: {error}")))
}

/// Lets the version count again that was pushed before the one that counts now.
#[utoipa::path(
    post,
    operation_id = "roll_pack_back",
    path = "/api/v1/packs/{name}/rollback",
    tag = "packs",
    params(("name" = String, Path, description = "its name")),
    security(("token" = ["author"])),
    responses(
        (status = 200, body = OwnPackShape),
        (status = 409, description = "the operator has a pack of this name now, or the tenant's quota does not allow it"),
        (status = 422, description = "it does not judge any more")
    )
)]
async fn roll_back(
    caller: Caller<Author>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (asked, tenant, actor) = whose(&caller, "rollback", &name);
    changed(&shared, asked, move |packs| packs.roll_back(&tenant, &name, actor)).await
}

/// Lets a pack of the tenant's own judge again.
#[utoipa::path(
    post,
    operation_id = "enable_pack",
    path = "/api/v1/packs/{name}/enable",
    tag = "packs",
    params(("name" = String, Path, description = "its name")),
    security(("token" = ["author"])),
    responses(
        (status = 200, body = OwnPackShape),
        (status = 409, description = "the operator has a pack of this name now, or the tenant's quota does not allow it"),
        (status = 422, description = "it does not judge any more")
    )
)]
async fn enable(
    caller: Caller<Author>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (asked, tenant, actor) = whose(&caller, "enable", &name);
    changed(&shared, asked, move |packs| packs.enable(&tenant, &name, true, actor)).await
}

/// Lets a pack of the tenant's own judge no more; it is kept, with what it remembers.
#[utoipa::path(
    post,
    operation_id = "disable_pack",
    path = "/api/v1/packs/{name}/disable",
    tag = "packs",
    params(("name" = String, Path, description = "its name")),
    security(("token" = ["author"])),
    responses((status = 200, body = OwnPackShape))
)]
async fn disable(
    caller: Caller<Author>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (asked, tenant, actor) = whose(&caller, "disable", &name);
    let change = told(&shared, asked, move |packs| packs.enable(&tenant, &name, false, actor));
    answered(&shared, shared.put_out(change).await?).await
}

/// Gives a pack of the tenant's own these settings, in place of those before.
#[utoipa::path(
    put,
    operation_id = "set_pack",
    path = "/api/v1/packs/{name}/settings",
    tag = "packs",
    params(("name" = String, Path, description = "its name")),
    request_body = Settings,
    security(("token" = ["author"])),
    responses(
        (status = 200, body = OwnPackShape),
        (status = 409, description = "the operator has a pack of this name now, or the tenant's quota does not allow it")
    )
)]
async fn set(
    caller: Caller<Author>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    new: Result<Json<Settings>, Problem>,
) -> Result<Json<Value>, Problem> {
    let (asked, tenant, actor) = whose(&caller, "settings", &name);
    let Json(new) = new.inspect_err(|problem| refused(&shared, &asked, problem))?;
    changed(&shared, asked, move |packs| packs.set(&tenant, &name, new.settings, actor)).await
}

/// The last faults of a pack of the tenant's own since the server began, the newest first; what it has cost since then, and
/// what became of its incidents.
#[utoipa::path(
    get,
    operation_id = "list_pack_faults",
    path = "/api/v1/packs/{name}/faults",
    tag = "packs",
    params(("name" = String, Path, description = "its name")),
    security(("token" = ["author"])),
    responses((status = 200, body = PackFaultsShape))
)]
async fn faults(
    caller: Caller<Author>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (tenant, asked) = (caller.tenant().clone(), name.clone());
    let outcomes = shared.read(move |database| {
        let is_own = database.own_packs(&tenant)?.iter().any(|one| one.name == asked);
        is_own.then(|| database.outcomes(&tenant, &asked)).transpose()
    });
    let unknown = || PackRefused::Unknown("pack of this name that is the tenant's own".into());
    let outcomes = outcomes.await?.ok_or_else(unknown)?;
    let faults = shared.health.faults(caller.tenant(), &name);
    let costs = shared.health.accounts().own_packs(caller.tenant());
    Ok(Json(json!({
        "faults": faults.iter().map(listed::pack_fault).collect::<Vec<_>>(),
        "cost": costs.iter().find(|one| one.name == name).map(listed::pack),
        "rules": outcomes.iter().map(listed::outcome).collect::<Vec<_>>(),
    })))
}

/// Whoever is told that a quota does not allow it is told; the operator, and others of the tenant, are told by this. Of bytes
/// that are stored, the database has told them.
fn noted(quotas: Option<&Quotas>, tenant: &Tenant, error: &PackRefused) {
    if let (Some(quotas), PackRefused::Quota(over)) = (quotas, error) {
        quotas.note(tenant, over.kind, over.kind == QuotaKind::Stored);
    }
}

fn whose<N: Needed>(caller: &Caller<N>, act: &'static str, name: &str) -> (Asked, Tenant, Actor) {
    (Asked::by(caller, act, name), caller.tenant().clone(), caller.actor())
}

/// Records that what came for an act was refused. What it waits for is nothing that was.
fn refused(shared: &Shared, asked: &Asked, problem: &Problem) {
    if problem.is_refusal() {
        shared.refusals.count(asked.clone(), problem.code());
    }
}

/// Changes a pack to one that judges, which is compiled before.
async fn changed(
    shared: &Arc<Shared>,
    asked: Asked,
    change: impl FnOnce(&Shelf) -> Result<OwnPack, PackRefused> + Send + 'static,
) -> Result<Json<Value>, Problem> {
    let tenant = asked.tenant().clone();
    let changed = shared.compile(&tenant, told(shared, asked, change)).await?;
    answered(shared, changed).await
}

/// Changes a pack. That it is refused is recorded, and noted if it is for a quota.
fn told(
    shared: &Arc<Shared>,
    asked: Asked,
    change: impl FnOnce(&Shelf) -> Result<OwnPack, PackRefused> + Send + 'static,
) -> impl FnOnce(&Shelf) -> Result<(OwnPack, Signed), PackRefused> + Send + 'static {
    let to_tell = Arc::clone(shared);
    move |packs| {
        let pack = change(packs).inspect_err(|error| {
            noted(to_tell.intake.quotas(), asked.tenant(), error);
            if let Some(reason) = error.reason() {
                to_tell.refusals.count(asked, reason);
            }
        })?;
        let signed = packs.signed(&pack)?;
        Ok((pack, signed))
    }
}

async fn answered(shared: &Arc<Shared>, (pack, signed): (OwnPack, Signed)) -> Result<Json<Value>, Problem> {
    let (tenant, name) = (pack.tenant.clone(), pack.name.clone());
    let outcomes = shared.read(move |database| database.outcomes(&tenant, &name)).await?;
    Ok(Json(whole(shared, &pack, &signed, &outcomes)))
}

/// With what it has cost, and what became of its incidents.
fn whole(shared: &Shared, pack: &OwnPack, signed: &Signed, outcomes: &[Outcome]) -> Value {
    let costs = shared.health.accounts().own_packs(&pack.tenant);
    listed::own_pack(pack, signed, costs.iter().find(|one| one.name == pack.name), outcomes)
}
