//! Who has to sign what a tenant pushes, for whoever runs the server.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Operator};
use super::super::json::Json;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::Routes;
use crate::commit::Tenant;
use crate::packs::{LeftOut, PackRefused};
use crate::signing::{Demands, KeyError, PublicKey};

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(set))
}

/// Who has to sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Signers {
    /// Public keys; none: as the configuration says it of everybody.
    #[schema(max_items = 64, example = json!(["tripline-pack-key-1:hUuTqQvTEJXGad40kumIQrFCg8Tkov6gBDvmVKZP4Mc"]))]
    signed_by: Vec<String>,
}

/// Who has to sign from now on.
#[derive(Serialize, ToSchema)]
struct Demanded {
    tenant: String,
    /// The keys that were given.
    signed_by: Vec<String>,
    /// Packs that judge no more, since none of these has signed them, by their names.
    left_out: Vec<String>,
}

/// Says whose signatures packs need that a tenant pushes which was added at run time; what it has already and is not signed
/// so judges no more from the next barrier on.
#[utoipa::path(
    put,
    operation_id = "set_signers",
    path = "/api/v1/tenants/{tenant}/signers",
    tag = "tenants",
    params(("tenant" = String, Path, description = "its name")),
    request_body = Signers,
    security(("token" = ["operator"])),
    responses(
        (status = 200, body = Demanded),
        (status = 409, description = "the configuration says who signs for it")
    )
)]
async fn set(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(Signers { signed_by }): Json<Signers>,
) -> Result<Json<Demanded>, Problem> {
    let tenant = Tenant::new(&name).ok_or_else(|| Problem::unknown("there is no such tenant"))?;
    if signed_by.len() > Demands::MOST {
        return Err(Problem::invalid(format!("signed_by: expected at most {}", Demands::MOST)));
    }
    let keys = signed_by.iter().map(|text| text.parse()).collect::<Result<Vec<PublicKey>, KeyError>>();
    let keys = keys.map_err(|error| Problem::invalid(format!("signed_by: {error}")))?;
    let actor = caller.actor();
    let left_out = shared.shelve(move |packs| packs.demand(&tenant, &keys, actor)).await?;
    // What else is wrong with packs is nothing that these keys change.
    let is_unsigned = |one: &LeftOut| matches!(one.why, PackRefused::Unsigned(_));
    let left_out = left_out.into_iter().filter(is_unsigned).map(|one| one.name).collect();
    Ok(Json(Demanded { tenant: name, signed_by, left_out }))
}
