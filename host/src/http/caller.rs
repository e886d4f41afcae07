//! Who asks: a token that holds, and whose scope covers what the route needs.

use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::connection::Peer;
use super::observed::Seen;
use super::problem::Problem;
use super::shared::Shared;
use crate::commit::Tenant;
use crate::incidents::{Actor, Origin};
use crate::token::{Scope, Token, TokenSecret};

/// A scope that a route needs, as a type: a route whose handler takes a [`Caller`] cannot forget to ask.
pub(super) trait Needed: Send + Sync + 'static {
    const SCOPE: Scope;
}

macro_rules! needed {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        pub(super) enum $name {}

        impl Needed for $name {
            const SCOPE: Scope = Scope::$name;
        })*
    };
}

needed! {
    /// Metrics, tenants, the document of all this.
    Operator;
    /// Whoever says who else may do what in a tenant.
    Admin;
    /// Whoever works incidents off.
    Analyst;
    /// Whoever brings packs.
    Author;
    /// Whoever reads.
    Reader;
    /// Whoever brings lines.
    Ingest;
}

/// The header in which a client may say of which tenant it thinks that its token is.
pub(crate) const TENANT: &str = "tripline-tenant";

/// Whoever asks, by their token. Its tenant is the only one there is for them.
pub(super) struct Caller<N> {
    pub(super) token: Token,
    peer: IpAddr,
    needed: PhantomData<fn() -> N>,
}

impl<N> Caller<N> {
    pub(super) fn tenant(&self) -> &Tenant {
        &self.token.tenant
    }

    /// From where they ask.
    pub(super) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Who does what is done.
    pub(super) fn actor(&self) -> Actor {
        self.token.actor().at(Origin::Peer(self.peer))
    }

    /// Whether a scope covers more than the route needs.
    pub(super) fn covers(&self, scope: Scope) -> bool {
        self.token.scope.covers(scope)
    }
}

impl<N: Needed> FromRequestParts<Arc<Shared>> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Caller<N>, Problem> {
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
        let token = holder(parts, shared, peer).await?;
        if let Some(seen) = parts.extensions.get::<Seen>() {
            seen.token(&token);
        }
        meant(parts, &token)?;
        let peer = peer.0.ip().to_canonical();
        shared.sign_ins.accepted(&token, peer);
        if !token.scope.covers(N::SCOPE) {
            shared.sign_ins.refused(peer);
            let (needed, found) = (N::SCOPE, token.scope);
            return Err(Problem::forbidden(format!(
                "expected a token with the scope {needed}, found {found}"
            )));
        }
        Ok(Caller { token, peer, needed: PhantomData })
    }
}

/// The token that holds; whatever is wrong with one is the same to whoever tries.
async fn holder(parts: &Parts, shared: &Arc<Shared>, peer: Peer) -> Result<Token, Problem> {
    let mut given = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(one), None) = (given.next(), given.next()) else { return Err(Problem::no_token()) };
    let wrong = || {
        shared.guesses.wrong(peer.0.ip(), shared.clock.now());
        shared.sign_ins.refused(peer.0.ip());
        Problem::no_token()
    };
    let secret = one.to_str().ok().and_then(bearer).and_then(TokenSecret::read);
    let hash = secret.map(|secret| secret.hash());
    // Whoever has shown a token that holds is not kept out by what others try from the same address.
    if !hash.is_some_and(|hash| shared.guesses.is_known(&hash))
        && let Some(after) = shared.guesses.kept_out(peer.0.ip(), shared.clock.now())
    {
        shared.sign_ins.refused(peer.0.ip());
        let detail = "too many wrong tokens came from this address";
        return Err(Problem::guessing(detail).retry_after(after));
    }
    let hash = hash.ok_or_else(wrong)?;
    let found = shared.read(move |database| database.token(&hash)).await?;
    let token = found.filter(|token| token.holds(shared.clock.now())).ok_or_else(wrong)?;
    shared.guesses.right(&hash);
    Ok(token)
}

/// A token is of one tenant; who says of which he thinks that it is, as a mail's command does, must not act on another's
/// incident of the same number.
fn meant(parts: &Parts, token: &Token) -> Result<(), Problem> {
    let mut given = parts.headers.get_all(TENANT).iter();
    match given.all(|meant| meant.as_bytes() == token.tenant.as_str().as_bytes()) {
        true => Ok(()),
        false => Err(Problem::forbidden(format!(
            "expected a token of the tenant that is asked for, found one of `{}`",
            token.tenant
        ))),
    }
}

/// The scheme's name is compared as RFC 9110 has it; what follows is taken as it is.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}
