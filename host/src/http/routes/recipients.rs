//! Recipients that are asked, and that answer themselves: by what was mailed to them and without any token of the server.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Operator};
use super::super::connection::Peer;
use super::super::json::{Json, Small};
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::Routes;
use crate::commit::Tenant;
use crate::incidents::{Actor, Origin};
use crate::token::ConfirmationSecret;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(ask)).routes(routes!(confirm))
}

/// Which recipient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskRecipient {
    #[schema(max_length = 254)]
    address: String,
}

/// A recipient that is not confirmed.
#[derive(Serialize, ToSchema)]
struct AskedRecipient {
    address: String,
    /// Whether a mail that asks it is on its way; else the address was asked too often within a day.
    asked: bool,
}

/// Asks a recipient anew that is not confirmed: nobody has asked it, its mail was lost, or what that had in it is over.
#[utoipa::path(
    post,
    operation_id = "ask_recipient",
    path = "/api/v1/tenants/{tenant}/recipients/ask",
    tag = "tenants",
    params(("tenant" = String, Path, description = "its name")),
    request_body = AskRecipient,
    security(("token" = ["operator"])),
    responses(
        (status = 200, body = AskedRecipient, description = "whether it is asked"),
        (status = 409, description = "the tenant's quota does not allow it")
    )
)]
async fn ask(
    caller: Caller<Operator>,
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(AskRecipient { address }): Json<AskRecipient>,
) -> Result<Json<AskedRecipient>, Problem> {
    let none = || Problem::unknown("the tenant has no such recipient that could be asked");
    let tenant = Tenant::new(&name).ok_or_else(none)?;
    let (actor, named) = (caller.actor(), address.clone());
    let asked = shared.write(move |database| database.ask_recipient(&tenant, &named, actor)).await?;
    asked.map(|asked| Json(AskedRecipient { address, asked })).ok_or_else(none)
}

/// What was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mailed {
    #[schema(max_length = 64, example = "tlc_…")]
    token: String,
}

/// Who is told from now on.
#[derive(Serialize, ToSchema)]
struct ConfirmedRecipient {
    tenant: String,
    address: String,
}

/// Confirms that a recipient wants to be told: whoever has the token of the mail that asks. It holds once.
///
/// Only what is posted confirms: programs that open what a mail names do not. Wrong tokens count like those of the server's
/// own, and what is wrong with one nobody learns.
#[utoipa::path(
    post,
    operation_id = "confirm_recipient_by_token",
    path = "/api/v1/recipients/confirm",
    tag = "tenants",
    request_body = Mailed,
    security(()),
    responses(
        (status = 200, body = ConfirmedRecipient),
        (status = 404, description = "no such token holds"),
        (status = 429, description = "too many wrong ones came from there")
    )
)]
async fn confirm(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Small(Mailed { token }): Small<Mailed>,
) -> Result<Json<ConfirmedRecipient>, Problem> {
    let peer = peer.0.ip();
    if let Some(after) = shared.guesses.kept_out(peer, shared.clock.now()) {
        shared.sign_ins.refused(peer);
        let detail = "too many wrong tokens came from this address";
        return Err(Problem::guessing(detail).retry_after(after));
    }
    let wrong = || {
        shared.guesses.wrong(peer, shared.clock.now());
        shared.sign_ins.refused(peer);
        Problem::unknown("expected a token that was mailed, was not used and is not over")
    };
    let hash = ConfirmationSecret::read(token.trim()).map(|secret| secret.hash()).ok_or_else(wrong)?;
    // As with the server's own tokens: strangers read, and take no turn of those who write.
    if !shared.read(move |database| database.is_mailed(&hash)).await? {
        return Err(wrong());
    }
    let actor = Actor::named("recipient", "the recipient").at(Origin::Peer(peer.to_canonical()));
    let confirmed = shared.write(move |database| database.confirm_by_token(hash, actor)).await?;
    let (tenant, address) = confirmed.ok_or_else(wrong)?;
    Ok(Json(ConfirmedRecipient { tenant: tenant.to_string(), address }))
}
