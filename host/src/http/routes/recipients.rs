//! Recipients that answer themselves, by what was mailed to them and without any token of the server.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::connection::Peer;
use super::super::json::{Json, Small};
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::Routes;
use crate::incidents::{Actor, Origin};
use crate::token::ConfirmationSecret;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(confirm))
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
    let confirmed = match ConfirmationSecret::read(token.trim()) {
        Some(secret) => {
            let (hash, actor) = (secret.hash(), Actor::named("recipient", "the recipient"));
            let actor = actor.at(Origin::Peer(peer.to_canonical()));
            shared.write(move |database| database.confirm_by_token(hash, actor)).await?
        }
        None => None,
    };
    let Some((tenant, address)) = confirmed else {
        shared.guesses.wrong(peer, shared.clock.now());
        shared.sign_ins.refused(peer);
        return Err(Problem::unknown("expected a token that was mailed, was not used and is not over"));
    };
    Ok(Json(ConfirmedRecipient { tenant: tenant.to_string(), address }))
}
