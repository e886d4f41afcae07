//! Around every request: its id, its deadline, its line in the log, and what is wrong with it as a body.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::connection::Peer;
use super::json::essence;
use super::problem::{AGAIN, Problem};
use super::request_id::{RequestId, X_REQUEST_ID};
use super::shared::Shared;
use crate::commit::Tenant;
use crate::token::Token;

/// What of a request is known only inside of it, and told outside.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<(Tenant, i64)>>>);

impl Seen {
    /// Whose request it is.
    pub(super) fn token(&self, token: &Token) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((token.tenant.clone(), token.id));
    }

    /// Whose request it is, if they are known already.
    pub(super) fn tenant(&self) -> Option<Tenant> {
        self.whose().map(|(tenant, _)| tenant)
    }

    fn whose(&self) -> Option<(Tenant, i64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers a request, whatever becomes of it.
pub(super) async fn observe(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = RequestId::of(request.headers());
    let seen = Seen::default();
    let Peer(peer) = request.extensions().get::<Peer>().copied().unwrap_or_default();
    let peer = Peer(shared.proxies.origin(peer, request.headers()));
    request.extensions_mut().insert(peer);
    // What it was routed to, never what it asked for: a path or query may have a secret in it.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(seen.clone());
    let answered = timeout(shared.limits.request, next.run(request)).await;
    let late = || Problem::unavailable("it took too long").retry_after(AGAIN).into_response();
    let mut response = answered.unwrap_or_else(|_| late());
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => Some(problem),
        // Of axum itself: it knows the status, and its words are not for strangers.
        None if response.status().as_u16() >= 400 && !is_json(&response) => {
            Some(Problem::of(response.status(), response.headers()))
        }
        None => None,
    };
    if let Some(problem) = &problem {
        response = problem.written(&id);
        if let Some(cause) = problem.cause() {
            tracing::error!(target: "tripline::http", request = id.as_str(), cause, "cannot answer");
        }
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
    // What logs say is nobody's script, and stays in nobody's cache.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (took, status) = (start.elapsed(), response.status().as_u16());
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    shared.figures.answered(&method, route, status, took);
    let whose = seen.whose();
    tracing::debug!(
        target: "tripline::http",
        request = id.as_str(),
        peer = %peer.0.ip(),
        method = method.as_str(),
        route,
        status,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        tenant = whose.as_ref().map_or("-", |(tenant, _)| tenant.as_str()),
        token = whose.as_ref().map_or(0, |(_, token)| *token),
        "answered"
    );
    response
}

/// Whether a route has said itself what is wrong.
fn is_json(response: &Response) -> bool {
    essence(response.headers()) == Some("application/json")
}
